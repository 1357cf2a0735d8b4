"""Two devices that hang in each other's bin, found by what changes places with them.

After a swap each device shows what the other showed: the distance to the waste at once, the
signal and the warmth of the spot from then on. No one of them proves it (a truck and a shop's
cartons exchange two levels too, a parked lorry changes a signal), so each adds evidence: the
logarithm of how much likelier what is seen is after a swap than without one. Gaussian errors,
with floors, since anything may happen once. Only neighbours are compared.
"""

import math
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import fmean, median
from typing import NamedTuple

from angkut_backend.device_health.rules import SWAP_BUCKET, SWAP_BUCKETS, SWAP_EVIDENCE

#: How much a spot's mean signal wanders from week to week without a cause, dB; and how well a
#: device hears what another heard on the same spot (antennas differ).
_SIGNAL_WANDERS_DB, _SIGNAL_REPEATS_DB = 1.2, 2.5
#: The same for the difference of two lids' warmth at the same hour, °C.
_WARMTH_WANDERS_C = 1.6
#: Variance of the logarithm of what comes into a bin in a day over another's (a bin's intervals
#: have a coefficient of variation of 0.46), and what noise alone seems to bring in 6 h, mm.
_PACE_VARIANCE_D = 1.5
_PACE_NOISE_MM = 6.0
#: Levels of so long are taken together before they are compared.
_PACE_STEP = timedelta(hours=3)
_PACE_MOST = 3.0
#: How far the mean of a bucket lies from that of days, dB.
_BUCKET_DB = 1.3
#: No single sign says more than this, for or against.
_MOST = 9.0
#: A change of signal without a cause that we know of is no less likely than this, logarithm.
_ODD = -5.0
#: Distances just before and after agree within this, mm (noise, and what fills meanwhile).
_DISTANCE_MM = 45.0
#: What a level may do within an interval without a swap: a truck empties the bin or leaves some,
#: a shop's cartons come and reach just that level; logarithms of the chance.
_EMPTIED, _EMPTIED_PARTLY, _RISEN = -3.5, -6.0, -6.5
#: A bin counts as empty from this share of the longest distance on.
_EMPTY_SHARE = 0.85
_EXCHANGE_MOST = 10.0
#: Readings on either side of a jump whose median is its level; how far apart they may lie.
_AROUND = 3
_AROUND_WITHIN = timedelta(hours=8)
#: A jump worth a look, mm.
_JUMP_MM = 80.0


class Bucket(NamedTuple):
    """Means of one device over `SWAP_BUCKET`; in the order of the columns of `buckets`."""

    device_id: int
    at: datetime
    rssi_dbm: float | None
    temp_c: float | None
    n: int


class Level(NamedTuple):
    """A trusted distance; in the order of the columns of `distances`."""

    device_id: int
    at: datetime
    distance_mm: float


@dataclass(frozen=True, slots=True)
class History:
    """What one device showed lately, by time."""

    device_id: int
    buckets: Mapping[datetime, Bucket]
    levels: Sequence[Level]


@dataclass(frozen=True, slots=True)
class Swap:
    """Two devices changed places."""

    devices: tuple[int, int]
    at: datetime
    #: It was between these: the last and the first that both sent before and after.
    between: tuple[datetime, datetime]
    #: Logarithm of how much likelier a swap is than none.
    evidence: float


def find_swap(one: History, other: History) -> Swap | None:
    """Return the likeliest moment at which two devices changed places, if it is likely at all."""
    best: Swap | None = None
    best_score = -math.inf
    filled = filled_mm(one.levels), filled_mm(other.levels)
    for at, jump in _moments(one, other):
        before, after = _both(one, other, at)
        if min(len(before), len(after)) < SWAP_BUCKETS[0]:
            continue  # a jump alone is not enough: what follows must fit
        evidence = jump + _signal(before, after) + _warmth(before, after) + pace(*filled, at)
        if evidence < SWAP_EVIDENCE:
            continue
        # Many moments are likely enough: the one at which the signals divide best is it.
        score = evidence - _scatter(one, other, at) / (2 * _BUCKET_DB**2)
        if score > best_score:
            best_score = score
            between = min(at, before[-1][0].at + SWAP_BUCKET), max(at, after[0][0].at)
            best = Swap((one.device_id, other.device_id), at, between, evidence)
    return best


def _scatter(one: History, other: History, at: datetime) -> float:
    """Return how far the signals lie from their mean before and their mean after, dB squared."""
    total = 0.0
    for history in (one, other):
        for side in (True, False):
            known = [
                bucket.rssi_dbm
                for when, bucket in history.buckets.items()
                if bucket.rssi_dbm and (when + SWAP_BUCKET <= at) == side
            ]
            if known:
                mean = fmean(known)
                total += sum((each - mean) ** 2 for each in known)
    return total


def signs_of_place(one: History, other: History, at: datetime) -> float:
    """Return the evidence of signal and warmth that the devices changed places then."""
    before, after = _both(one, other, at)
    if min(len(before), len(after)) < SWAP_BUCKETS[0]:
        return 0.0
    return _signal(before, after) + _warmth(before, after)


def exchange(one: History, other: History, at: datetime) -> float:
    """Return the evidence of the distances just before and after that they changed places."""
    left, right = _around(one.levels, at), _around(other.levels, at)
    if left is None or right is None:
        return 0.0
    (a0, a1), (b0, b1) = left, right
    with_swap = max(-_MOST, _agree(a1, b0)) + max(-_MOST, _agree(b1, a0))
    without = _usual(a0, a1, _longest(one)) + _usual(b0, b1, _longest(other))
    return max(-_EXCHANGE_MOST, min(_EXCHANGE_MOST, with_swap - without))


