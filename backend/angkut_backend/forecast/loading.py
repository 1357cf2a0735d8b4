"""A district's history from the database, as the columns that a forecast learns from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from angkut_backend.db import Connection, load_queries
from angkut_backend.forecast.history import History, Ints
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
#: What `array_send` writes of an array without nulls: a header, then each element with its length;
#: times are microseconds since 2000.
_HEADER_BYTES = 20
_TIMES = np.dtype([("bytes", ">i4"), ("at_us", ">i8")])
_LEVELS = np.dtype([("bytes", ">i4"), ("pct", ">f4")])
_TIMES_SINCE = datetime(2000, 1, 1, tzinfo=UTC)


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
    number = {bin_id: index for index, bin_id in enumerate(bin_ids)}
    hours = past_h + HORIZON_H + 1
    level = np.full((len(rows), hours), np.nan)
    emptied = np.zeros((len(rows), hours), dtype=bool)
    span = {"since": since, "until": from_at, "bins": bin_ids}
    since_us = (since - _TIMES_SINCE) // timedelta(microseconds=1)
    with conn.cursor(binary=True) as cursor:
        for row in cursor.execute(SQL["levels"], span):
            at_us = np.frombuffer(row["times"], _TIMES, offset=_HEADER_BYTES)["at_us"]
            hour = (at_us - since_us) // (HOUR // timedelta(microseconds=1))
            levels = np.frombuffer(row["levels"], _LEVELS, offset=_HEADER_BYTES)
            level[number[row["bin_id"]], hour] = levels["pct"]
    for row in conn.execute(SQL["emptyings"], span | {"confidence": _CONFIDENCE}):
        index, hour = number[row["bin_id"]], row["hour"]
        emptied[index, hour] = True
        if row["found_pct"] is not None and hour > 0 and np.isnan(level[index, hour - 1]):
            level[index, hour - 1] = row["found_pct"]
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
