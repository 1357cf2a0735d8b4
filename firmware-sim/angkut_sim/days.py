"""Days on which waste or service differs: Ramadan, Lebaran, public holidays.

The dates come from a site pack's `calendar.csv`, which names a source for each; they are set by
decree, so none is computed here. A day is a WIB date, counted from 1970-01-01.
"""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import Enum, auto
from pathlib import Path

from angkut_sim.errors import SimError
from angkut_sim.places import Manners

WIB_S = 7 * 3600
DAY_S = 86_400
_EPOCH = date(1970, 1, 1).toordinal()
#: From how many days before the first day of Idul Fitri to how many after it waste differs:
#: landfill records of Kabupaten Bekasi (2025) and Kota Bekasi (2019), see docs/simulator.md.
_BEFORE, _AFTER = 4, 7


class DayKind(Enum):
    """What makes a day differ; the strongest reason counts."""

    ORDINARY = auto()
    HOLIDAY = auto()
    BEFORE_FEAST = auto()
    FEAST = auto()
    AFTER_FEAST = auto()


def day_of(at_s: float) -> int:
    """Return the WIB day of a moment (s since 1970 UTC)."""
    return int(at_s + WIB_S) // DAY_S


def day_start_s(day: int) -> int:
    """Return when a WIB day begins, s since 1970 UTC."""
    return day * DAY_S - WIB_S


def weekday_of(day: int) -> int:
    """Return the weekday, 0 is Monday; 1970-01-01 was a Thursday."""
    return (day + 3) % 7


def day_number(on: date) -> int:
    """Return the number of a date."""
    return on.toordinal() - _EPOCH


def date_of(day: int) -> date:
    """Return the date of a day's number."""
    return date.fromordinal(day + _EPOCH)


@dataclass(frozen=True, slots=True)
class Calendar:
    """The special days. Without any, all days are ordinary."""

    kinds: Mapping[int, DayKind] = field(default_factory=dict)
    ramadan: frozenset[int] = frozenset()

    @classmethod
    def of(cls, rows: Iterable[tuple[date, str]]) -> "Calendar":
        """Return the calendar of (date, kind) rows with the kinds of a site pack."""
        named: dict[str, set[int]] = {}
        for on, kind in rows:
            named.setdefault(kind, set()).add(day_number(on))
        feasts = named.get("idul_fitri", set())
        kinds = dict.fromkeys(named.get("public_holiday", ()), DayKind.HOLIDAY)
        for first in feasts:
            if first - 1 not in feasts:
                kinds |= dict.fromkeys(range(first - _BEFORE, first), DayKind.BEFORE_FEAST)
                kinds |= dict.fromkeys(range(first, first + _AFTER + 1), DayKind.AFTER_FEAST)
        kinds |= dict.fromkeys(feasts, DayKind.FEAST)
        return cls(kinds, frozenset(named.get("ramadan", ())))

    @classmethod
    def read(cls, path: Path) -> "Calendar":
        """Read a site pack's `calendar.csv`.

        Raises
        ------
        SimError
            Names file and line of what cannot be read.

        """
        rows = []
        try:
            with path.open(encoding="utf-8", newline="") as file:
                for line, row in enumerate(csv.DictReader(file), start=2):
                    try:
                        rows.append((date.fromisoformat(row["day"]), row["kind"]))
                    except (KeyError, TypeError, ValueError) as exc:
                        raise SimError(
                            f"{path}, line {line}: needs a date `day` and a `kind` ({exc})"
                        ) from exc
        except OSError as exc:
            raise SimError(f"cannot read the calendar {path}: {exc.strerror}") from exc
        return cls.of(rows)

    def kind(self, day: int) -> DayKind:
        """Return what makes the day differ."""
        return self.kinds.get(day, DayKind.ORDINARY)

    def factor(self, day: int, manners: Manners) -> float:
        """Return how much waste a place of this kind has on the day; 1 is an average day."""
        ordinary = manners.weekdays[weekday_of(day)]
        match self.kind(day):
            case DayKind.ORDINARY:
                return ordinary
            case DayKind.HOLIDAY:
                return manners.holiday
            case DayKind.BEFORE_FEAST:
                return ordinary * manners.before_feast
            case DayKind.FEAST:
                return manners.feast
            case DayKind.AFTER_FEAST:
                return ordinary * manners.after_feast

    def hours(self, day: int, manners: Manners) -> tuple[float, ...]:
        """Return the shape of the day by hour (WIB), with a mean of one.

        In Ramadan the day is quiet; waste comes at the breaking of the fast and before dawn.
        """
        if day not in self.ramadan:
            return manners.hours
        fasting = [hour * shift for hour, shift in zip(manners.hours, _RAMADAN, strict=True)]
        mean = sum(fasting) / 24
        return tuple(hour / mean for hour in fasting)


#: What Ramadan does to each hour: invented, but for when (after 17:30, and at 03 to 04).
_RAMADAN = (
    1.2, 1.2, 1.8, 3.0, 2.5, 1.2, 0.9, 0.8, 0.75, 0.7, 0.7, 0.65,
    0.6, 0.6, 0.65, 0.8, 1.0, 1.3, 1.6, 1.5, 1.3, 1.2, 1.2, 1.2,
)  # fmt: skip
#: The day's total in Ramadan: DKI Jakarta about +1 %.
RAMADAN_FACTOR = 1.01
