"""One stack at a time in a data folder."""

import fcntl
import os
from pathlib import Path

from angkut_broker.errors import AngkutError
from angkut_infra.stack.leftover import read_pid


class FolderInUseError(AngkutError):
    """Another stack runs in this data folder."""


class FolderUnusableError(AngkutError):
    """The data folder cannot be written to."""


class FolderLock:
    """Held by the living process only: the kernel frees it on any death, so it is never stale."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock.

        Raises
        ------
        FolderInUseError
            Names the process that holds it.

        """
        path = self._folder / "lock"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            os.close(descriptor)
            pid = read_pid(path)
            raise FolderInUseError(
                f"{self._folder} is in use: process {pid or 'unknown'} runs a stack there. "
                f"Stop that one (Ctrl-C in its terminal, or `kill {pid or 'PID'}`), "
                "or set ANGKUT_DATA_DIR to another folder"
            ) from exc
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        self._descriptor = descriptor

    def release(self) -> None:
        """Give the lock back."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
