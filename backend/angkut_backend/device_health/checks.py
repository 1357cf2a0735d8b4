"""What a device's readings of some days say about the device: runs, gaps, its clock.

Pure functions over readings as they are stored, with flags as judged. What is known of two
devices together is in `swaps`.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from angkut_backend.device_health import rules
from angkut_backend.device_health.rules import FindingKind
from angkut_backend.quality.rules import Flag, heard_nothing

_STUCK = Flag.STUCK.value


class Sample(NamedTuple):
    """A stored reading; in the order of the columns of `samples`."""

    device_id: int
    observed_at: datetime
    received_at: datetime
    distance_mm: float | None
    flags: int


@dataclass(frozen=True, slots=True)
class Finding:
    """Something is wrong with a device from a first to a last sign."""

    kind: FindingKind
    from_at: datetime
    to_at: datetime
    #: Numbers and words that help whoever mends it.
    detail: dict[str, float | str] = field(default_factory=dict)


def findings(
    samples: Sequence[Sample],
    refused: Sequence[datetime],
    *,
    interval: timedelta,
    now: datetime,
) -> list[Finding]:
    """Return what is wrong with one device.

    Parameters
    ----------
    samples
        By time of observation.
    refused
        When messages arrived whose time could not be, by time.
    interval
        What the device promises.
    now
        A device may be silent since its last reading.

    """
    return [
        *_runs(FindingKind.STUCK, [(s, bool(s.flags & _STUCK)) for s in samples], at_least=1),
        *_runs(
            FindingKind.NO_ECHO,
            [(s, heard_nothing(s.flags, s.distance_mm)) for s in samples],
            at_least=rules.NO_ECHO_READINGS,
        ),
        *_dropouts(samples, refused, interval, now),
        *_clock(samples),
        *_refused(refused),
    ]


def _runs(
    kind: FindingKind, marked: Sequence[tuple[Sample, bool]], *, at_least: int
) -> Iterator[Finding]:
    run: list[Sample] = []
    for sample, is_so in [*marked, (None, False)]:
        if is_so and sample is not None:
            run.append(sample)
            continue
        if len(run) >= at_least:
            yield Finding(kind, run[0].observed_at, run[-1].observed_at, {"readings": len(run)})
        run = []


def _dropouts(
    samples: Sequence[Sample], refused: Sequence[datetime], interval: timedelta, now: datetime
) -> Iterator[Finding]:
    """Yield gaps in which nothing was observed and nothing arrived either; the last may go on."""
    times = [*(sample.observed_at for sample in samples), now]
    gaps = [after - before for before, after in pairwise(times)]
    # A reading under a wrong clock leaves a gap where it belongs, but it did arrive.
    arrivals = sorted([*(s.received_at for s in samples), *refused])
    for index, gap in enumerate(gaps):
        if gap < rules.DROPOUT_FOR:
            continue
        kept = max(
            interval,
            _usual(gaps[max(0, index - rules.NEARBY_GAPS) : index]),
            _usual(gaps[index + 1 : index + 1 + rules.NEARBY_GAPS]),
        )
        if gap < rules.DROPOUT_INTERVALS * kept:
            continue
        begins, ends = times[index], times[index + 1]
        at = bisect_right(arrivals, begins + kept)
        if at < len(arrivals) and arrivals[at] < ends - kept / 2:
            continue
        missed = round(gap / kept) - 1
        yield Finding(
            FindingKind.DROPOUT, begins + kept, ends - kept / 2, {"readings_missed": missed}
        )


def _usual(gaps: Sequence[timedelta]) -> timedelta:
    # Few gaps say little: the promise stands.
    return _middle(gaps) if len(gaps) >= rules.NEARBY_GAPS // 2 else timedelta()


def _middle(times: Sequence[timedelta]) -> timedelta:
    return sorted(times)[len(times) // 2]


def _clock(samples: Sequence[Sample]) -> Iterator[Finding]:
    """Yield runs of readings that came before their time, or late and always alike."""
    run: list[tuple[datetime, timedelta]] = []
    for at, late in [*_live(samples), (None, timedelta())]:
        if at is not None and _is_wrong(late) and (not run or _alike(run[-1][1], late)):
            run.append((at, late))
            continue
        yield from _clock_finding(run)
        run = [(at, late)] if at is not None and _is_wrong(late) else []


def _live(samples: Sequence[Sample]) -> Iterator[tuple[datetime, timedelta]]:
    """Yield when the device woke up and how late the newest reading was that it sent then."""
    by_arrival = sorted(samples, key=lambda s: (s.received_at, s.observed_at))
    newest: Sample | None = None
    for sample in by_arrival:
        if newest is not None and sample.received_at - newest.received_at > rules.BURST:
            yield newest.received_at, newest.received_at - newest.observed_at
            newest = None
        if newest is None or sample.observed_at > newest.observed_at:
            newest = sample
    if newest is not None:
        yield newest.received_at, newest.received_at - newest.observed_at


def _is_wrong(late: timedelta) -> bool:
    return late < -rules.CLOCK_AHEAD or late > rules.CLOCK_BEHIND


def _alike(one: timedelta, other: timedelta) -> bool:
    return abs(one - other) <= rules.CLOCK_ALIKE


def _clock_finding(run: Sequence[tuple[datetime, timedelta]]) -> Iterator[Finding]:
    if not run:
        return
    late = _middle([late for _, late in run])
    enough = rules.CLOCK_AHEAD_READINGS if late < timedelta() else rules.CLOCK_READINGS
    if len(run) < enough:
        return
    detail: dict[str, float | str] = {"ahead_s": -round(late.total_seconds())}
    hours = round(late / timedelta(hours=1))
    if hours and abs(late - timedelta(hours=hours)) <= rules.ZONE_WITHIN:
        detail["looks_like"] = f"time zone off by {-hours} h"
    yield Finding(FindingKind.CLOCK, run[0][0], run[-1][0], detail)


def _refused(refused: Sequence[datetime]) -> Iterator[Finding]:
    run: list[datetime] = []
    for at in [*refused, None]:
        if at is not None and (not run or at - run[-1] <= rules.JOIN_WITHIN):
            run.append(at)
            continue
        if len(run) >= rules.CLOCK_REFUSED:
            yield Finding(FindingKind.CLOCK, run[0], run[-1], {"readings_refused": len(run)})
        run = [] if at is None else [at]
