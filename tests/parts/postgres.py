"""A PostgreSQL server for the tests, whoever provides it."""

import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from angkut_backend.readings.maintenance import Edition
from parts.waiting import wait_until

#: Switched off: nothing here outlives the run, so nothing need be safe on disk.
FAST = ("fsync", "synchronous_commit", "full_page_writes")


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """An open server and what it must be."""

    #: `embedded` or where the TimescaleDB came from.
    source: str
    #: Of a superuser, at the maintenance database.
    dsn: str
    #: Editions that this source may have: another one is a silent downgrade.
    editions: frozenset[Edition]


def answers(dsn: str) -> bool:
    """Tell whether a server takes connections."""
    try:
        psycopg.connect(dsn, connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


@contextmanager
def running(command: Sequence[str], *, dsn: str, data: Path, log: Path) -> Iterator[None]:
    """Keep a `postgres` command running that reports in `data`, its output going to `log`."""
    with (
        log.open("ab") as out,
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out) as process,
    ):
        try:
            wait_until(
                lambda: answers(dsn) or process.poll() is not None, what=f"PostgreSQL, see {log}"
            )
            if process.poll() is not None:
                raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text()[-4000:]}")
            yield
        finally:
            _stop(data / "postmaster.pid")


def _stop(pid_file: Path) -> None:
    # The process is asked by its own id: a wrapper (bwrap, unshare) would not pass the signal on.
    try:
        pid = int(pid_file.read_text().split("\n", 1)[0])
        os.kill(pid, signal.SIGINT)
    except (FileNotFoundError, ProcessLookupError):
        return
