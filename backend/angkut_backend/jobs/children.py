"""The worker's end of its child processes."""

import asyncio
import logging
import multiprocessing
import os
import signal
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection as Pipe

from angkut_backend.jobs import child
from angkut_backend.jobs.child import Errand, Outcome
from angkut_backend.jobs.failures import PROCESS_DIED, PROCESS_SILENT, Failure
from angkut_backend.jobs.running import Work
from angkut_backend.settings import Settings

log = logging.getLogger("angkut.jobs")


#: A process tells how far it is twice a second while it searches, and with each step of all else.
#: The longest step, to ask the road engine for the ways of thousands of places, takes minutes on a
#: slow machine: one that tells nothing for so long hangs.
SILENT_S = 900.0
#: How long one that is about to end may take, and to write to the log what it was at.
_LAST_WORDS_S = 1.0


class ChildDiedError(Exception):
    """The process that worked on a job ended, or had to be ended."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        #: What is said of its job.
        self.failure = failure


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
            The process ended before its job did, or said nothing for `SILENT_S`.
        """
        loop = asyncio.get_running_loop()
        said = asyncio.Event()
        try:
            self._pipe.send(errand)
            loop.add_reader(self._pipe.fileno(), said.set)
            try:
                return await self._outcome(said)
            finally:
                loop.remove_reader(self._pipe.fileno())
        except TimeoutError as exc:
            if self._process.pid is not None:
                os.kill(self._process.pid, signal.SIGABRT)
            self._end()
            raise ChildDiedError(_silent()) from exc
        except (EOFError, OSError) as exc:
            self._end()
            raise ChildDiedError(_died(self._process.exitcode)) from exc

    def kill(self) -> None:
        """End it at once; its transaction, if there is one, is rolled back."""
        self._process.kill()
        self._process.join()

    async def _outcome(self, said: asyncio.Event) -> Outcome:
        while True:
            async with asyncio.timeout(SILENT_S):
                await said.wait()
            said.clear()
            while self._pipe.poll():
                outcome: Outcome | None = self._pipe.recv()
                if outcome is not None:
                    return outcome

    def _end(self) -> None:
        """Wait for the end of one that is about to; to kill it at once would hide how it ended."""
        self._process.join(_LAST_WORDS_S)
        self.kill()


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


def _died(exitcode: int | None) -> Failure:
    return Failure(
        PROCESS_DIED,
        f"the process that worked on it ended ({_how(exitcode)}): the machine may lack memory; "
        "look at the log of the worker, then try again",
    )


def _how(exitcode: int | None) -> str:
    if exitcode is not None and exitcode < 0:
        return f"signal {-exitcode}"
    return f"exit code {exitcode}"


def _silent() -> Failure:
    return Failure(
        PROCESS_SILENT,
        f"the process that worked on it was silent for {SILENT_S / 60:.0f} minutes and was ended: "
        "see in the log of the worker what it was at, such as waiting for a disk or for a lock of "
        "the database, then try again",
    )
