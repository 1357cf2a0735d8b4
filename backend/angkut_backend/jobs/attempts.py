"""Attempts at jobs: a child does the work; its worker says that it lives and how it ended."""

import asyncio
import logging
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import psycopg
from procrastinate.jobs import Job
from procrastinate.manager import JobManager
from procrastinate.retry import BaseRetryStrategy, RetryDecision

from angkut_backend.clock import Clock
from angkut_backend.jobs.child import Errand, Outcome
from angkut_backend.jobs.children import Child, ChildDiedError, Children
from angkut_backend.jobs.metrics import JobMetrics
from angkut_backend.jobs.queue import AT_ONCE, settle
from angkut_backend.jobs.records import ENDED, JobState
from angkut_backend.jobs.store import Beat, Store

log = logging.getLogger("angkut.jobs")

#: How often a worker says that its jobs live; well below `LOST_S`.
BEAT_S = 5.0
#: A child that was told to stop and has nothing to keep ends by itself within so long, or is ended.
_CANCEL_S = 2.0
#: One that has a plan needs time for the check of a better one, too.
_KEEP_S = 30.0
_RETRY_S = 5.0
_LONGEST_RETRY_S = 60.0
#: A job that could not be done so often will not be.
_MAX_DELAYS = 5


class LaterError(Exception):
    """A job could not be done just now."""

    def __init__(self, message: str, retry_at: datetime) -> None:
        super().__init__(message)
        #: By the database's clock.
        self.retry_at = retry_at


class Again(BaseRetryStrategy):
    """Gives back what this worker had to drop; all else ended, well or not."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        del job
        if isinstance(exception, asyncio.CancelledError):
            return RetryDecision(retry_at=AT_ONCE)
        if isinstance(exception, LaterError):
            return RetryDecision(retry_at=exception.retry_at)
        return None


@dataclass(slots=True)
class Attempts:
    """What one worker does of its jobs."""

    children: Children
    clock: Clock
    metrics: JobMetrics
    #: Dropped while the database was away: it does not know yet that nobody works on them.
    _owed: set[Errand] = field(default_factory=set)

    async def make(self, store: Store, queue_id: int, job_id: UUID) -> None:
        """Have a job that the queue gave us done.

        Raises
        ------
        LaterError
            It could not be done just now.
        psycopg.Error
            The database is away; `give_back` has what is left to say.
        """
        claimed = await store.claim(job_id, queue_id, self.clock())
        if claimed is None:  # cancelled while it waited
            return
        errand = Errand(job_id, claimed.attempt)
        log.info("job %s (%s, attempt %d) begins", job_id, claimed.kind, claimed.attempt)
        began_s = time.monotonic()
        try:
            state = await self._attempt(errand, claimed.delays, store)
        except psycopg.Error:
            self._owed.add(errand)
            raise
        log.info("job %s (%s, attempt %d): %s", job_id, claimed.kind, claimed.attempt, state)
        if state in ENDED:
            self.metrics.ended(claimed.kind, state, time.monotonic() - began_s)

    async def give_back(self, manager: JobManager, store: Store) -> None:
        """Put what had to be dropped while the database was away in the queue again."""
        for errand in list(self._owed):
            back = await store.put_back(errand, self.clock())
            self._owed.discard(errand)
            if back is not None:
                log.info("job %s, dropped without a database, is %s", errand.job_id, back.state)
                await settle(manager, back.queue_id, back.state)

    async def _attempt(self, errand: Errand, delays: int, store: Store) -> str | None:
        """Have a job done; return the state that it has then, or nothing if it is not ours."""
        child = self.children.take()
        doing = asyncio.create_task(child.do(errand))
        asked_at_s: float | None = None
        try:
            while True:
                await asyncio.wait([doing], timeout=BEAT_S if asked_at_s is None else _CANCEL_S)
                if doing.done():
                    break
                beat = await _beat(errand, store)
                if beat is not None and not beat.cancel_asked:
                    continue
                asked_at_s = asked_at_s or time.monotonic()
                patience_s = _KEEP_S if beat and beat.has_first else _CANCEL_S
                if time.monotonic() - asked_at_s >= patience_s:
                    # It may wait for a lock or a disk and hear nothing.
                    _kill(child, doing)
                    return await store.drop(errand, self.clock())
            outcome = doing.result()
        except asyncio.CancelledError:
            _kill(child, doing)
            await store.put_back(errand, self.clock())
            raise
        except ChildDiedError as exc:
            return await store.fail(errand, exc.failure, self.clock())
        finally:
            doing.cancel()
        self.children.give_back(child)
        return await self._end(outcome, errand, delays, store)

    async def _end(self, outcome: Outcome, errand: Errand, delays: int, store: Store) -> str | None:
        now = self.clock()
        if outcome.later is not None and delays < _MAX_DELAYS:
            back = await store.put_back(errand, now, because="delays")
            if back is not None and back.state == JobState.WAITING:
                delay_s = min(_RETRY_S * 2.0**delays, _LONGEST_RETRY_S)
                raise LaterError(outcome.later.message, back.at + timedelta(seconds=delay_s))
            return await store.state(errand)
        if outcome.cancelled:
            return await store.drop(errand, now)
        if failure := outcome.failure or outcome.later:
            return await store.fail(errand, failure, now)
        return await store.state(errand)


def _kill(child: Child, doing: "asyncio.Task[Outcome]") -> None:
    # First, or its death would be an error that nobody hears of.
    doing.cancel()
    child.kill()


async def _beat(errand: Errand, store: Store) -> Beat | None:
    """Say that its worker lives; return nothing once one knows that the job is not ours."""
    try:
        return await store.beat(errand)
    except psycopg.Error as exc:
        log.warning("job %s goes on though the database is away: %s", errand.job_id, exc)
        return Beat(cancel_asked=False, has_first=False)
