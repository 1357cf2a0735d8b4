"""What ingest counts, in Prometheus' words."""

from collections.abc import Iterator
from datetime import datetime

import numpy as np
import numpy.typing as npt
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from angkut_backend.ingest.batch import Batch
from angkut_backend.ingest.store import Outcome
from angkut_backend.ingest.times import microseconds

_LAG_S = (0.1, 0.25, 0.5, 1, 2, 5, 15, 60, 300, 1800, 7200, 86_400, 7 * 86_400)
_DATABASE_S = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)
_ROWS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)


class _Lags(Collector):
    """A histogram that takes many values at once: one by one costs as much as packing a reading."""

    def __init__(self) -> None:
        # Replaced whole, because another thread collects.
        self._seen = np.zeros(len(_LAG_S) + 1, "i8"), 0.0

    def observe(self, lags_s: npt.NDArray[np.float64]) -> None:
        counts, total_s = self._seen
        places = np.searchsorted(_LAG_S, lags_s)
        counts = counts + np.bincount(places, minlength=len(counts))
        self._seen = counts, total_s + float(lags_s.sum())

    def collect(self) -> Iterator[HistogramMetricFamily]:
        counts, total_s = self._seen
        bounds = [*(str(float(bound)) for bound in _LAG_S), "+Inf"]
        yield HistogramMetricFamily(
            "angkut_ingest_lag_seconds",
            "From observed to stored, a reading",
            buckets=list(zip(bounds, counts.cumsum().tolist(), strict=True)),
            sum_value=total_s,
        )


class IngestMetrics:
    """Counters of one worker."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._received = self._counter("messages_received", "MQTT messages received")
        self._stored = self._counter("readings_stored", "Readings that were new")
        self._duplicates = self._counter("readings_duplicate", "Readings that were there already")
        self._ignored = self._counter("fields_ignored", "Unknown fields in messages")
        self._dead = Counter(
            "angkut_ingest_dead_letters",
            "Messages kept aside, by reason",
            ["reason"],
            registry=self.registry,
        )
        self._lags = _Lags()
        self.registry.register(self._lags)
        self._rows = self._histogram("batch_readings", "Readings in a transaction", _ROWS)
        self._database = self._histogram("database_seconds", "Time of a transaction", _DATABASE_S)
        self._retries = self._counter("database_retries", "Transactions tried again")
        #: 1 while the session at the broker is up.
        self.connected = Gauge(
            "angkut_ingest_broker_connected", "Session at the broker is up", registry=self.registry
        )

    def committed(
        self, batch: Batch, outcome: Outcome, *, now: datetime, database_s: float
    ) -> None:
        """Count one batch after its commit at `now`."""
        self._received.inc(len(batch.sources))
        self._stored.inc(outcome.stored)
        self._duplicates.inc(outcome.duplicates)
        self._ignored.inc(batch.ignored_fields)
        for reason, count in outcome.dead_letters.items():
            self._dead.labels(reason).inc(count)
        told = batch.readings()
        self._rows.observe(len(told))
        self._database.observe(database_s)
        self._lags.observe((microseconds([now]) - told.observed_at) / 1e6)

    def retried(self) -> None:
        """Count a transaction that failed and is tried again."""
        self._retries.inc()

    def _counter(self, name: str, text: str) -> Counter:
        return Counter(f"angkut_ingest_{name}", text, registry=self.registry)

    def _histogram(self, name: str, text: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(f"angkut_ingest_{name}", text, buckets=buckets, registry=self.registry)
