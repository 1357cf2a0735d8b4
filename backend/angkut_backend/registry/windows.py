"""When a bin can be emptied: windows of local time, perhaps by days of the week.

Written `05:00-07:00;13:00-24:00`, or with the days on which each begins: `1 2 3 4 5 00:00-07:00`.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

#: A planning problem takes no more.
MAX_WINDOWS_A_DAY = 3
#: Characters; three windows for each day of the week are less.
MAX_LENGTH = 300
_DAY_MIN = 24 * 60
_EVERY_DAY = frozenset(range(1, 8))
_CLOCK = r"(?:[01]?\d|2[0-3]):[0-5]\d"
_WINDOW = re.compile(
    rf"(?P<days>[1-7 ]+ )? *(?P<from>{_CLOCK})? *- *(?P<to>{_CLOCK}|24:00)?", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Window:
    """From and to, minutes after the midnight on which a day of it begins."""

    #: 1 is Monday; empty: every day.
    weekdays: tuple[int, ...]
    from_min: int
    #: More than a day: it goes on past midnight.
    to_min: int

    def __str__(self) -> str:
        """Return it as it is kept."""
        # 24:00 ends a day, 00:00 of the next one would be less clear.
        to_min = self.to_min if self.to_min <= _DAY_MIN else self.to_min - _DAY_MIN
        clocks = "-".join(f"{at // 60:02}:{at % 60:02}" for at in (self.from_min, to_min))
        return " ".join([*map(str, self.weekdays), clocks])


def parse(text: str) -> tuple[Window, ...]:
    """Read windows.

    Raises
    ------
    ValueError
        Says what is wrong; also where days are named by some windows only, so that nobody can
        tell whether the others hold on them.
    """
    if len(text) > MAX_LENGTH:
        raise ValueError(f"more than {MAX_LENGTH} characters")
    windows = tuple(_window(part.strip()) for part in text.split(";"))
    if len({bool(one.weekdays) for one in windows}) > 1:
        raise ValueError("some windows name days of the week and others do not")
    if len(set(windows)) < len(windows):
        raise ValueError("a window stands twice")
    most = max(Counter(day for one in windows for day in one.weekdays or _EVERY_DAY).values())
    if most > MAX_WINDOWS_A_DAY:
        raise ValueError(f"{most} windows on one day")
    return windows


def as_kept(text: str) -> str:
    """Return windows in the one form in which they are kept; see `parse` for errors."""
    return ";".join(map(str, parse(text)))


def open_between(
    windows: Sequence[Window], first: date, last: date, zone: ZoneInfo
) -> list[tuple[datetime, datetime]]:
    """Return from when to when windows that begin on these local days are open.

    In order; what overlaps or touches is one.
    """
    spans = sorted(
        (_moment(day, one.from_min, zone), _moment(day, one.to_min, zone))
        for day in _days(first, last)
        for one in windows
        if day.isoweekday() in (one.weekdays or _EVERY_DAY)
    )
    found: list[tuple[datetime, datetime]] = []
    for begin, end in spans:
        if found and begin <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((begin, end))
    return found


def _window(text: str) -> Window:
    match = _WINDOW.fullmatch(text)
    if match is None or not (match["days"] or match["from"] or match["to"]):
        raise ValueError(f"{text!r} is no window")
    words = (match["days"] or "").split()
    if any(len(word) > 1 for word in words) or len(set(words)) < len(words):
        raise ValueError(f"{text!r} has no days of the week, each once")
    from_min = _minutes(match["from"] or "00:00")
    to_min = _minutes(match["to"] or "24:00")
    if from_min == to_min:
        raise ValueError(f"{text!r} ends when it begins")
    if to_min < from_min:
        to_min += _DAY_MIN
    return Window(tuple(sorted(map(int, words))), from_min, to_min)


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def _days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=number) for number in range((last - first).days + 1))


def _moment(day: date, at_min: int, zone: ZoneInfo) -> datetime:
    """Return local wall time as a moment that can be compared over a change of clocks."""
    days, minutes = divmod(at_min, _DAY_MIN)
    local = datetime.combine(day + timedelta(days=days), time(minutes // 60, minutes % 60), zone)
    return local.astimezone(UTC)
