"""What a worker writes of its jobs; each write is refused once another attempt began."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from procrastinate.manager import JobManager
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

from angkut_backend.db import Row
from angkut_backend.jobs.child import Errand
from angkut_backend.jobs.failures import Failure
from angkut_backend.jobs.queue import put_again
from angkut_backend.jobs.records import LOST_S, SQL

_MAX_MESSAGE = 2000


@dataclass(frozen=True, slots=True)
class Claimed:
    """An attempt that began."""

    attempt: int
    kind: str
    #: How often before it could not be done just then.
    delays: int


@dataclass(frozen=True, slots=True)
class Beat:
    """What a worker hears when it says that it lives."""

    cancel_asked: bool
    #: Whether there is a plan to show already.
    has_first: bool


@dataclass(frozen=True, slots=True)
class Back:
    """What became of a job that its worker cannot go on with."""

    state: str
    queue_id: int
    #: When, by the database's clock.
    at: datetime


@dataclass(frozen=True, slots=True)
class Store:
    """The table of jobs, over the connections of the queue."""

    pool: AsyncConnectionPool

    async def claim(self, job_id: UUID, queue_id: int, now: datetime) -> Claimed | None:
        """Begin an attempt; return nothing if the job ended, or is in the queue anew."""
        rows = await self._run("claim", {"job_id": job_id, "queue_id": queue_id, "now": now})
        return Claimed(**rows[0]) if rows else None

    async def beat(self, errand: Errand) -> Beat | None:
        """Say that its worker lives; return nothing if it is not ours any more."""
        rows = await self._run("beat", _ours(errand))
        return Beat(**rows[0]) if rows else None

    async def fail(self, errand: Errand, failure: Failure, now: datetime) -> str | None:
        """End a job badly, or as cancelled if it was to be; return the state."""
        message = failure.message[:_MAX_MESSAGE]
        values = {"code": failure.code, "message": message, "now": now}
        return _state(await self._run("fail", _ours(errand) | values))

    async def drop(self, errand: Errand, now: datetime) -> str | None:
        """End a job that was cancelled before there was anything to keep; return the state."""
        return _state(await self._run("drop", _ours(errand) | {"now": now}))

    async def put_back(
        self, errand: Errand, now: datetime, *, because: Literal["deaths", "delays"] | None = None
    ) -> Back | None:
        """Let another one begin anew, unless it was to be cancelled; count why."""
        rows = await self._run("put_back", _ours(errand) | {"now": now, "because": because})
        return Back(**rows[0]) if rows else None

    async def put_stranded_again(self, manager: JobManager) -> list[UUID]:
        """Put jobs that wait and are in no queue in again; return their ids."""
        async with self.pool.connection() as conn:
            async with conn.cursor(row_factory=dict_row) as cursor:
                await cursor.execute(SQL["stranded"])
                rows = await cursor.fetchall()
            for row in rows:
                queue_id = await put_again(manager, conn, row["job_id"], row["queue"])
                values = {"job_id": row["job_id"], "queue_id": queue_id}
                await conn.execute(SQL["set_queue_id"], values)
        return [row["job_id"] for row in rows]

    async def state(self, errand: Errand) -> str | None:
        """Return the state of a job; nothing once another attempt began."""
        return _state(await self._run("state", _ours(errand)))

    async def silent(self) -> list[Row]:
        """Return running jobs whose worker says nothing any more."""
        return await self._run("silent", {"lost_s": LOST_S})

    async def of_queue(self, queue_id: int) -> Row | None:
        """Return the job that has this number in the queue."""
        rows = await self._run("of_queue", {"queue_id": queue_id})
        return rows[0] if rows else None

    async def figures(self, now: datetime) -> list[Row]:
        """Return how many jobs wait and run, by kind."""
        return await self._run("figures", {"now": now})

    async def _run(self, name: str, values: Mapping[str, Any]) -> list[Row]:
        async with self.pool.connection() as conn, conn.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(SQL[name], values)
            return await cursor.fetchall()


def _ours(errand: Errand) -> dict[str, Any]:
    return {"job_id": errand.job_id, "attempt": errand.attempt}


def _state(rows: list[Row]) -> str | None:
    return rows[0]["state"] if rows else None
