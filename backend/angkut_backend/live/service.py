"""One ear at the database for all open streams of this process."""

import asyncio
import logging
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from angkut_backend.accounts.access import STAFF
from angkut_backend.accounts.service import Role
from angkut_backend.alerts.changes import ALERTS_CHANNEL
from angkut_backend.alerts.schemas import open_alerts_out
from angkut_backend.alerts.service import list_open
from angkut_backend.clock import Clock
from angkut_backend.db import BINS_CHANNEL
from angkut_backend.errors import DatabaseUnavailableError, NotFoundError
from angkut_backend.jobs import records as jobs
from angkut_backend.jobs.records import JOBS_CHANNEL
from angkut_backend.jobs.schemas import job_out
from angkut_backend.planning.records import PLANS_CHANNEL
from angkut_backend.pool import Pool
from angkut_backend.readings.schemas import bins_json
from angkut_backend.readings.service import list_bins

log = logging.getLogger("angkut.live")

#: Changes of so long go out together: ingest commits many batches a second, eyes see a few.
COALESCE_S = 0.2
#: Events that a client may lag behind, some 13 s of them, before it is let go; it comes back by
#: itself and gets the whole state.
MAX_LAG = 64
#: How often an open stream asks whether its session is still in force.
RECHECK_S = 60.0
#: Wait after a lost connection to the database: doubled each time, and never quite the same.
FIRST_RETRY_S = 0.5
LONGEST_RETRY_S = 10.0
#: A host that vanished without a word is noticed within about a minute.
_KEEPALIVE = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
#: A database that is away, or a connection to it that broke.
_AWAY = (psycopg.Error, OSError, DatabaseUnavailableError)
_LISTENS = [
    sql.SQL("LISTEN {}").format(sql.Identifier(channel))
    for channel in (BINS_CHANNEL, ALERTS_CHANNEL, JOBS_CHANNEL, PLANS_CHANNEL)
]


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """Bins, alerts or a job as JSON, made once for all clients."""

    #: `state` for all bins, `bins` for those that changed, `alerts` for all that are open, `job`,
    #: `plans` with nothing in it: what may be seen of them hangs on who asks.
    name: str
    #: A viewer is shown less; `None`: the event is for staff alone.
    viewer_json: str | None
    json: str

    def json_for(self, role: Role) -> str | None:
        """Return what that role may see, if anything."""
        if self.viewer_json is None and role not in STAFF:
            return None
        return self.viewer_json if role is Role.VIEWER else self.json


