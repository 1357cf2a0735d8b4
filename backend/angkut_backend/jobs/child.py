"""A process that does one job after the other, beside the worker that gives them to it.

A search keeps a core busy for minutes. A thread could not be ended when somebody wants the worker
to stop, and what takes a process down, such as too little memory, would take alerts along.
"""

import faulthandler
import logging
import os
import queue
import signal
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe
from uuid import UUID

import psycopg

from angkut_backend.clock import utc_now
from angkut_backend.db import Connection, open_connection
from angkut_backend.errors import DatabaseUnavailableError
from angkut_backend.jobs.failures import (
    DATABASE_UNAVAILABLE,
    PROGRAM_FAULT,
    Failure,
    UnknownKindError,
    failure_of,
)
from angkut_backend.jobs.records import SQL
from angkut_backend.jobs.running import CancelledJobError, RunningJob, TakenOverError, Work
from angkut_backend.settings import Settings
from angkut_broker.errors import AngkutError

log = logging.getLogger("angkut.jobs")

_NICE = 5


@dataclass(frozen=True, slots=True)
class Errand:
    """What the worker sends: an attempt at a job."""

    job_id: UUID
    attempt: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is sent back in the end; before it comes `None` each time that progress is told."""

    #: `None`: it ended well, or is not ours any more.
    failure: Failure | None = None
    #: Why it could not be done just now.
    later: Failure | None = None
    #: It was cancelled before there was anything to keep.
    cancelled: bool = False


def serve(pipe: Pipe, settings: Settings, works: Callable[[], Mapping[str, Work]]) -> None:
    """Do what comes over the pipe until its other end is gone."""
    # A Ctrl-C at the terminal reaches all processes: the worker decides what becomes of us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    # However it crashes, or is aborted by the worker, the log has what it was at.
    faulthandler.enable()
    # On a machine that does everything, readings and alerts go first.
    os.nice(_NICE)
    errands: queue.SimpleQueue[Errand] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=[pipe, errands], daemon=True).start()
    kinds = works()
    while True:
        errand = errands.get()
        pipe.send(_carry_out(errand, settings, kinds, lambda: pipe.send(None)))


def _listen(pipe: Pipe, errands: "queue.SimpleQueue[Errand]") -> None:
    while True:
        try:
            errands.put(pipe.recv())
        except (EOFError, OSError):
            # The worker is gone, and nobody may take us for alive: stop in the middle.
            os._exit(0)


def _carry_out(
    errand: Errand, settings: Settings, kinds: Mapping[str, Work], sign: Callable[[], None]
) -> Outcome:
    try:
        with open_connection(settings.dsn, application="angkut-job") as conn:
            _do(conn, errand, settings, kinds, sign)
    except Exception as exc:  # noqa: BLE001 - whatever it is, the worker tells it
        return _outcome(errand, exc)
    return Outcome()


def _do(
    conn: Connection,
    errand: Errand,
    settings: Settings,
    kinds: Mapping[str, Work],
    sign: Callable[[], None],
) -> None:
    values = {"job_id": errand.job_id, "attempt": errand.attempt}
    row = conn.execute(SQL["ours"], values).fetchone()
    conn.commit()
    if row is None:
        raise TakenOverError
    if row["kind"] not in kinds:
        raise UnknownKindError(
            f"this worker does not know jobs of kind {row['kind']}: "
            "start workers of the same version as the API"
        )
    job = RunningJob(settings, utc_now, conn, sign, errand.job_id, errand.attempt, **row)
    try:
        kinds[job.kind](job)
    finally:
        job.close()


def _outcome(errand: Errand, exc: Exception) -> Outcome:
    match exc:
        case CancelledJobError():
            return Outcome(cancelled=True)
        case TakenOverError():
            log.warning("job %s is not ours any more: nothing of it is kept", errand.job_id)
            return Outcome()
        case psycopg.OperationalError() | psycopg.InterfaceError() | DatabaseUnavailableError():
            return Outcome(later=Failure(DATABASE_UNAVAILABLE, f"database: {str(exc).strip()}"))
        case AngkutError():
            return Outcome(failure=failure_of(exc))
    log.error("job %s failed", errand.job_id, exc_info=exc)
    message = (
        f"a fault of the program, {type(exc).__name__}: {exc}; "
        "try again, and report it with the log of the worker if it comes back"
    )
    return Outcome(failure=Failure(PROGRAM_FAULT, message))
