"""A job as the code that does it sees it: what is asked for, and whom to tell how far it is."""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.types.json import Jsonb

from angkut_backend.clock import Clock
from angkut_backend.db import Connection, open_connection
from angkut_backend.jobs.records import SQL
from angkut_backend.settings import Settings

#: How often progress is told, seconds: a search calls thousands of times a second.
_TELL_S = 0.5


class CancelledJobError(Exception):
    """Somebody cancelled it before there was anything to keep."""


class TakenOverError(Exception):
    """Another worker does this job now, or it was ended: nothing of ours is kept."""


@dataclass(slots=True)
class RunningJob:
    """One attempt at a job; all that it writes is refused once another attempt began."""

    settings: Settings
    clock: Clock
    #: For the work itself.
    conn: Connection
    #: Says to the worker that it goes on.
    sign: Callable[[], None]
    job_id: UUID
    attempt: int
    kind: str
    #: What was asked for.
    body: Mapping[str, Any]
    author: str
    #: Kept by this attempt or by one before: of two first plans of a job nobody knew which is it.
    first_plan_id: UUID | None = None
    #: Told to stop; what there is by now is kept.
    is_stopped: bool = False
    _has_first: bool = False
    _phase: str = "starting"
    _progress: float = 0.0
    _told_at_s: float = 0.0
    _telling: Connection | None = field(default=None, repr=False)
    _was_away: bool = False

    def begin(self, phase: str, progress: float | None = None) -> None:
        """Tell what begins, and how much is done if that changed.

        Raises
        ------
        CancelledJobError
            It was cancelled, and there is nothing to keep yet.
        TakenOverError
            It is not ours any more.
        """
        self._phase = phase
        self._tell(self._progress if progress is None else progress)
        if self.is_stopped and not self._has_first:
            raise CancelledJobError

    def watch(self, used: float) -> bool:
        """Tell how much of the work is done, 0 to 1; return whether to stop with what there is."""
        if not self.is_stopped and time.monotonic() - self._told_at_s > _TELL_S:
            self._tell(used)
        return self.is_stopped

    def keep_first(self, plan_id: UUID) -> None:
        """Note the first plan, in the transaction that keeps it: what a cancelled search leaves.

        That of an attempt before stays the job's.

        Raises
        ------
        TakenOverError
            It is not ours any more.
        """
        if self.first_plan_id is None:
            self._write("first_plan", {"plan_id": plan_id})
            self.first_plan_id = plan_id
        self._has_first = True

    def finish(
        self, *, plan_id: UUID | None = None, result: Mapping[str, Any] | None = None
    ) -> None:
        """End it well, in the transaction that keeps what it made.

        Raises
        ------
        TakenOverError
            It is not ours any more.
        """
        values = {
            "plan_id": plan_id,
            "result": None if result is None else Jsonb(result),
            "stopped": self.is_stopped,
            "now": self.clock(),
        }
        self._write("finish", values)

    def close(self) -> None:
        """Close the connection that tells."""
        if self._telling is not None:
            self._telling.close()

    def _write(self, name: str, values: Mapping[str, Any]) -> None:
        ours = {"job_id": self.job_id, "attempt": self.attempt}
        if self.conn.execute(SQL[name], {**values, **ours}).fetchone() is None:
            raise TakenOverError

    def _tell(self, progress: float) -> None:
        """Tell over a connection of its own; a database that is away does not end the work."""
        self._told_at_s = time.monotonic()
        self.sign()
        self._progress = min(max(progress, 0.0), 1.0)
        values = {
            "job_id": self.job_id,
            "attempt": self.attempt,
            "phase": self._phase,
            "progress": self._progress,
        }
        try:
            if self._telling is None:
                self._telling = open_connection(self.settings.dsn, application="angkut-job")
                self._telling.autocommit = True
            row = self._telling.execute(SQL["tell"], values).fetchone()
        except (psycopg.OperationalError, psycopg.InterfaceError):
            if self._telling is not None:
                with suppress(psycopg.Error):
                    self._telling.close()
            self._telling = None
            self._was_away = True
            return
        if row is None:
            raise TakenOverError
        if self._was_away:
            self._require_connection()
            self._was_away = False
        self.is_stopped = self.is_stopped or row["cancel_asked"]

    def _require_connection(self) -> None:
        """See that what is found can be kept: a restart of the database broke the connection.

        Raises
        ------
        psycopg.Error
            It cannot: better to begin anew now than after the whole budget.
        """
        if self.conn.info.transaction_status is not TransactionStatus.INTRANS:
            self.conn.execute("SELECT 1")
            self.conn.commit()


#: What does the jobs of a kind.
Work = Callable[[RunningJob], None]
