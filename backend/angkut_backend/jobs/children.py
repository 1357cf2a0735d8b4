"""The worker's end of its child processes."""

import asyncio
import logging
import multiprocessing
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection as Pipe

from angkut_backend.jobs import child
from angkut_backend.jobs.child import Errand, Outcome
from angkut_backend.jobs.running import Work
from angkut_backend.settings import Settings

log = logging.getLogger("angkut.jobs")


class ChildDiedError(Exception):
    """The process that worked on a job ended; its argument is how."""


class Child:
    """One process that does one job at a time; it ends with the worker, however that ends."""

    def __init__(self, settings: Settings, works: Callable[[], Mapping[str, Work]]) -> None:
        # Not forked: threads and database connections of ours would come along.
        context = multiprocessing.get_context("spawn")
        self._pipe: Pipe
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=child.serve, args=[theirs, settings, works], name="angkut-job", daemon=True
        )
        self._process.start()
        # Or the pipe would not end with it.
        theirs.close()

    @property
    def pid(self) -> int | None:
        """Number of the process."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Tell whether it can be given a job."""
        return self._process.is_alive()

    async def do(self, errand: Errand) -> Outcome:
        """Send a job and wait for its end.

        Raises
        ------
        ChildDiedError
            The process ended before its job did.
        """
        loop = asyncio.get_running_loop()
        answered = asyncio.Event()
        try:
            self._pipe.send(errand)
            loop.add_reader(self._pipe.fileno(), answered.set)
            try:
                await answered.wait()
            finally:
                loop.remove_reader(self._pipe.fileno())
            outcome: Outcome = self._pipe.recv()
        except (EOFError, OSError) as exc:
            self.kill()
            raise ChildDiedError(_how(self._process.exitcode)) from exc
        return outcome

    def kill(self) -> None:
        """End it at once; its transaction, if there is one, is rolled back."""
        self._process.kill()
        self._process.join()


class Children:
    """Processes that are kept for the next job: a new one takes seconds to load the planner."""

    def __init__(self, settings: Settings, works: Callable[[], Mapping[str, Work]]) -> None:
        self._settings = settings
        self._works = works
        self._idle: list[Child] = []

    def take(self) -> Child:
        """Return one that is idle; what died meanwhile, of too little memory, is no loss."""
        while self._idle:
            one = self._idle.pop()
            if one.is_alive:
                return one
            one.kill()
        return Child(self._settings, self._works)

    def warm_up(self) -> None:
        """Have one that loads the planner before the first job comes."""
        if not self._idle:
            self._idle.append(Child(self._settings, self._works))

    def give_back(self, one: Child) -> None:
        """Keep it for the next job."""
        self._idle.append(one)

    def close(self) -> None:
        """End those that are idle."""
        while self._idle:
            self._idle.pop().kill()


def _how(exitcode: int | None) -> str:
    if exitcode is not None and exitcode < 0:
        return f"signal {-exitcode}"
    return f"exit code {exitcode}"
