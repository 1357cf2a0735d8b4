"""What a worker counts, in Prometheus' words."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.process_collector import ProcessCollector

_SECONDS = (0.005, 0.02, 0.1, 0.5, 2, 10, 60, 300)


class WorkerMetrics:
    """Counters of one worker."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._seconds = Histogram(
            "angkut_worker_job_seconds",
            "Time of a run of a job, also where another worker had it",
            ["job"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._failures = Counter(
            "angkut_worker_job_failures", "Runs that failed", ["job"], registry=self.registry
        )
        self._done_at = self._gauge("done_timestamp_seconds", "Last run that did not fail")
        self._behind = self._gauge("behind", "1: the last run left work for the next")
        #: 1 while the database answers.
        self.connected = Gauge(
            "angkut_worker_database_connected", "The database answers", registry=self.registry
        )

    def started(self, job: str) -> None:
        """Show a job before its first run."""
        self._failures.labels(job)
        self._behind.labels(job).set(0)

    def done(self, job: str, *, seconds: float, at_s: float, more: bool) -> None:
        """Count a run that ended at this Unix time."""
        self._seconds.labels(job).observe(seconds)
        self._done_at.labels(job).set(at_s)
        self._behind.labels(job).set(more)

    def failed(self, job: str) -> None:
        """Count a run that failed."""
        self._failures.labels(job).inc()

    def _gauge(self, name: str, text: str) -> Gauge:
        return Gauge(f"angkut_worker_job_{name}", text, ["job"], registry=self.registry)
