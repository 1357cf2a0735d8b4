"""What a comparison says: figures, the cheapest point at a service level, paired differences."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from angkut_backend.planning.policies import Policy
from angkut_infra.comparison.choice import Choice
from angkut_infra.comparison.tally import Day, Figures

#: Days of one choice by seed.
Days = Mapping[int, Sequence[Day]]

_WEEK = 7
_RESAMPLES = 4_000
_MIN_WEEKS = 4


@dataclass(frozen=True, slots=True)
class Row:
    """One choice with its figures over all seeds."""

    choice: Choice
    figures: Figures
    days: Days

    @classmethod
    def of(cls, choice: Choice, days: Days) -> "Row":
        """Sum up."""
        return cls(choice, Figures.of([day for some in days.values() for day in some]), days)


@dataclass(frozen=True, slots=True)
class Effect:
    """How one figure differs, with its 95 % interval where there are weeks enough to tell."""

    found: float
    interval: tuple[float, float] | None

    def told(self, form: str) -> str:
        """Return it as text; `form` is a format specification."""
        text = format(self.found, form)
        if self.interval is None:
            return text
        low, high = (format(end, form) for end in self.interval)
        return f"{text} ({low} to {high})"


@dataclass(frozen=True, slots=True)
class Difference:
    """How one choice differs from another."""

    #: %; nothing if the other one did not drive.
    km_pct: Effect | None
    #: Points of the service level.
    service: Effect


def difference(ours: Days, theirs: Days) -> Difference:
    """Compare paired days of two choices: same seeds, same days, same waste.

    The intervals come from drawing whole weeks of a seed with replacement (block bootstrap): days
    that follow one another are alike, weeks hardly. Fewer than four weeks give none.
    """
    weeks = [
        [_sums(days[at : at + _WEEK]) for seed in sorted(ours) for days in (side[seed],)
         for at in range(0, len(days), _WEEK)]
        for side in (ours, theirs)
    ]  # fmt: skip
    mine, other = (np.array(side) for side in weeks)
    drove = bool((other[:, 0] > 0).all())
    found = _compared(mine.sum(axis=0), other.sum(axis=0), drove)
    dice = np.random.default_rng(1)
    picks = dice.integers(len(mine), size=(_RESAMPLES, len(mine)))
    drawn = _compared(mine[picks].sum(axis=1), other[picks].sum(axis=1), drove)
    ends = np.percentile(drawn, [2.5, 97.5], axis=-1).T.tolist()
    km, service = (
        Effect(float(value), (low, high) if len(mine) >= _MIN_WEEKS else None)
        for value, (low, high) in zip(found, ends, strict=True)
    )
    return Difference(km if drove else None, service)


def cheapest(rows: Sequence[Row], policy: Policy, service_pct: float) -> Row | None:
    """Return a policy's point with the fewest km among those at a service level or above."""
    good = [
        row
        for row in rows
        if row.choice.policy is policy and row.figures.service_pct >= service_pct
    ]
    return min(good, key=lambda row: row.figures.km, default=None)


def _sums(days: Sequence[Day]) -> tuple[float, float, float]:
    return (
        sum(day.km for day in days),
        float(sum(day.late for day in days)),
        float(sum(day.emptyings for day in days)),
    )


def _compared(mine: np.ndarray, other: np.ndarray, drove: bool) -> np.ndarray:
    """Return the difference of km in % (0 if nobody drove) and of the service level, [2, ...]."""
    km = 100 * (mine[..., 0] / other[..., 0] - 1) if drove else np.zeros(mine.shape[:-1])
    service = [100 * (1 - one[..., 1] / np.maximum(one[..., 2], 1)) for one in (mine, other)]
    return np.stack([km, service[0] - service[1]])
