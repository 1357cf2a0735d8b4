"""The ingest process: collect, write, commit, acknowledge; nothing is acknowledged before."""

import logging
import queue
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import psycopg

from angkut_backend.db import Connection, open_connection
from angkut_backend.ingest.batch import Batch
from angkut_backend.ingest.consumer import Consumer
from angkut_backend.ingest.store import Outcome, store
from angkut_backend.migrate import require_current
from angkut_backend.settings import Settings

log = logging.getLogger("angkut.ingest")

#: How often a quiet loop looks whether it should stop, seconds.
_TICK_S = 0.5
#: A line about what was done comes at most this often, seconds.
_REPORT_S = 10
_RETRY_MAX_S = 30


@dataclass(slots=True)
class Tally:
    """What happened since the last report."""

    stored: int = 0
    duplicates: int = 0
    dead_letters: int = 0
    ignored_fields: int = 0

    def add(self, outcome: Outcome, batch: Batch) -> None:
        """Count one committed batch."""
        self.stored += outcome.stored
        self.duplicates += outcome.duplicates
        self.dead_letters += outcome.dead_letters
        self.ignored_fields += batch.ignored_fields


class Ingest:
    """One worker."""

    def __init__(
        self, settings: Settings, *, clock: Callable[[], datetime], rng: random.Random
    ) -> None:
        self._dsn = settings.dsn
        self._batch_rows = settings.ingest_batch_size
        self._batch_wait_s = settings.ingest_batch_wait_ms / 1000
        self._consumer = Consumer(settings, clock=clock)
        self._rng = rng
        self._conn: Connection | None = None
        self._tally = Tally()
        self._reported_at = time.monotonic()

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set; the batch in hand is still written and acknowledged."""
        self._consumer.start()
        try:
            while not stop.is_set():
                batch = self._collect()
                if batch is not None and (outcome := self._write(batch, stop)):
                    self._consumer.acknowledge(batch.sources)
                    self._consumer.publish(outcome.confirmations)
                self._report()
        finally:
            self._consumer.stop()
            self._report(final=True)
            if self._conn is not None:
                self._conn.close()

    def _collect(self) -> Batch | None:
        """Wait for a message, then for more of them, by size and by time."""
        batch = Batch()
        try:
            batch.add(self._consumer.inbox.get(timeout=_TICK_S))
            deadline = time.monotonic() + self._batch_wait_s
            while batch.rows() < self._batch_rows:
                batch.add(self._consumer.inbox.get(timeout=max(0, deadline - time.monotonic())))
        except queue.Empty:
            pass
        return batch if batch.sources else None

    def _write(self, batch: Batch, stop: threading.Event) -> Outcome | None:
        """Commit a batch, however long the database is away; `None` if told to stop before."""
        attempt = 0
        while True:
            try:
                outcome = self._store(batch)
            except (psycopg.OperationalError, psycopg.InterfaceError) as exc:
                attempt += 1
                delay_s = self._rng.uniform(0.5, 1) * min(_RETRY_MAX_S, 0.5 * 2**attempt)
                log.warning(
                    "database away (%s); %s messages wait, next try in %.1f s",
                    str(exc).strip().split("\n")[0],
                    len(batch.sources),
                    delay_s,
                )
                self._conn = None
                if stop.wait(delay_s):
                    return None
            else:
                self._tally.add(outcome, batch)
                return outcome

    def _store(self, batch: Batch) -> Outcome:
        """Store a batch; one that the database rejects is stored message by message."""
        if self._conn is None:
            self._conn = open_connection(self._dsn, application="angkut-ingest")
            require_current(self._conn)
        try:
            return store(self._conn, batch)
        except (psycopg.DataError, psycopg.IntegrityError) as exc:
            if len(batch.sources) == 1:
                log.warning("the database rejects a message: %s", str(exc).strip())
                batch.refuse_all(str(exc).strip())
                return store(self._conn, batch)
            parts = [self._store(Batch.of([source])) for source in batch.sources]
            return Outcome(
                stored=sum(part.stored for part in parts),
                duplicates=sum(part.duplicates for part in parts),
                dead_letters=sum(part.dead_letters for part in parts),
                confirmations=tuple(one for part in parts for one in part.confirmations),
            )

    def _report(self, *, final: bool = False) -> None:
        now = time.monotonic()
        if not final and now - self._reported_at < _REPORT_S:
            return
        tally, self._tally = self._tally, Tally()
        elapsed_s, self._reported_at = now - self._reported_at, now
        if tally != Tally():
            log.info(
                "stored %s readings in %.0f s, duplicates %s, dead letters %s, unknown fields %s",
                tally.stored,
                elapsed_s,
                tally.duplicates,
                tally.dead_letters,
                tally.ignored_fields,
            )