def filled_mm(levels: Sequence[Level]) -> dict[datetime, float]:
    """Return how much came into a bin, by the beginning of a bucket in which that is known."""
    steps: dict[datetime, list[float]] = {}
    for level in levels:
        steps.setdefault(_floor(level.at, _PACE_STEP), []).append(level.distance_mm)
    filled: dict[datetime, float] = {}
    for (before_at, before), (at, now) in pairwise(
        (at, median(each)) for at, each in steps.items()
    ):
        if at - before_at == _PACE_STEP:
            bucket = _floor(at, SWAP_BUCKET)
            filled[bucket] = filled.get(bucket, 0.0) + max(0.0, before - now)
    return filled


def pace(one: Mapping[datetime, float], other: Mapping[datetime, float], at: datetime) -> float:
    """Return the evidence of how fast the bins fill that the devices changed places then."""
    common = sorted(one.keys() & other.keys())
    before = [each for each in common if each + SWAP_BUCKET <= at][-SWAP_BUCKETS[1] :]
    after = [each for each in common if each >= at][: SWAP_BUCKETS[1]]
    if min(len(before), len(after)) < SWAP_BUCKETS[0]:
        return 0.0
    then, now = (
        math.log(_mean_fill(one, side) / _mean_fill(other, side)) for side in (before, after)
    )
    days = [len(side) * (SWAP_BUCKET / timedelta(days=1)) for side in (before, after)]
    variance = _PACE_VARIANCE_D * (1.0 / days[0] + 1.0 / days[1])
    return max(-_PACE_MOST, min(_PACE_MOST, -2.0 * then * now / variance))


def _mean_fill(filled: Mapping[datetime, float], side: Sequence[datetime]) -> float:
    return fmean(filled[at] for at in side) + _PACE_NOISE_MM


def _floor(at: datetime, step: timedelta) -> datetime:
    return at - (at - _EPOCH) % step


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_Pair = tuple[Bucket, Bucket]


def _both(one: History, other: History, at: datetime) -> tuple[list[_Pair], list[_Pair]]:
    """Return the buckets in which both reported, before and after, those nearest in time."""
    common = sorted(one.buckets.keys() & other.buckets.keys())
    pairs = [(one.buckets[each], other.buckets[each]) for each in common]
    # The bucket in which it happened is of both worlds.
    before = [pair for pair in pairs if pair[0].at + SWAP_BUCKET <= at]
    after = [pair for pair in pairs if pair[0].at >= at]
    return before[-SWAP_BUCKETS[1] :], after[: SWAP_BUCKETS[1]]


def _signal(before: Sequence[_Pair], after: Sequence[_Pair]) -> float:
    means = []
    for side in (before, after):
        known = [(a.rssi_dbm, b.rssi_dbm) for a, b in side if a.rssi_dbm and b.rssi_dbm]
        if len(known) < SWAP_BUCKETS[0]:
            return 0.0
        means.append((fmean(a for a, _ in known), fmean(b for _, b in known)))
    (a0, b0), (a1, b1) = means
    swapped = sum(max(_ODD, _gauss(d, _SIGNAL_REPEATS_DB)) for d in (a1 - b0, b1 - a0))
    stayed = sum(max(_ODD, _gauss(d, _SIGNAL_WANDERS_DB)) for d in (a1 - a0, b1 - b0))
    return swapped - stayed


def _warmth(before: Sequence[_Pair], after: Sequence[_Pair]) -> float:
    """Compare which lid is warmer at the same time of the day."""
    evidence = 0.0
    for hour in {pair[0].at.hour for pair in before}:
        gaps = [
            [a.temp_c - b.temp_c for a, b in side if a.at.hour == hour and a.temp_c and b.temp_c]
            for side in (before, after)
        ]
        if all(gaps):
            then, now = (fmean(each) for each in gaps)
            evidence += -2.0 * then * now / _WARMTH_WANDERS_C**2
    return max(-_MOST, min(_MOST, evidence))


def _moments(one: History, other: History) -> Iterator[tuple[datetime, float]]:
    """Yield when it may have been, with the evidence of the distances."""
    for history in (one, other):
        for before, after in pairwise(history.levels):
            if abs(after.distance_mm - before.distance_mm) >= _JUMP_MM:
                yield after.at, exchange(one, other, after.at)
    for at in sorted(one.buckets.keys() & other.buckets.keys()):
        yield at, 0.0


def _around(levels: Sequence[Level], at: datetime) -> tuple[float, float] | None:
    """Return the distances just before and from then on."""
    first = bisect_left(levels, at - _AROUND_WITHIN, key=_at)
    middle = bisect_left(levels, at, key=_at)
    last = bisect_left(levels, at + _AROUND_WITHIN, key=_at)
    before = [level.distance_mm for level in levels[max(first, middle - _AROUND) : middle]]
    after = [level.distance_mm for level in levels[middle : min(last, middle + _AROUND)]]
    if len(before) < _AROUND or len(after) < _AROUND:
        return None
    return median(before), median(after)


def _at(level: Level) -> datetime:
    return level.at


def _usual(before_mm: float, after_mm: float, longest_mm: float) -> float:
    """Return how likely a change is without a swap: nothing, a truck, something large."""
    if after_mm <= before_mm:
        odd = _RISEN
    else:
        odd = _EMPTIED if after_mm >= _EMPTY_SHARE * longest_mm else _EMPTIED_PARTLY
    return max(odd, _agree(before_mm, after_mm))


def _longest(history: History) -> float:
    return max(level.distance_mm for level in history.levels)


def _agree(one_mm: float, other_mm: float) -> float:
    return _gauss(one_mm - other_mm, _DISTANCE_MM)


def _gauss(difference: float, sigma: float) -> float:
    return -0.5 * (difference / sigma) ** 2
