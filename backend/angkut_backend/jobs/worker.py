"""The worker of the queue: takes jobs, has children do them, sees to those of dead workers.

procrastinate runs it as asyncio tasks; they live in a thread beside the periodic jobs.
"""

import asyncio
import logging
import random
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

import procrastinate
import psycopg
from procrastinate.exceptions import ConnectorException
from psycopg_pool import AsyncConnectionPool

from angkut_backend.clock import Clock
from angkut_backend.jobs.attempts import Again, Attempts
from angkut_backend.jobs.children import Children
from angkut_backend.jobs.metrics import JobMetrics
from angkut_backend.jobs.queue import TASK, number
from angkut_backend.jobs.records import LOST_S
from angkut_backend.jobs.recovery import recover
from angkut_backend.jobs.running import Work
from angkut_backend.jobs.serving import connection_options
from angkut_backend.jobs.store import Store
from angkut_backend.settings import Settings

log = logging.getLogger("angkut.jobs")

#: How often workers look for jobs of dead ones.
RECOVER_EVERY_S = 10.0
#: A job that is all but done when the worker stops may end; others begin anew elsewhere.
_GRACE_S = 2.0
_LONGEST_RETRY_S = 60.0
_CONNECTIONS = 4
#: Shorter than a supervisor waits for a worker to stop, seconds.
_CONNECT_S = 5.0


class QueueWorker:
    """Takes jobs of some queues; any number may run, on any machine."""

    def __init__(
        self,
        settings: Settings,
        slots: Mapping[str, int],
        works: Callable[[], Mapping[str, Work]],
        *,
        clock: Clock,
        rng: random.Random,
        metrics: JobMetrics,
    ) -> None:
        self._settings = settings
        #: By queue: how many of its jobs at once.
        self._slots = slots
        self._clock = clock
        self._rng = rng
        self._metrics = metrics
        self._children = Children(settings, works)
        self._attempts = Attempts(self._children, clock, metrics)
        self._fault: Exception | None = None
        #: Since when it has no connection; `None` while it has.
        self.away_since: datetime | None = clock()

    @contextmanager
    def running(self, stop: threading.Event) -> Iterator[None]:
        """Work in a thread while the block runs; a fault of ours sets `stop` and is raised."""
        thread = threading.Thread(target=self._run, args=[stop], name="queue")
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
        if self._fault is not None:
            raise self._fault

    def _run(self, stop: threading.Event) -> None:
        try:
            asyncio.run(self._main(stop))
        except Exception as exc:  # noqa: BLE001 - raised where the process is ended
            self._fault = exc
        finally:
            self._children.close()
            stop.set()

    async def _main(self, stop: threading.Event) -> None:
        ending = asyncio.create_task(asyncio.to_thread(stop.wait))
        try:
            await self._keep_working(stop, ending)
        finally:
            # Or the thread that waits for it would never end.
            stop.set()

    async def _keep_working(self, stop: threading.Event, ending: asyncio.Task[bool]) -> None:
        failures = 0
        while not stop.is_set():
            began_s = time.monotonic()
            try:
                await self._work(ending)
            except (psycopg.Error, ConnectorException, OSError) as exc:
                self.away_since = self.away_since or self._clock()
                # One that was away for long and came back begins with short waits again.
                failures = failures + 1 if time.monotonic() - began_s < _LONGEST_RETRY_S else 1
                limit_s = min(_LONGEST_RETRY_S, 0.5 * 2.0 ** min(failures, 10))
                delay_s = self._rng.uniform(0.5, 1) * limit_s
                cause = str(exc.__cause__ or exc).strip().split("\n")[0]
                log.warning("queue away (%s); next try in %.1f s", cause, delay_s)
                await asyncio.wait([ending], timeout=delay_s)

    async def _work(self, ending: asyncio.Task[bool]) -> None:
        """Work until told to stop, or until the database is away."""
        pool = AsyncConnectionPool(
            self._settings.dsn,
            kwargs=connection_options(self._slots),
            min_size=1,
            max_size=_CONNECTIONS,
            check=AsyncConnectionPool.check_connection,
            open=False,
        )
        app = procrastinate.App(connector=procrastinate.PsycopgConnector())
        async with pool, app.open_async(pool):
            await pool.wait(_CONNECT_S)
            store = Store(pool)
            self.away_since = None
            self._children.warm_up()
            app.task(name=TASK, pass_context=True, retry=Again())(self._task(store))
            tasks = [
                asyncio.create_task(
                    app.run_worker_async(
                        queues=[queue],
                        concurrency=slots,
                        name=queue,
                        install_signal_handlers=False,
                        shutdown_graceful_timeout=_GRACE_S,
                        stalled_worker_timeout=LOST_S,
                    )
                )
                for queue, slots in self._slots.items()
            ]
            tasks.append(asyncio.create_task(self._look_after(app, store)))
            try:
                await asyncio.wait([*tasks, ending], return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in tasks:
                    task.cancel()
                ended = await asyncio.gather(*tasks, return_exceptions=True)
            for how in ended:
                if isinstance(how, Exception):
                    raise how

    async def _look_after(self, app: procrastinate.App, store: Store) -> None:
        while True:
            now = self._clock()
            await self._attempts.give_back(app.job_manager, store)
            await recover(app.job_manager, store, self._metrics, now)
            self._metrics.figures(await store.figures(now))
            await asyncio.sleep(RECOVER_EVERY_S)

    def _task(self, store: Store) -> Callable[..., Awaitable[None]]:
        async def run_job(context: procrastinate.JobContext, job_id: str) -> None:
            await self._attempts.make(store, number(context.job), UUID(job_id))

        return run_job
