"""The worker process: runs the periodic jobs, each by one worker at a time.

What a job does is in its feature; which jobs there are is in `angkut_backend.periodic`.
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg
from prometheus_client import CollectorRegistry

from angkut_backend.db import Connection, open_connection
from angkut_backend.migrate import require_current
from angkut_backend.monitor import Health, monitor
from angkut_backend.worker_metrics import WorkerMetrics

log = logging.getLogger("angkut.worker")

#: The longest wait before a job that failed, or a database that was away, is tried again, seconds.
_RETRY_MAX_S = 60
#: How often a quiet loop looks whether a job is due, seconds.
_TICK_S = 0.5
#: A job that runs for so long hangs: restart the process, seconds.
_HANGS_S = 900


@dataclass(frozen=True, slots=True)
class PeriodicJob:
    """Work done every so often, by whichever worker comes first.

    `run` gets a connection without an open transaction and the time. It does a bounded amount
    of work, seconds rather than minutes, and returns whether more is left: then it is called
    again as soon as the other jobs had their turn. Its transaction is committed when it returns
    and rolled back when it raises; it may commit in between.
    """

    #: Names the advisory lock too: workers of one database share it.
    name: str
    every_s: float
    run: Callable[[Connection, datetime], bool | None]


@dataclass(slots=True)
class _Turn:
    """When a job is due, by the monotonic clock."""

    job: PeriodicJob
    due_at: float = 0.0
    failures: int = 0
    #: Since when it fails; `None` while it does not.
    failing_since: datetime | None = None


class Worker:
    """One worker; any number may run against one database."""

    def __init__(
        self,
        dsn: str,
        jobs: Sequence[PeriodicJob],
        *,
        clock: Callable[[], datetime],
        rng: random.Random,
        monitor_address: tuple[str, int] | None = None,
    ) -> None:
        self._dsn = dsn
        self._turns = [_Turn(job) for job in jobs]
        self._clock = clock
        self._rng = rng
        self._monitor_address = monitor_address
        self._metrics = WorkerMetrics()
        for job in jobs:
            self._metrics.started(job.name)
        self._turned_at = time.monotonic()
        self._away_since: datetime | None = clock()
        self._watched: dict[str, Callable[[], datetime | None]] = {}

    @property
    def _application(self) -> str:
        # The doctor counts who keeps the roll-ups; one that takes jobs of the queue only does not.
        return "angkut-worker" if self._turns else "angkut-idle"

    @property
    def registry(self) -> CollectorRegistry:
        """Where what this process counts is registered."""
        return self._metrics.registry

    def watch(self, name: str, since: Callable[[], datetime | None]) -> None:
        """Show in health since when something beside the periodic jobs is not well."""
        self._watched[name] = since

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set, however long the database is away; ends after the job in hand.

        Raises
        ------
        DatabaseTooNewError, DatabaseNotMigratedError
            The database is not of this code's schema.
        MonitorPortError
            Another program has the port for metrics.

        """
        with monitor(self._monitor_address, self._metrics.registry, self.health):
            self._run(stop)

    def health(self) -> Health:
        """Say whether the jobs are done at this moment, and what is in the way."""
        troubles = {"database": self._away_since}
        troubles |= {f"job {turn.job.name}": turn.failing_since for turn in self._turns}
        troubles |= {name: since() for name, since in self._watched.items()}
        return Health(
            alive=time.monotonic() - self._turned_at < _HANGS_S,
            troubles={what: since for what, since in troubles.items() if since is not None},
        )

    def _run(self, stop: threading.Event) -> None:
        failures = 0
        names = ", ".join(turn.job.name for turn in self._turns)
        log.info("periodic jobs: %s", names or "none")
        while not stop.is_set():
            try:
                with open_connection(self._dsn, application=self._application) as conn:
                    require_current(conn)
                    failures = 0
                    self._note_database(away=False)
                    self._work(conn, stop)
            except (psycopg.OperationalError, psycopg.InterfaceError) as exc:
                failures += 1
                self._note_database(away=True)
                delay_s = self._delay_s(failures)
                reason = str(exc).strip().split("\n")[0]
                log.warning("database away (%s); next try in %.1f s", reason, delay_s)
                stop.wait(delay_s)

    def _note_database(self, *, away: bool) -> None:
        self._turned_at = time.monotonic()
        self._metrics.connected.set(not away)
        self._away_since = (self._away_since or self._clock()) if away else None

    def _work(self, conn: Connection, stop: threading.Event) -> None:
        while not stop.is_set():
            self._turned_at = time.monotonic()
            for turn in self._turns:
                if turn.due_at <= time.monotonic() and not stop.is_set():
                    self._take(turn, conn)
            next_at = min((turn.due_at for turn in self._turns), default=float("inf"))
            stop.wait(min(_TICK_S, max(0.0, next_at - time.monotonic())))

    def _take(self, turn: _Turn, conn: Connection) -> None:
        """Run a job and say when it is due again. A job that fails does not stop the others."""
        self._turned_at = began_s = time.monotonic()
        try:
            more = run_once(conn, turn.job, self._clock())
        except Exception as exc:
            if conn.closed:
                raise psycopg.OperationalError(str(exc)) from exc
            turn.failures += 1
            turn.failing_since = turn.failing_since or self._clock()
            self._metrics.failed(turn.job.name)
            delay_s = max(turn.job.every_s, self._delay_s(turn.failures))
            log.exception("job %s failed; next try in %.1f s", turn.job.name, delay_s)
        else:
            turn.failures = 0
            turn.failing_since = None
            self._metrics.done(
                turn.job.name,
                seconds=time.monotonic() - began_s,
                at_s=self._clock().timestamp(),
                more=more,
            )
            delay_s = 0.0 if more else turn.job.every_s
        turn.due_at = time.monotonic() + delay_s

    def _delay_s(self, failures: int) -> float:
        # Jittered, so that workers that failed together do not come back together.
        return self._rng.uniform(0.5, 1) * min(_RETRY_MAX_S, 0.5 * 2.0 ** min(failures, 10))


def run_once(conn: Connection, job: PeriodicJob, now: datetime) -> bool:
    """Run a job once and commit, unless another worker is at it; return whether work is left."""
    row = conn.execute(
        "SELECT pg_try_advisory_lock(hashtextextended(%s, 0)) AS ours", [_lock_name(job)]
    ).fetchone()
    conn.commit()
    if row is None or not row["ours"]:
        return False
    try:
        more = job.run(conn, now)
        conn.commit()
    finally:
        if not conn.closed:
            conn.rollback()
            conn.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [_lock_name(job)])
            conn.commit()
    return bool(more)


def _lock_name(job: PeriodicJob) -> str:
    return f"angkut job {job.name}"
