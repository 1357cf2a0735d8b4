"""What the roll-ups say of all bins at once; docs/decisions/0010-rollups.md says what they are."""

from dataclasses import dataclass
from datetime import date, datetime

from angkut_backend.db import Connection, load_queries
from angkut_backend.readings.service import TimeRange

_SQL = load_queries("angkut_backend.readings")


@dataclass(frozen=True, slots=True, kw_only=True)
class HourLevels:
    """The bins with a trusted reading in a UTC hour, and the mean level of each, in one order."""

    bucket: datetime
    bin_ids: list[int]
    mean_pct: list[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class DayFigures:
    """All bins in an operational day, 04:00 to 04:00 WIB."""

    day: date
    #: Bins with at least one reading.
    bins: int
    n: int
    trusted_n: int
    mean_pct: float | None
    #: Seconds, summed over the bins, for which the level is known; and at 90 %, 100 % or more.
    known_s: float
    over_90_s: float
    over_100_s: float


def hourly_levels(conn: Connection, span: TimeRange) -> list[HourLevels]:
    """Return the mean levels of all bins in every hour that starts within the range."""
    values = {"since": span.since, "until": span.until}
    rows = conn.execute(_SQL["hourly_levels"], values, binary=True)
    return [HourLevels(**row) for row in rows]


def daily_figures(conn: Connection, span: TimeRange) -> list[DayFigures]:
    """Return what all bins did on every operational day that starts within the range."""
    values = {"since": span.since, "until": span.until}
    return [DayFigures(**row) for row in conn.execute(_SQL["daily_figures"], values)]
