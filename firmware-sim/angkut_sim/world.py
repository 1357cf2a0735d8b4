"""How bins fill up and are emptied.

Figures are from public data of real bins, mostly Edinburgh's 10,000 emptyings of 335 bins
(2016, Open Government Licence): no true level series within a day was found, so the shape of
the day is inferred from emptying intervals and is flatter than the truth. Shapes here are the
mean of Edinburgh, Philadelphia and Ankara.
"""

import math
from dataclasses import dataclass

from angkut_sim.dice import Dice

#: Fill rate between bins is log-normal: median in % of volume an hour, and sigma of its logarithm.
RATE_MEDIAN_PCT_H = 1.46
RATE_SIGMA = 0.52
#: Spread from one emptying to the next within a bin (coefficient of variation of the rate).
INTERVAL_CV = 0.46
#: Waste comes in bags; one brings this much on average, % of volume.
BAG_MEAN_PCT = 2.0
#: The heap on top of a full bin; what comes later lies beside it.
HEAP_LIMIT_PCT = 115.0
#: Share of emptyings that leave something in the bin (Wyndham: 4.7 % of drops stop above zero).
PARTIAL_SHARE = 0.05

_WIB_S = 7 * 3600
_DAY_S = 86_400
_BLOCK_S = 3 * 3600
#: Longest stretch with one rate.
_STEP_S = 1800.0


def _mean_one(values: list[float]) -> tuple[float, ...]:
    mean = sum(values) / len(values)
    return tuple(value / mean for value in values)


#: By blocks of three hours from midnight WIB.
_BY_BLOCK = _mean_one([0.82, 0.777, 0.873, 1.063, 1.207, 1.203, 1.093, 0.96])
#: Monday to Sunday.
_BY_WEEKDAY = _mean_one([1.057, 0.927, 0.943, 0.97, 1.003, 1.03, 1.067])

#: Weekdays of a round by how often it comes (0 is Monday).
_DAILY = ((0, 1, 2, 3, 4, 5, 6),)
_THRICE = ((0, 2, 4), (1, 3, 5))
_TWICE = ((0, 3), (1, 4), (2, 5))
_ONCE = ((0,), (1,), (2,), (3,), (4,), (5,))
#: Rounds are planned for this level, but from a guess of the rate that is off by this sigma.
_PLANNED_PCT = 75.0
_GUESS_SIGMA = 0.25
#: A truck comes this much earlier or later than its time, s (standard deviation).
_VISIT_SIGMA_S = 900.0

# Bags alone make rates vary: between emptyings come about PLANNED / BAG exponential bags, whose
# sum has a squared coefficient of variation of 2 BAG / PLANNED. The season factor brings the rest.
_FACTOR_SIGMA = math.sqrt(math.log1p(INTERVAL_CV**2 - 2 * BAG_MEAN_PCT / _PLANNED_PCT))
#: The median that makes the mean one.
_FACTOR_MEDIAN = math.exp(-(_FACTOR_SIGMA**2) / 2)


