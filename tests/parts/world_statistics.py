"""Statistics of simulated emptyings, computed as they were for the real bins."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from angkut_sim.days import DAY_S, WIB_S
from angkut_sim.stretch import Stretch
from angkut_sim.truth import TruthEvent, TruthKind

Floats = NDArray[np.float64]

#: Edinburgh's sensors say no more than this.
CAP_PCT = 100.0
#: How strongly a shape is drawn towards flat; see `shape`.
SHRINKAGE = 0.006


@dataclass(frozen=True)
class Interval:
    """From one emptying of a bin to the next."""

    from_s: float
    until_s: float
    fill_pct: float

    @property
    def hours(self) -> float:
        return (self.until_s - self.from_s) / 3600

    @property
    def rate_pct_h(self) -> float:
        return self.fill_pct / self.hours


def collections(stretch: Stretch, code: str) -> list[TruthEvent]:
    return [each for each in stretch.events(code) if each.kind is TruthKind.COLLECTED]


def intervals(events: Sequence[Sequence[TruthEvent]]) -> list[list[Interval]]:
    """Per bin with at least two emptyings; a truck that comes twice in an hour came once."""
    found = [
        [
            Interval(a.at_s, b.at_s, min(CAP_PCT, b.before_pct) - a.after_pct)
            for a, b in pairwise(emptyings)
            if b.at_s - a.at_s > 3600
        ]
        for emptyings in events
    ]
    return [each for each in found if each]


def mean_rate(bin_intervals: Sequence[Interval]) -> float:
    """Mean fill rate of a bin, % an hour."""
    return sum(i.fill_pct for i in bin_intervals) / sum(i.hours for i in bin_intervals)


def sigma_ln(values: Floats) -> float:
    return float(np.std(np.log(values[values > 0]), ddof=1))


def interval_cv(bins: Sequence[Sequence[Interval]], *, at_least: int = 8) -> Floats:
    """Coefficient of variation of the rate from emptying to emptying, per bin with enough."""
    rates = [np.array([i.rate_pct_h for i in each]) for each in bins if len(each) >= at_least]
    return np.array([np.std(each, ddof=1) / np.mean(each) for each in rates])


def hour_block(at_s: Floats) -> NDArray[np.int64]:
    """Which three hours of the day (WIB), 0 to 7."""
    return ((at_s + WIB_S) % DAY_S // 10_800).astype(np.int64)


def weekday(at_s: Floats) -> NDArray[np.int64]:
    """Monday is 0; 1970-01-01 was a Thursday."""
    return ((at_s + WIB_S) // DAY_S + 3).astype(np.int64) % 7


def shape(
    bins: Sequence[Sequence[Interval]],
    part_of: Callable[[Floats], NDArray[np.int64]],
    parts: int,
) -> Floats:
    """Return the rate in each part of the day or week over the mean, as intervals can tell it.

    The rate of an interval over its bin's mean is the mean of the shape over the hours that it
    covers: a least-squares fit, weighted by hours and drawn towards flat (ridge).
    """
    covered, rates, hours = [], [], []
    for each in bins:
        mean = mean_rate(each)
        for i in each:
            halves = max(1, int(2 * i.hours))
            at_s = i.from_s + (np.arange(halves) + 0.5) * (i.until_s - i.from_s) / halves
            covered.append(np.bincount(part_of(at_s), minlength=parts) / halves)
            rates.append(min(3.0, i.rate_pct_h / mean))
            hours.append(i.hours)
    weighted = (np.array(covered) * np.array(hours)[:, None]).T
    normal = weighted @ np.array(covered) + SHRINKAGE * sum(hours) * np.eye(parts)
    fitted: Floats = 1 + np.linalg.solve(normal, weighted @ (np.array(rates) - 1))
    return fitted / fitted.mean()
