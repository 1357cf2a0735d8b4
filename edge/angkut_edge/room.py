"""The disk of the spool: whether it has room, and a reserve for when it has none."""

import logging
import os
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from angkut_edge.spool import SpoolFullError

log = logging.getLogger("angkut.edge")

#: Enough for SQLite to forget what upstream confirms, until the disk has room again.
RESERVE_BYTES = 4 * 1024 * 1024
#: How often a full disk is tried again, seconds.
_RETRY_S = 2.0


class Room:
    """Knows since when the disk is full; holds a file of zeros that it gives back then."""

    def __init__(self, reserve: Path, *, clock: Callable[[], datetime]) -> None:
        self._reserve = reserve
        self._clock = clock
        #: Since when nothing can be written; `None` while all is well.
        self.full_since: datetime | None = None
        self._retry_s = 0.0
        # So that the spool can be opened on a disk that filled up while nobody looked.
        self.release()

    def look(self) -> None:
        """Take the reserve, now that the spool is open; without room for it the disk is full."""
        if not self.hold():
            self._note_full("there is no room for the reserve")

    def is_there(self) -> bool:
        """Tell whether to write; after a full disk, once it has room for the reserve again."""
        if self.full_since is None:
            return True
        if time.monotonic() < self._retry_s:
            return False
        self._retry_s = time.monotonic() + _RETRY_S
        if not self.hold():
            return False
        log.info("the disk has room again, after %s", self._clock() - self.full_since)
        self.full_since = None
        return True

    def ran_out(self, exc: SpoolFullError) -> None:
        """Note that something could not be written."""
        self.release()
        self._note_full(str(exc))

    def _note_full(self, why: str) -> None:
        self._retry_s = time.monotonic() + _RETRY_S
        if self.full_since is None:
            self.full_since = self._clock()
            log.error("the spool's disk is full (%s): nothing is taken until it has room", why)

    def hold(self) -> bool:
        """Take the reserve; tell whether there was room for it."""
        with suppress(OSError):
            if self._reserve.stat().st_size == RESERVE_BYTES:
                return True
        try:
            with self._reserve.open("wb") as file:
                if hasattr(os, "posix_fallocate"):
                    os.posix_fallocate(file.fileno(), 0, RESERVE_BYTES)
                else:
                    file.write(bytes(RESERVE_BYTES))
        except OSError:
            self.release()
            return False
        return True

    def release(self) -> None:
        """Give the reserve back."""
        with suppress(OSError):
            self._reserve.unlink(missing_ok=True)