def shape(at_s: float) -> float:
    """Return the fill rate at this moment (s since 1970 UTC) over the bin's mean rate."""
    wib_s = int(at_s) + _WIB_S
    # 1970-01-01 was a Thursday.
    weekday = (wib_s // _DAY_S + 3) % 7
    return _BY_BLOCK[wib_s % _DAY_S // _BLOCK_S] * _BY_WEEKDAY[weekday]


@dataclass(frozen=True, slots=True)
class Habit:
    """What stays the same about a bin."""

    rate_pct_h: float
    #: Weekdays of the truck's round, 0 is Monday.
    weekdays: tuple[int, ...]
    #: Time of the round, s after midnight WIB.
    visit_s: float

    @classmethod
    def of(cls, seed: int, code: str) -> "Habit":
        """Return the habit that a seed gives a bin."""
        dice = Dice.seeded(seed, code, "habit")
        rate_pct_h = dice.lognormal(RATE_MEDIAN_PCT_H, RATE_SIGMA)
        hours = _PLANNED_PCT / rate_pct_h * dice.lognormal(1.0, _GUESS_SIGMA)
        rounds = (
            _DAILY if hours < 40 else _THRICE if hours < 66 else _TWICE if hours < 112 else _ONCE
        )
        return cls(rate_pct_h, dice.choice(rounds), dice.uniform(5 * 3600, 11 * 3600))

    def next_visit(self, after_s: float, dice: Dice) -> float:
        """Return when the truck comes next, at least half a day after `after_s`."""
        day = int(after_s + _WIB_S) // _DAY_S
        while True:
            at_s = day * _DAY_S - _WIB_S + self.visit_s
            if (day + 3) % 7 in self.weekdays and at_s > after_s + _DAY_S / 2:
                return at_s + _VISIT_SIGMA_S * dice.normal()
            day += 1


@dataclass(slots=True)
class BinState:
    """What changes about a bin; all that must be saved."""

    #: World time, s since 1970 UTC.
    at_s: float
    level_pct: float
    #: Rate until the next emptying over the mean rate.
    factor: float
    #: Waste still to come until the next bag, in bags.
    next_bag: float
    next_visit_s: float
    emptied: int
    dice: int


class Bin:
    """One bin. Depends on nothing but its seed, its code and the time: order does not matter."""

    def __init__(self, seed: int, code: str, at_s: float) -> None:
        self.code = code
        self.habit = Habit.of(seed, code)
        self._dice = dice = Dice.seeded(seed, code, "waste")
        self._state = BinState(
            at_s=at_s,
            level_pct=dice.uniform(0.0, 70.0),
            factor=dice.lognormal(_FACTOR_MEDIAN, _FACTOR_SIGMA),
            next_bag=dice.exponential(1.0),
            # The first round may come at once.
            next_visit_s=self.habit.next_visit(at_s - _DAY_S / 2, dice),
            emptied=0,
            dice=dice.state,
        )

    @property
    def level_pct(self) -> float:
        """How full the bin is, % of its volume; above 100 is a heap."""
        return self._state.level_pct

    @property
    def emptied(self) -> int:
        """How often the bin was emptied."""
        return self._state.emptied

    def step(self, now_s: float, dt_s: float) -> float:
        """Fill from `now_s` for `dt_s` seconds, empty when the truck comes; return the level."""
        state = self._state
        to_s = now_s + dt_s
        while now_s < to_s:
            if now_s >= state.next_visit_s:
                self._empty(now_s)
            until_s = min(to_s, now_s + _STEP_S, max(state.next_visit_s, now_s + 1.0))
            self._fill(now_s, until_s - now_s)
            now_s = until_s
        state.at_s = to_s
        return state.level_pct

    def advance(self, to_s: float) -> float:
        """Step from the bin's own time to `to_s`; return the level. The past changes nothing."""
        at_s = self._state.at_s
        return self.step(at_s, to_s - at_s) if to_s > at_s else self._state.level_pct

    def _fill(self, now_s: float, dt_s: float) -> None:
        state = self._state
        rate_pct_h = self.habit.rate_pct_h * state.factor * shape(now_s)
        state.next_bag -= rate_pct_h * dt_s / (3600.0 * BAG_MEAN_PCT)
        while state.next_bag <= 0.0:
            state.next_bag += self._dice.exponential(1.0)
            bag_pct = self._dice.exponential(BAG_MEAN_PCT)
            state.level_pct = min(HEAP_LIMIT_PCT, state.level_pct + bag_pct)

    def _empty(self, now_s: float) -> None:
        state, dice = self._state, self._dice
        left = dice.uniform(0.1, 0.5) if dice.chance(PARTIAL_SHARE) else 0.0
        state.level_pct *= left
        state.factor = dice.lognormal(_FACTOR_MEDIAN, _FACTOR_SIGMA)
        state.next_visit_s = self.habit.next_visit(now_s, dice)
        state.emptied += 1

    def save(self) -> BinState:
        """Return the state; it changes no more."""
        state = self._state
        return BinState(
            state.at_s,
            state.level_pct,
            state.factor,
            state.next_bag,
            state.next_visit_s,
            state.emptied,
            self._dice.state,
        )

    def restore(self, state: BinState) -> None:
        """Go on from a saved state."""
        self._state = state
        self._dice = Dice(state.dice)
