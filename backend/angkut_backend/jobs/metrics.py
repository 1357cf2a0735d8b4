"""What a worker counts of the queue, in Prometheus' words."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from angkut_backend.db import Row
from angkut_backend.jobs.records import ENDED

_SECONDS = (0.5, 2, 5, 15, 30, 60, 120, 300, 600, 1200)


class JobMetrics:
    """Counters of one worker; what waits and runs is counted in the database, for all workers."""

    def __init__(self, registry: CollectorRegistry, kinds: Iterable[str]) -> None:
        self._kinds = tuple(kinds)
        self._seconds = Histogram(
            "angkut_jobs_seconds",
            "From the beginning to the end of an attempt at a job",
            ["kind"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._ended = Counter(
            "angkut_jobs_ended", "Jobs that ended here", ["kind", "state"], registry=registry
        )
        self._open = Gauge(
            "angkut_jobs_open", "Jobs that wait and run", ["kind", "state"], registry=registry
        )
        self._oldest = Gauge(
            "angkut_jobs_oldest_waiting_seconds", "Age of the oldest that waits", registry=registry
        )
        self._lost = Counter(
            "angkut_jobs_lost", "Jobs taken back from workers that died", registry=registry
        )
        for kind in self._kinds:
            for state in ENDED:
                self._ended.labels(kind, state)
        self.figures([])

    def ended(self, kind: str, state: str, seconds: float) -> None:
        """Count an attempt that ended a job."""
        self._ended.labels(kind, state).inc()
        self._seconds.labels(kind).observe(seconds)

    def lost(self) -> None:
        """Count a job of a dead worker."""
        self._lost.inc()

    def figures(self, rows: Iterable[Row]) -> None:
        """Take over what the database counts."""
        by_kind = {row["kind"]: row for row in rows}
        for kind in {*self._kinds, *by_kind}:
            row = by_kind.get(kind, {})
            self._open.labels(kind, "waiting").set(row.get("waiting", 0))
            self._open.labels(kind, "running").set(row.get("running", 0))
        oldest = (float(row["oldest_waiting_s"] or 0) for row in by_kind.values())
        self._oldest.set(max(oldest, default=0.0))
