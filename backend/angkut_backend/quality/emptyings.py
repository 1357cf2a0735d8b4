"""Emptyings, seen in the level: what fell, when, how surely.

Like the flags a function of the set of trusted readings, and local: what is new changes nothing
before `seen_from`.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from angkut_backend.quality.judgement import Reading
from angkut_backend.quality.rules import (
    CONFIRM_WITHIN,
    DISTRUST,
    DROP_PCT,
    EMPTIED_PCT,
    JOIN_WITHIN,
    SILENCE_MAX,
    SURE_DROP_PCT,
)

_DISTRUST = int(DISTRUST)


class Emptying(NamedTuple):
    """A fall of the level between two trusted readings; in the order of `store_emptyings`."""

    device_id: int
    bin_id: int
    before_at: datetime
    after_at: datetime
    before_pct: float
    after_pct: float
    confidence: float


def is_trusted(reading: Reading, flags: int) -> bool:
    """Tell whether a reading's level is believed."""
    return reading.fill_pct is not None and not flags & _DISTRUST


def emptyings(trusted: Sequence[Reading]) -> list[Emptying]:
    """Find the emptyings within a device's trusted readings, by time."""
    found: list[Emptying] = []
    for start, end in _falls(trusted):
        before, after = trusted[start], trusted[end]
        following = trusted[end + 1] if end + 1 < len(trusted) else None
        found.append(
            Emptying(
                before.device_id,
                _bin(before),
                before.observed_at,
                after.observed_at,
                _level(before),
                _level(after),
                _confidence(before, after, following),
            )
        )
    return found


def seen_from(before: Sequence[Reading], start: int, *, complete: bool) -> int | None:
    """Return the reading after which emptyings may change, when flags change from `start` on.

    Parameters
    ----------
    before
        The newest readings before the change, by time, with flags as stored.
    complete
        Whether these are all that there are.

    Returns
    -------
    An index; `None` when more readings must be known to tell.

    """
    trusted = [i for i in range(start) if is_trusted(before[i], before[i].flags)]
    for last, this in reversed(list(pairwise(trusted))):
        if not _is_fall(before[last], before[this]):
            return this
    first = trusted[0] if trusted else start
    silent = first < len(before) and (
        before[first].observed_at - before[0].observed_at > SILENCE_MAX
    )
    return first if complete or silent else None


def _falls(trusted: Sequence[Reading]) -> Iterator[tuple[int, int]]:
    """Yield first and last of each fall; steps that follow closely are one."""
    start: int | None = None
    for i in range(1, len(trusted)):
        last, this = trusted[i - 1], trusted[i]
        falls = _is_fall(last, this)
        joined = falls and this.observed_at - last.observed_at <= JOIN_WITHIN
        if start is not None and not joined:
            yield start, i - 1
            start = None
        if falls and start is None:
            start = i - 1
    if start is not None:
        yield start, len(trusted) - 1


def _is_fall(last: Reading, this: Reading) -> bool:
    return (
        last.bin_id == this.bin_id
        and _level(last) - _level(this) >= DROP_PCT
        and this.observed_at - last.observed_at <= SILENCE_MAX
    )


def _confidence(before: Reading, after: Reading, following: Reading | None) -> float:
    drop = _level(before) - _level(after)
    sure = min(1.0, (drop - DROP_PCT) / (SURE_DROP_PCT - DROP_PCT))
    confidence = 0.3 + 0.4 * sure
    if _level(after) <= EMPTIED_PCT:
        confidence += 0.25
    stays_down = (
        following is not None
        and following.bin_id == after.bin_id
        and following.observed_at - after.observed_at <= CONFIRM_WITHIN
        and _level(following) <= (_level(before) + _level(after)) / 2
    )
    return round(confidence if stays_down else 0.6 * confidence, 3)


def _level(reading: Reading) -> float:
    assert reading.fill_pct is not None  # noqa: S101 - trusted readings have one
    return reading.fill_pct


def _bin(reading: Reading) -> int:
    assert reading.bin_id is not None  # noqa: S101 - a level needs a mounting
    return reading.bin_id
