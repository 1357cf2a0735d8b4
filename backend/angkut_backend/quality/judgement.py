"""Flags that follow from a reading's neighbours.

A flag is a function of the set of a device's readings: the order and the batches in which they
arrived do not matter. Each flag looks only a bounded way to either side (`judged_from`), so a
new reading makes only its neighbourhood be judged again.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from angkut_backend.quality.rules import (
    AHEAD,
    BEHIND,
    ECHO_AGREE_MM,
    EXCURSION_READINGS,
    EXCURSION_WITHIN,
    FILL_MAX_PCT_H,
    FROZEN_FOR,
    FROZEN_READINGS,
    FULL_PCT,
    JUMP_PCT,
    LOW_BATTERY_MV,
    OWN,
    PACE_GAP,
    PACE_WITHIN,
    RETURN_PCT,
    STALE_AFTER,
    STUCK_FOR,
    STUCK_FULL_FOR,
    STUCK_GAP,
    STUCK_MM,
    STUCK_READINGS,
    UNUSABLE,
    Flag,
)

# Plain numbers: operations on an IntFlag cost ten times as much, and this runs per reading.
_OWN, _UNUSABLE, _COPY = int(OWN), int(UNUSABLE), int(Flag.COPY)
_LOW_BATTERY, _HISTORY = int(Flag.LOW_BATTERY), int(Flag.HISTORY)


class Reading(NamedTuple):
    """What is judged; in the order of the columns of `neighbourhood`. A tuple for speed."""

    device_id: int
    observed_at: datetime
    received_at: datetime
    seq: int
    distances_mm: list[int] | None
    distance_mm: float | None
    reported_fill_pct: float | None
    battery_mv: int | None
    temp_c: float | None
    bin_id: int | None
    fill_pct: float | None
    #: As stored: own ones are right, the others may be stale or still missing.
    flags: int
    #: What the device itself says against it.
    reported_flags: int = 0


def judge(readings: Sequence[Reading], start: int) -> list[int]:
    """Return the flags of all readings, those before `start` as they are stored.

    Parameters
    ----------
    readings
        Of one device, by time; see `judged_from` for what must be there before `start`.

    """
    flags = [reading.flags for reading in readings]
    for i in range(start, len(readings)):
        flags[i] = _alone(readings[i]) | (_after(readings[i - 1], readings[i]) if i else 0)
    usable = [
        i for i, r in enumerate(readings) if r.fill_pct is not None and not flags[i] & _UNUSABLE
    ]
    for i, flag in _excursions(readings, usable):
        if i >= start:
            flags[i] |= flag
    for i in _stuck(readings, flags):
        if i >= start:
            flags[i] |= Flag.STUCK.value
    return flags


def judged_from(before: Sequence[Reading], *, complete: bool) -> int | None:
    """Return the first reading whose flags may change by what comes after all of these.

    Parameters
    ----------
    before
        The newest readings before the change, by time.
    complete
        Whether these are all that there are.

    Returns
    -------
    An index; `None` when more readings must be known to tell.

    """
    start = _reach(before, len(before))
    run = _last_run(before)
    if run and not _is_settled(before, run):
        start = min(start, run[0])
    if complete:
        return start
    # What is judged looks as far back again.
    crossing = _last_run(before[: start + 1])
    cut_off = bool(crossing) and crossing[0] == 0 and not _is_settled(before, crossing)
    return None if cut_off or _reach(before, start) == 0 else start


def is_usable(reading: Reading) -> bool:
    """Tell whether nothing but its neighbours could speak against its level."""
    return reading.fill_pct is not None and not reading.flags & _UNUSABLE


def _alone(r: Reading) -> int:
    flags = r.flags & _OWN | r.reported_flags & _LOW_BATTERY
    late = r.received_at - r.observed_at
    if late > STALE_AFTER:
        flags |= Flag.STALE.value
    elif -late > AHEAD:
        flags |= Flag.CLOCK_SKEW.value
    if r.battery_mv and r.battery_mv < LOW_BATTERY_MV:  # 0: the device does not know it
        flags |= _LOW_BATTERY
    if r.distances_mm and r.distance_mm is not None and len(r.distances_mm) > 1:
        surface = r.distance_mm
        if sum(abs(echo - surface) <= ECHO_AGREE_MM for echo in r.distances_mm) < 2:
            flags |= Flag.DOUBLE_ECHO.value
    return flags


def _after(last: Reading, r: Reading) -> int:
    """Compare with the reading just before."""
    flags = 0
    # Always 0: the device does not count. A memory has the counter of the frame that brought it.
    from_memory = (last.reported_flags | r.reported_flags) & _HISTORY
    if r.seq <= last.seq and last.seq and not from_memory:
        # From the counter to the temperature: all that a device measures.
        again = r.seq == last.seq and r[4:9] == last[4:9]
        flags = Flag.COPY.value if again else Flag.RESTARTED.value
    if r.received_at - r.observed_at > BEHIND:
        gap = r.observed_at - last.observed_at
        if gap >= PACE_GAP and abs(r.received_at - last.received_at - gap) <= PACE_WITHIN:
            flags |= Flag.CLOCK_SKEW.value
    return flags


def _excursions(readings: Sequence[Reading], usable: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield readings that leave the level and come back to it faster than waste can."""
    levels = [readings[i].fill_pct or 0.0 for i in usable]
    jumps = [k for k in range(1, len(usable)) if abs(levels[k] - levels[k - 1]) >= JUMP_PCT]
    spikes = {k for k in jumps if _comes_back(readings, usable, levels, k, 1)}
    yield from ((usable[k], Flag.SPIKE.value) for k in spikes)
    for k in jumps:
        for n in range(2, EXCURSION_READINGS + 1):
            # A spike is no level to leave or to come back to.
            if k - 1 in spikes or k + n in spikes:
                continue
            if _comes_back(readings, usable, levels, k, n):
                yield from ((i, Flag.RATE_IMPOSSIBLE.value) for i in usable[k : k + n])


