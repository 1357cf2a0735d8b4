"""Laying out the next batch while the database writes this one."""

from concurrent.futures import Future, ThreadPoolExecutor

from angkut_backend.ingest.batch import Batch
from angkut_backend.ingest.intake import Intake
from angkut_backend.ingest.known import Remembered
from angkut_backend.ingest.ready import Ready


class Ahead:
    """Batches of an intake in their order, the next one made ready in a thread of its own.

    Only a batch that is full is taken early: a smaller one grows while the database works.
    """

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="ahead")
        self._next: Future[Batch | None] | None = None

    def take(self, timeout_s: float) -> Batch | None:
        """Return the next batch; wait for it so long, if there is none."""
        if self._next is None:
            return self._intake.take(timeout_s)
        future, self._next = self._next, None
        return future.result()

    def begin(self, remembered: Remembered) -> None:
        """Begin with the next batch, if it waits."""
        if self._next is None and self._intake.has_batch:
            self._next = self._pool.submit(self._make_ready, remembered)

    def close(self) -> None:
        """End the thread; what it took is not acknowledged and comes again."""
        self._pool.shutdown()

    def _make_ready(self, remembered: Remembered) -> Batch | None:
        batch = self._intake.take(0)
        if batch is None:
            return None
        told = batch.readings()
        # With a device that is not remembered it is left to who has the database.
        if remembered.first.keys() >= set(told.devices):
            batch.ready = Ready.of(told, remembered)
        return batch
