"""Fixed schedules: rounds that an office plans once, whatever is in the bins.

A schedule is only as good as the office's guess of how fast bins fill, which is off by a quarter
(the simulator's own rounds assume the same), and its rhythms are whole days.
"""

import math
from dataclasses import dataclass

import numpy as np

from angkut_backend.planning.district import SWAPPED
from angkut_infra.comparison.town import Town
from angkut_sim.days import weekday_of
from angkut_sim.policies import FixedRounds
from angkut_sim.streams import stream

#: Days between two visits; five would break the rule of the longest gap.
_RHYTHMS = (4, 3, 2, 1)
_GUESS_SIGMA = 0.25
#: `fixed:weekdays`: the rounds that trucks of the simulator drive by default.
WEEKDAYS = "weekdays"


@dataclass(frozen=True, slots=True)
class Rounds:
    """Which bins are due on which day (days since 1970, WIB)."""

    #: By bin, in the order of the places: a visit each so many days, counted from a day.
    every_days: tuple[int, ...]
    from_day: tuple[int, ...]

    @classmethod
    def planned(cls, town: Town, seed: int, most_pct: float, swapped_pct: float) -> "Rounds":
        """Give each site the rarest rhythm in which its bins stay below a level on average.

        Containers that need a trip each have a level and a rhythm of their own.
        """
        rate_pct_h = dict(zip((one.code for one in town.places), town.rate_pct_h, strict=True))
        containers = {one.code: one.container for one in town.pack.bins}
        rhythm: dict[str, tuple[int, int]] = {}
        for number, (site, bins) in enumerate(sorted(town.sites.items())):
            guess = math.exp(_GUESS_SIGMA * float(stream(seed, site, "round").standard_normal()))
            for swapped, level_pct in ((False, most_pct), (True, swapped_pct)):
                mine = [one.code for one in bins if (containers[one.code] in SWAPPED) == swapped]
                if not mine:
                    continue
                rates = np.array([rate_pct_h[code] for code in mine])
                # Between its usual bin and its fastest one: a round serves them all.
                usual = float(rates.mean() + rates.max()) / 2 * guess
                days = next((n for n in _RHYTHMS if usual * 24 * n <= level_pct), 1)
                rhythm |= dict.fromkeys(mine, (days, number % days))
        chosen = [rhythm[one.code] for one in town.places]
        return cls(tuple(days for days, _ in chosen), tuple(first for _, first in chosen))

    @classmethod
    def each(cls, town: Town, days: int) -> "Rounds":
        """Visit all sites at the same pace, the same number each day."""
        number = {site: row for row, site in enumerate(sorted(town.sites))}
        count = len(town.places)
        return cls((days,) * count, tuple(number[one.site] % days for one in town.places))

    def due(self, day: int) -> set[int]:
        """Return the numbers of the bins that are due."""
        rows = zip(self.every_days, self.from_day, strict=True)
        return {row for row, (days, first) in enumerate(rows) if (day - first) % days == 0}


@dataclass(frozen=True, slots=True)
class Weekdays:
    """The simulator's own rounds: once to seven times a week, planned for 75 % full."""

    rounds: FixedRounds

    @classmethod
    def of(cls, town: Town, seed: int) -> "Weekdays":
        """Plan as the simulator does."""
        return cls(FixedRounds.planned(town.places, town.rate_pct_h, seed=seed))

    def due(self, day: int) -> set[int]:
        """Return the numbers of the bins that are due."""
        rounds = enumerate(self.rounds.rounds)
        return {row for row, (weekdays, _) in rounds if weekday_of(day) in weekdays}


def schedule(town: Town, seed: int, knob: str) -> Rounds | Weekdays:
    """Return a schedule by its knob.

    `30`: planned for 30 %; `30/60`: the same with 60 % for containers that need a trip each;
    `2d`: every second day; `weekdays`: the simulator's own rounds.

    Raises
    ------
    ValueError
        The knob is none of these.
    """
    if knob == WEEKDAYS:
        return Weekdays.of(town, seed)
    if knob.endswith("d") and int(knob[:-1]) in _RHYTHMS:
        return Rounds.each(town, int(knob[:-1]))
    return Rounds.planned(town, seed, *levels(knob))


def levels(knob: str) -> tuple[float, float]:
    """Return the levels that `30` or `30/60` plans for: of bins, and of swapped containers, %.

    Raises
    ------
    ValueError
        It is neither.
    """
    bins, _, swapped = knob.partition("/")
    found = float(bins), float(swapped or bins)
    if not all(0 < one <= 100 for one in found):
        raise ValueError(knob)
    return found
