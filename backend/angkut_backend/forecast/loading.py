"""A district's history from the database, as the columns that a forecast learns from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from angkut_backend.db import Connection, load_queries
from angkut_backend.forecast.history import History, Ints, Mask
from angkut_backend.forecast.model import group_numbers
from angkut_backend.forecast.predict import HORIZON_H

SQL = load_queries("angkut_backend.forecast")

#: What is learned from, hours. Longer, and a bin's past would hide its present.
HISTORY_H = 35 * 24
HOUR = timedelta(hours=1)
#: Kinds of day in the order of their numbers; of two on one day the later here counts.
DAY_KINDS = ("ordinary", "ramadan", "city_event", "public_holiday", "idul_fitri")
#: An emptying that is less certain is taken for what the level says, not for an emptying.
_CONFIDENCE = 0.5
#: How the queries pack their columns, in the byte order of the network.
_LEVELS = np.dtype([("bin_id", ">i4"), ("pct", ">f4")])
_EMPTYINGS = np.dtype([("bin_id", ">i4"), ("hour", ">i4"), ("found_pct", ">f4")])


@dataclass(frozen=True, slots=True)
class DistrictRow:
    """A district that has bins."""

    district_id: int
    code: str
    timezone: str


@dataclass(frozen=True, slots=True)
class Loaded:
    """A history with its keys in the database."""

    history: History
    #: In the order of the history's bins.
    bin_ids: list[int]
    groups: list[str]
    #: When the hour begins from which forecasts start: the end of the hour in progress.
    from_at: datetime
    #: The number of that hour.
    now_h: int


def districts(conn: Connection) -> list[DistrictRow]:
    """Return the districts that have bins."""
    return [DistrictRow(**row) for row in conn.execute(SQL["districts"])]


def load(
    conn: Connection, district: DistrictRow, now: datetime, *, past_h: int = HISTORY_H
) -> Loaded:
    """Read levels and emptyings of so many hours, and the calendar three days ahead.

    The hour in progress counts as the last one known, with what came so far.
    """
    from_at = now.replace(minute=0, second=0, microsecond=0) + HOUR
    since = from_at - past_h * HOUR
    rows = conn.execute(SQL["bins"], {"district_id": district.district_id}).fetchall()
    bin_ids = [row["bin_id"] for row in rows]
    groups = [row["fill_group"] for row in rows]
    hours = past_h + HORIZON_H + 1
    level = np.full((hours, len(rows)), np.nan)
    emptied = np.zeros((len(rows), hours), dtype=bool)
    place = _Places.of(bin_ids)
    span = {"since": since, "until": from_at, "low": place.low, "high": place.high}
    with conn.cursor(binary=True) as cursor:
        for row in cursor.execute(SQL["levels"], span):
            known = np.frombuffer(row["levels"], _LEVELS)
            index, here = place.find(known["bin_id"])
            level[(row["bucket"] - since) // HOUR, index] = known["pct"][here]
        told = cursor.execute(SQL["emptyings"], span | {"confidence": _CONFIDENCE}).fetchone()
    level = np.ascontiguousarray(level.T)
    found = np.frombuffer((told and told["emptyings"]) or b"", _EMPTYINGS)
    index, here = place.find(found["bin_id"])
    hour, found_pct = found["hour"][here], found["found_pct"][here]
    emptied[index, hour] = True
    new = ~np.isnan(found_pct) & (hour > 0)
    new &= np.isnan(level[index, hour - 1])
    level[index[new], hour[new] - 1] = found_pct[new]
    zone = ZoneInfo(district.timezone)
    local = [(since + hour * HOUR).astimezone(zone) for hour in range(hours)]
    kinds = _day_kinds(conn, district, local[0].date(), local[-1].date())
    history = History(
        tuple(row["code"] for row in rows),
        group_numbers(groups),
        level,
        emptied,
        _numbers([at.weekday() * 24 + at.hour for at in local]),
        _numbers([kinds.get(at.date(), 0) for at in local]),
    )
    return Loaded(history, bin_ids, groups, from_at, past_h)


@dataclass(frozen=True, slots=True)
class _Places:
    """Rows of bins by their keys, as an array: one lookup for all bins of an hour."""

    low: int
    high: int
    #: From `low` to `high`; -1: not a bin of this district.
    row: Ints

    @classmethod
    def of(cls, bin_ids: list[int]) -> "_Places":
        low, high = min(bin_ids, default=1), max(bin_ids, default=0)
        row = np.full(high - low + 1, -1, dtype=np.int64)
        row[np.array(bin_ids, dtype=np.int64) - low] = np.arange(len(bin_ids))
        return cls(low, high, row)

    def find(self, bin_ids: NDArray[np.int32]) -> tuple[Ints, Mask]:
        """Return the rows of those that are of this district, and which of them are, [n]."""
        row = self.row[bin_ids - self.low]
        here = row >= 0
        return row[here], here


def _numbers(values: list[int]) -> Ints:
    return np.array(values, dtype=np.int64)


def _day_kinds(
    conn: Connection, district: DistrictRow, first: date, last: date
) -> Mapping[date, int]:
    span = {"district_id": district.district_id, "first": first, "last": last}
    kinds: dict[date, int] = {}
    for row in conn.execute(SQL["days"], span):
        kinds[row["day"]] = max(kinds.get(row["day"], 0), DAY_KINDS.index(row["kind"]))
    return kinds
