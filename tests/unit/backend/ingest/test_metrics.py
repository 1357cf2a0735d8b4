"""What ingest counts."""

import random
from datetime import UTC, datetime, timedelta

from prometheus_client import CollectorRegistry, Histogram, generate_latest

from angkut_backend.ingest.batch import Received
from angkut_backend.ingest.metrics import _LAG_S, IngestMetrics
from angkut_backend.ingest.store import Outcome
from angkut_broker.reading import Reading
from parts.readings_in import batch_of

TOPIC = "angkut/v1/bekasi/327501/bin/x/telemetry"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_lags_counted_by_the_batch_are_counted_as_one_by_one() -> None:
    rng = random.Random(1)  # noqa: S311 - any lags, also those on a bound and before the clock
    lags_s = [rng.choice([*_LAG_S, -3, 0, rng.uniform(0, 1e6)]) for _ in range(500)]
    metrics = IngestMetrics()
    for part in (lags_s[:300], lags_s[300:], []):
        readings = [Reading(v=1, id="x", seq=1, t=NOW - timedelta(seconds=lag)) for lag in part]
        batch = batch_of((Received(0, 1, TOPIC, b"", NOW), reading) for reading in readings)
        metrics.committed(batch, Outcome(0, 0, {}), now=NOW, database_s=0.1)
    registry = CollectorRegistry()
    one_by_one = Histogram("angkut_ingest_lag_seconds", "", buckets=_LAG_S, registry=registry)
    for lag_s in lags_s:
        # As exact as a time is.
        one_by_one.observe(timedelta(seconds=lag_s).total_seconds())
    assert _samples(metrics.registry) == _samples(registry)


def _samples(registry: CollectorRegistry) -> dict[str, float]:
    lines = generate_latest(registry).decode().splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if line.startswith("angkut_ingest_lag"))
    return {name: round(float(value), 3) for name, value in pairs if "_created" not in name}