def _comes_back(
    readings: Sequence[Reading], usable: Sequence[int], levels: Sequence[float], k: int, n: int
) -> bool:
    if k + n >= len(usable):
        return False
    before, after = readings[usable[k - 1]], readings[usable[k + n]]
    base, back = levels[k - 1], levels[k + n]
    took = after.observed_at - before.observed_at
    if took > EXCURSION_WITHIN or before.bin_id != after.bin_id:
        return False
    if not -RETURN_PCT <= back - base <= RETURN_PCT + _fill_pct(took):
        return False
    # A fall may be a collection; it is the rise, before or after, that waste cannot make.
    over = JUMP_PCT + _fill_pct(readings[usable[k]].observed_at - before.observed_at)
    under = JUMP_PCT + _fill_pct(after.observed_at - readings[usable[k + n - 1]].observed_at)
    low, high = min(base, back) - under, max(base, back) + over
    return all(level <= low or level >= high for level in levels[k : k + n])


def _fill_pct(time: timedelta) -> float:
    """Return by how much a bin fills at most."""
    return FILL_MAX_PCT_H * time.total_seconds() / 3600


def _runs(readings: Sequence[Reading], flags: Sequence[int]) -> Iterator[list[int]]:
    """Yield the runs of one distance, by index."""
    run: list[int] = []
    for i, r in enumerate(readings):
        if r.distance_mm is None or flags[i] & _COPY:
            continue
        if run and not _same(readings[run[-1]], r):
            yield run
            run = []
        run.append(i)
    if run:
        yield run


def _stuck(readings: Sequence[Reading], flags: Sequence[int]) -> Iterator[int]:
    for run in _runs(readings, flags):
        for frozen in _frozen(readings, run):
            yield from frozen
        if len(run) >= STUCK_READINGS:
            length = readings[run[-1]].observed_at - readings[run[0]].observed_at
            yield from (i for i in run if length >= _stuck_for(readings[i]))


def _frozen(readings: Sequence[Reading], run: Sequence[int]) -> Iterator[list[int]]:
    """Yield the parts of a run in which every echo is the same from reading to reading."""
    part: list[int] = []
    for i in [*run, -1]:
        if i >= 0 and part and readings[i].distances_mm == readings[part[-1]].distances_mm:
            part.append(i)
            continue
        if len(part) >= FROZEN_READINGS:
            length = readings[part[-1]].observed_at - readings[part[0]].observed_at
            if length >= FROZEN_FOR and len(set(readings[part[0]].distances_mm or ())) > 1:
                yield part
        part = [i]


def _last_run(readings: Sequence[Reading]) -> list[int]:
    """Return the run at the end, as far back as it matters."""
    run: list[int] = []  # newest first
    for i in range(len(readings) - 1, -1, -1):
        r = readings[i]
        if r.distance_mm is None or r.flags & _COPY:
            continue
        if run and (not _same(r, readings[run[-1]]) or _is_settled(readings, run[::-1])):
            break
        run.append(i)
    return run[::-1]


def _same(last: Reading, r: Reading) -> bool:
    assert last.distance_mm is not None  # noqa: S101 - runs hold nothing else
    assert r.distance_mm is not None  # noqa: S101
    return (
        abs(r.distance_mm - last.distance_mm) <= STUCK_MM
        and r.observed_at - last.observed_at <= STUCK_GAP
    )


def _stuck_for(r: Reading) -> timedelta:
    full = r.fill_pct is not None and r.fill_pct >= FULL_PCT
    return STUCK_FULL_FOR if full else STUCK_FOR


def _is_settled(readings: Sequence[Reading], run: Sequence[int]) -> bool:
    """Tell whether no further reading can change what a run says of its own."""
    return (
        len(run) >= STUCK_READINGS
        and readings[run[-1]].observed_at - readings[run[0]].observed_at >= STUCK_FULL_FOR
    )


def _reach(readings: Sequence[Reading], index: int) -> int:
    """Return how far back from `index` an excursion may begin; 0 also when that is not known."""
    # One more on either side tells whether an end of the excursion is itself a spike.
    left = EXCURSION_READINGS + 1
    end = readings[index - 1].observed_at if index else None
    while index and left:
        index -= 1
        if end and end - readings[index].observed_at > 2 * EXCURSION_WITHIN:
            return index + 1
        left -= is_usable(readings[index])
    return index
