"""Starting a part of the stack again when it has died, ever more patiently."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from angkut_broker.errors import AngkutError
from angkut_infra.stack.log import Log

FIRST_DELAY_S = 0.5
LONGEST_DELAY_S = 30.0
#: Whoever ran this long is in good health: the next death is a new story.
STEADY_S = 60.0


class Part(Protocol):
    """What can be kept alive."""

    @property
    def pid(self) -> int | None:
        """The process id, or None before the first start."""

    @property
    def running(self) -> bool:
        """Whether it is there at this moment."""

    def death(self) -> str:
        """Describe how it died."""


@dataclass
class Keeper:
    """Watches one part. `start` may raise any `AngkutError`; then it is tried again."""

    name: str
    part: Part
    start: Callable[[], None]
    log: Log
    randomness: random.Random
    started_at: float
    failures: int = 0
    _retry_at: float | None = field(default=None, init=False)

    def tend(self, now: float) -> None:
        """Look after the part; `now` is a monotonic time in seconds."""
        if self._retry_at is None:
            if self.part.running:
                return
            if now - self.started_at > STEADY_S:
                self.failures = 0
            self._plan(now, self.part.death())
        elif now >= self._retry_at:
            self._retry_at = None
            self.started_at = now
            try:
                self.start()
            except AngkutError as exc:
                self._plan(now, str(exc))
            else:
                self.log.say(f"{self.name} is back")

    def _plan(self, now: float, why: str) -> None:
        self.failures += 1
        # Jittered, so that parts that fell together do not rise together, again and again.
        longest = min(FIRST_DELAY_S * 2 ** (self.failures - 1), LONGEST_DELAY_S)
        delay = longest * self.randomness.uniform(0.5, 1.0)
        self._retry_at = now + delay
        self.log.say(f"{why}\nstarting {self.name} again in {delay:.1f} s")
