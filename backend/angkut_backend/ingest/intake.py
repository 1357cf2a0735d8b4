"""Decoded messages on their way from the network to the database: bounded, handed over in batches.

While a batch is being committed the next one gathers here, so the busier it is the larger batches
become, and nobody waits for a batch to fill.
"""

import threading
import time
from collections import deque

from angkut_backend.ingest.batch import Batch

#: Full batches that may wait here; the network thread then stops reading.
_BATCHES_BOUND = 4
#: And so many bytes of payloads, should they be large.
_BYTES_BOUND = 32 * 1024 * 1024


class Intake:
    """Batches in the order of arrival, from one thread to another."""

    def __init__(self, *, batch_rows: int, wait_s: float) -> None:
        self._batch_rows = batch_rows
        #: How long the first message of a batch waits for others.
        self._wait_s = wait_s
        self._parts: deque[Batch] = deque()
        self._rows = self._bytes = 0
        #: When the oldest part came, monotonic seconds.
        self._since_s = 0.0
        self._changed = threading.Condition()

    @property
    def is_full(self) -> bool:
        """Whether nothing more should be brought for the moment."""
        return self._rows >= _BATCHES_BOUND * self._batch_rows or self._bytes >= _BYTES_BOUND

    @property
    def has_batch(self) -> bool:
        """Whether a whole batch waits, which nothing more could join."""
        return self._rows >= self._batch_rows

    def put(self, part: Batch) -> None:
        """Append what has just arrived. It is taken whole, so it should be small."""
        with self._changed:
            if not self._parts:
                self._since_s = time.monotonic()
            before = self._rows
            self._parts.append(part)
            self._rows += part.rows()
            self._bytes += part.payload_bytes
            # Waking costs; in between it would only look and wait on.
            if before == 0 or before < self._batch_rows <= self._rows:
                self._changed.notify()

    def take(self, timeout_s: float) -> Batch | None:
        """Wait for a message, and a little for others; `None` if none came in time."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._parts, timeout_s):
                return None
            ready_s = self._since_s + self._wait_s
            self._changed.wait_for(
                lambda: self._rows >= self._batch_rows, ready_s - time.monotonic()
            )
            parts = self._pop()
        whole = parts[0]
        for part in parts[1:]:
            whole.extend(part)
        return whole

    def _pop(self) -> list[Batch]:
        parts: list[Batch] = []
        rows = 0
        while self._parts and (not parts or rows + self._parts[0].rows() <= self._batch_rows):
            part = self._parts.popleft()
            parts.append(part)
            rows += part.rows()
            self._bytes -= part.payload_bytes
        self._rows -= rows
        # What is left has waited long enough for another.
        return parts
