"""The database side of ingest: one batch, one transaction, tried until it holds."""

import logging
import random
import threading
import time
from collections.abc import Callable
from datetime import datetime

import psycopg

from angkut_backend.db import Connection, open_connection
from angkut_backend.ingest.batch import Batch
from angkut_backend.ingest.known import KnownDevices, Remembered
from angkut_backend.ingest.metrics import IngestMetrics
from angkut_backend.ingest.store import Outcome, store
from angkut_backend.migrate import require_current

log = logging.getLogger("angkut.ingest")

#: The longest wait before a transaction is tried again, seconds.
_RETRY_MAX_S = 30
#: A transaction that takes longer than this counts as a database that is slow, seconds.
_SLOW_S = 5


class Writer:
    """Writes batches over one connection, opened again when it breaks."""

    def __init__(
        self,
        dsn: str,
        metrics: IngestMetrics,
        *,
        clock: Callable[[], datetime],
        rng: random.Random,
    ) -> None:
        self._dsn = dsn
        self._metrics = metrics
        self._clock = clock
        self._rng = rng
        self._conn: Connection | None = None
        self._devices = KnownDevices()
        #: Since when the database is away or slow; `None` while all is well.
        self.away_since: datetime | None = None

    def write(self, batch: Batch, stop: threading.Event) -> Outcome | None:
        """Commit a batch, however long the database is away; `None` if told to stop before."""
        attempt = 0
        while True:
            began_s = time.monotonic()
            try:
                outcome = self._store(batch)
            except (psycopg.OperationalError, psycopg.InterfaceError) as exc:
                attempt += 1
                self.close()
                self._metrics.retried()
                self._away(str(exc).strip().split("\n")[0], waiting=len(batch.sources))
                # Jittered, so that workers that lost the database together spread their return.
                delay_s = self._rng.uniform(0.5, 1) * min(_RETRY_MAX_S, 0.5 * 2 ** min(attempt, 10))
                if stop.wait(delay_s):
                    return None
            else:
                database_s = time.monotonic() - began_s
                self._back(database_s)
                now = self._clock()
                self._metrics.committed(batch, outcome, now=now, database_s=database_s)
                return outcome

    @property
    def remembered(self) -> Remembered:
        """What is known of the registry without asking."""
        return self._devices.remembered

    def close(self) -> None:
        """Close the connection; the next batch opens another."""
        if self._conn is not None:
            self._conn.close()
            self._conn = None
            # The next one may lead to a database that was restored meanwhile.
            self._devices = KnownDevices()

    def _store(self, batch: Batch) -> Outcome:
        """Store a batch; one that the database rejects is stored message by message."""
        if self._conn is None:
            self._conn = open_connection(self._dsn, application="angkut-ingest")
            require_current(self._conn)
        try:
            return store(self._conn, batch, self._devices)
        except (psycopg.DataError, psycopg.IntegrityError) as exc:
            reason = str(exc).strip()
            if len(batch.sources) > 1:
                return Outcome.sum([self._store(Batch.of([source])) for source in batch.sources])
            log.warning("the database rejects a message: %s", reason)
            batch.refuse_all(reason)
            return store(self._conn, batch, self._devices)

    def _away(self, reason: str, *, waiting: int) -> None:
        if self.away_since is None:
            self.away_since = self._clock()
            log.warning(
                "database away (%s); %s messages wait here, the rest at the broker", reason, waiting
            )

    def _back(self, database_s: float) -> None:
        if database_s > _SLOW_S:
            self.away_since = self.away_since or self._clock()
            log.warning("database slow: a transaction took %.1f s", database_s)
        elif self.away_since is not None:
            away = self._clock() - self.away_since
            self.away_since = None
            log.info("database back after %.0f s", away.total_seconds())
