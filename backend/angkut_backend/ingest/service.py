"""The ingest process: collect, write, commit, acknowledge; nothing is acknowledged before."""

import logging
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime

from angkut_backend.ingest.ahead import Ahead
from angkut_backend.ingest.batch import Batch
from angkut_backend.ingest.consumer import Consumer
from angkut_backend.ingest.metrics import IngestMetrics
from angkut_backend.ingest.store import Outcome
from angkut_backend.ingest.writer import Writer
from angkut_backend.monitor import Health, monitor
from angkut_backend.settings import Settings

log = logging.getLogger("angkut.ingest")

#: How often a quiet loop looks whether it should stop, seconds.
_TICK_S = 0.5
#: A line about what was done comes at most this often, seconds.
_REPORT_S = 60
#: A loop that did not turn for so long hangs: restart the process, seconds.
_HANGS_S = 120


class Ingest:
    """One worker."""

    def __init__(
        self, settings: Settings, *, clock: Callable[[], datetime], rng: random.Random
    ) -> None:
        self._monitor_address = settings.monitor_address
        self._metrics = IngestMetrics()
        self._consumer = Consumer(settings, clock=clock, rng=rng)
        self._writer = Writer(settings.dsn, self._metrics, clock=clock, rng=rng)
        self._ahead = Ahead(self._consumer.intake)
        self._turned_at = self._reported_at = time.monotonic()
        self._tally: Counter[str] = Counter()

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set; the batch in hand is still written and acknowledged.

        Raises
        ------
        DatabaseTooNewError, DatabaseNotMigratedError
            The database is not of this code's schema.
        """
        with monitor(self._monitor_address, self._metrics.registry, self.health):
            self._consumer.start()
            try:
                while not stop.is_set():
                    self._turn(stop)
            finally:
                self._consumer.stop()
                self._ahead.close()
                self._report(final=True)
                self._writer.close()

    def health(self) -> Health:
        """Say whether messages reach the database at this moment, and what is in the way."""
        troubles = {
            "broker": self._consumer.away_since,
            "database": self._writer.away_since,
        }
        waits = self._writer.away_since is not None  # then the loop waits, and rightly
        return Health(
            alive=self._consumer.alive and (waits or time.monotonic() - self._turned_at < _HANGS_S),
            troubles={what: since for what, since in troubles.items() if since is not None},
        )

    def _turn(self, stop: threading.Event) -> None:
        self._turned_at = time.monotonic()
        batch = self._ahead.take(_TICK_S)
        if batch is not None:
            self._ahead.begin(self._writer.remembered)
            if outcome := self._writer.write(batch, stop):
                self._consumer.acknowledge(batch.sources)
                self._consumer.publish(outcome.confirmations)
                self._count(outcome, batch)
        self._metrics.connected.set(self._consumer.away_since is None)
        self._report()

    def _count(self, outcome: Outcome, batch: Batch) -> None:
        self._tally["stored"] += outcome.stored
        self._tally["duplicates"] += outcome.duplicates
        self._tally["dead letters"] += sum(outcome.dead_letters.values())
        self._tally["unknown fields"] += batch.ignored_fields

    def _report(self, *, final: bool = False) -> None:
        now = time.monotonic()
        if not final and now - self._reported_at < _REPORT_S:
            return
        elapsed_s, self._reported_at = now - self._reported_at, now
        tally, self._tally = self._tally, Counter()
        if tally.total():
            shown = ", ".join(f"{what} {count}" for what, count in tally.items() if count)
            log.info("in %.0f s: %s", elapsed_s, shown)
