"""When the faults that last happen to a device: a function of seed, device and time alone.

Nothing is kept: a restart, another fault's rate or the order of the questions change nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from angkut_sim.dice import Dice
from angkut_sim.fault_plan import FaultPlan
from angkut_sim.faults import CATALOGUE, Fault

_DAY_S = 86_400
#: Nothing lasts longer; so far back one must look for what is still going on.
LONGEST_S = 90.0 * _DAY_S
_LONGEST_DAYS = 91
_STRIDE = 0x9E3779B97F4A7C15
_MASK = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Episode:
    """One fault of one device. Times are s since 1970 UTC."""

    fault: Fault
    from_s: float
    until_s: float
    #: Seeds what is particular about this one.
    luck: int

    def dice(self) -> Dice:
        """Return draws of its own, the same at each call."""
        return Dice(self.luck)


class Episodes:
    """The episodes of one fault at one device, at most one beginning a day."""

    __slots__ = ("_base", "_current", "_day", "_rate", "_spec", "fault")

    def __init__(self, seed: int, device_id: str, fault: Fault, plan: FaultPlan) -> None:
        self.fault = fault
        self._spec = CATALOGUE[fault]
        self._rate = plan.rate(fault)
        self._base = Dice.seeded(seed, device_id, fault).state
        #: The newest day that was looked at, and what it found that may still go on.
        self._day: int | None = None
        self._current: list[Episode] = []

    def active(self, at_s: float) -> Episode | None:
        """Return what goes on at this moment; cheap when asked in the order of time."""
        if not self._rate:
            return None
        day = int(at_s // _DAY_S)
        if self._day is None or day < self._day:
            self._day = day - _LONGEST_DAYS
            self._current = []
        while self._day < day:
            self._day += 1
            begun = self._of_day(self._day)
            if begun is not None:
                self._current = [e for e in self._current if e.until_s > begun.from_s]
                self._current.append(begun)
        for episode in self._current:
            if episode.from_s <= at_s < episode.until_s:
                return episode
        return None

    def between(self, from_s: float, until_s: float) -> Iterator[Episode]:
        """Yield what goes on at any moment of [from, until), by its beginning."""
        if not self._rate:
            return
        first = int(from_s // _DAY_S) - _LONGEST_DAYS
        for day in range(first, int(until_s // _DAY_S) + 1):
            begun = self._of_day(day)
            if begun is not None and begun.from_s < until_s and begun.until_s > from_s:
                yield begun

    def begun(self, after_s: float, until_s: float) -> Episode | None:
        """Return the first that begins within (after, until]."""
        if not self._rate:
            return None
        for day in range(int(after_s // _DAY_S), int(until_s // _DAY_S) + 1):
            episode = self._of_day(day)
            if episode is not None and after_s < episode.from_s <= until_s:
                return episode
        return None

    def _of_day(self, day: int) -> Episode | None:
        dice = Dice((self._base + day * _STRIDE) & _MASK)
        if dice.uniform() >= min(1.0, self._rate):
            return None
        from_s = (day + dice.uniform()) * _DAY_S
        lasts_s = dice.lognormal(self._spec.median_h * 3600.0, self._spec.sigma)
        return Episode(self.fault, from_s, from_s + min(lasts_s, LONGEST_S), dice.bits())