class Subscription:
    """What one client has not yet been sent."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[LiveEvent | None] = asyncio.Queue()

    def put(self, event: LiveEvent) -> bool:
        """Add an event; a client that is too slow is ended instead, and the answer is no."""
        if self._queue.qsize() >= MAX_LAG:
            self.end()
            return False
        self._queue.put_nowait(event)
        return True

    def end(self) -> None:
        """Drop what waits and end the stream."""
        while not self._queue.empty():
            self._queue.get_nowait()
        self._queue.put_nowait(None)

    async def events(self, is_welcome: Callable[[], bool]) -> AsyncIterator[LiveEvent]:
        """Yield events until the end, or until `is_welcome` (asked in a thread) says no."""
        loop = asyncio.get_running_loop()
        check_at = loop.time() + RECHECK_S
        while True:
            try:
                async with asyncio.timeout_at(check_at):
                    event = await self._queue.get()
            except TimeoutError:
                if not await asyncio.to_thread(is_welcome):
                    return
                check_at = loop.time() + RECHECK_S
                continue
            if event is None:
                return
            yield event


class Live:
    """Hear which bins changed, read them once, tell every client."""

    def __init__(self, dsn: str, pool: Pool, clock: Clock) -> None:
        self._dsn = make_conninfo(dsn, **_KEEPALIVE)
        self._pool = pool
        self._clock = clock
        self._subscriptions: set[Subscription] = set()
        self._is_closed = False
        self._retry_s = FIRST_RETRY_S

    @contextmanager
    def subscribe(self) -> Iterator[Subscription]:
        """Receive events while the block runs."""
        subscription = Subscription()
        self._subscriptions.add(subscription)
        if self._is_closed:
            subscription.end()
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)

    def close(self) -> None:
        """End all streams, those that are opened from now on too."""
        self._is_closed = True
        for subscription in self._subscriptions:
            subscription.end()

    async def state(self) -> LiveEvent:
        """Read all bins.

        Raises
        ------
        DatabaseUnavailableError
            The database does not answer.

        """
        return await asyncio.to_thread(self._read, None)

    async def run(self) -> None:
        """Listen until cancelled; a lost database is waited for, and a fault of ours outlived.

        It is the one ear of the process: without it every page would look live and hear nothing.
        """
        while True:
            wait_s = self._retry_s * random.uniform(0.5, 1)  # noqa: S311 - jitter, no secret
            try:
                await self._listen()
            except _AWAY as exc:
                log.warning("lost the database, next try in %.1f s: %s", wait_s, exc)
            except Exception:
                log.exception("listening failed, next try in %.1f s", wait_s)
            await asyncio.sleep(wait_s)
            self._retry_s = min(2 * self._retry_s, LONGEST_RETRY_S)

    async def _listen(self) -> None:
        async with await self._connect() as conn:
            for listen in _LISTENS:
                await conn.execute(listen)
            # What changed while nobody listened is not known: tell everything.
            if self._subscriptions:
                self._publish(await self.state())
            self._retry_s = FIRST_RETRY_S
            await self._follow(conn)

    async def _connect(self) -> psycopg.AsyncConnection:
        return await psycopg.AsyncConnection.connect(
            self._dsn, autocommit=True, application_name="angkut-live", connect_timeout=5
        )

    async def _follow(self, conn: psycopg.AsyncConnection) -> None:
        while True:
            notes = [note async for note in conn.notifies(stop_after=1)]
            # Somebody waits for a job, and jobs tell twice a second at most.
            wait_s = 0.0 if notes[0].channel == JOBS_CHANNEL else COALESCE_S
            notes += [note async for note in conn.notifies(timeout=wait_s)]
            heard: dict[str, list[str]] = defaultdict(list)
            for note in notes:
                heard[note.channel].append(note.payload)
            if PLANS_CHANNEL in heard:
                self._publish(LiveEvent(name="plans", viewer_json="{}", json="{}"))
            if not self._subscriptions:
                continue
            if bin_ids := {id_ for payload in heard[BINS_CHANNEL] for id_ in _bin_ids(payload)}:
                await self._tell(self._read, sorted(bin_ids))
            if ALERTS_CHANNEL in heard:
                await self._tell(self._read_alerts)
            for job_id in {id_ for payload in heard[JOBS_CHANNEL] for id_ in _job_ids(payload)}:
                await self._tell(self._read_job, job_id)

    async def _tell(self, read: Callable[..., LiveEvent | None], *about: object) -> None:
        """Read and publish; what this version cannot read, as a newer one wrote it, is left out."""
        try:
            event = await asyncio.to_thread(read, *about)
        except _AWAY:
            raise
        except Exception:
            log.exception("left out of the live streams: %s %s", read.__name__, about)
        else:
            if event is not None:
                self._publish(event)

    def _publish(self, event: LiveEvent) -> None:
        self._subscriptions = {
            subscription for subscription in self._subscriptions if subscription.put(event)
        }

    def _read(self, bin_ids: Sequence[int] | None) -> LiveEvent:
        now = self._clock()
        with self._pool.connection() as conn:
            states = list_bins(conn, now, bin_ids)
        return LiveEvent(
            name="state" if bin_ids is None else "bins",
            viewer_json=bins_json(states, Role.VIEWER, now).decode(),
            json=bins_json(states, Role.ADMIN, now).decode(),
        )

    def _read_alerts(self) -> LiveEvent:
        with self._pool.connection() as conn:
            found = list_open(conn)
        return LiveEvent(
            name="alerts",
            viewer_json=open_alerts_out(found, Role.VIEWER).model_dump_json(),
            json=open_alerts_out(found, Role.ADMIN).model_dump_json(),
        )

    def _read_job(self, job_id: UUID) -> LiveEvent | None:
        with self._pool.connection() as conn, suppress(NotFoundError):
            return LiveEvent("job", None, job_out(jobs.get(conn, job_id)).model_dump_json())
        return None


def _bin_ids(payload: str) -> set[int]:
    # Anybody who may connect may also notify: what is no number is left out.
    return {int(word) for word in payload.split(",") if word.isascii() and word.isdecimal()}


def _job_ids(payload: str) -> set[UUID]:
    with suppress(ValueError):
        return {UUID(payload)}
    return set()
