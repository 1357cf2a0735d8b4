"""What is known of the bins now, and how their levels went."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from operator import attrgetter
from typing import NamedTuple

from angkut_backend.db import Connection, load_queries
from angkut_backend.errors import BackendError, NotFoundError
from angkut_backend.quality.rules import DISTRUST

_SQL = load_queries("angkut_backend.readings")

#: A level is believed for so many of its device's intervals: two readings may get lost.
UNKNOWN_AFTER_INTERVALS = 3
#: Upper bounds of the classes, per cent of the mounting's span.
EMPTY_BELOW_PCT = 10.0
LOW_BELOW_PCT = 50.0
HALF_BELOW_PCT = 75.0
HIGH_BELOW_PCT = 90.0

DEFAULT_RANGE = timedelta(days=7)
#: A little more than a year, so that a year can be compared with the one before.
MAX_RANGE = timedelta(days=400)
MAX_BUCKETS = 1000
#: Lengths that people read on an axis; the longest takes `MAX_RANGE` in 800.
BUCKETS_S = (60, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200)
#: Buckets from here on, ranges of more than 41 days, come from the hourly roll-ups.
ROLLED_UP_S = 7200


class ReadingRangeError(BackendError):
    """This range of time cannot be asked for."""

    status = 422
    code = "malformed_input"


class FillClass(StrEnum):
    """A level in a word."""

    UNKNOWN = "unknown"
    EMPTY = "empty"
    LOW = "low"
    HALF = "half"
    HIGH = "high"
    FULL = "full"


_CLASSES = (
    (EMPTY_BELOW_PCT, FillClass.EMPTY),
    (LOW_BELOW_PCT, FillClass.LOW),
    (HALF_BELOW_PCT, FillClass.HALF),
    (HIGH_BELOW_PCT, FillClass.HIGH),
)


class BinState(NamedTuple):
    """A bin and the newest that is known of it.

    A tuple in the order of the columns of `list_bins`: 2,000 of them take 1 ms to make, where
    frozen dataclasses take 13.
    """

    bin_id: int
    code: str
    site_name: str
    area_code: str
    area_name: str
    container: str
    volume_l: int
    lon: float
    lat: float
    #: Some of what the registry says of it nobody surveyed.
    invented: bool
    #: When it can be emptied, as `registry.windows` writes it; `None`: at any time.
    collection_windows: str | None
    #: Newest trusted level; kept when it is too old to be believed.
    fill_pct: float | None
    trusted_at: datetime | None
    #: Newest sign of life, trusted or not.
    seen_at: datetime | None
    battery_mv: int | None
    #: Device mounted now.
    device_id: str | None
    #: Seconds between two readings.
    interval_s: int | None

    @property
    def unknown_after(self) -> datetime | None:
        """When the level gets too old to be believed."""
        if self.trusted_at is None or self.interval_s is None:
            return None
        return self.trusted_at + timedelta(seconds=UNKNOWN_AFTER_INTERVALS * self.interval_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelPoint:
    """The trusted readings within one bucket."""

    bucket_start: datetime
    mean_pct: float
    min_pct: float
    max_pct: float
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelHistory:
    """How a bin's level went; a bucket without trusted readings is missing."""

    code: str
    bucket_s: int
    points: list[LevelPoint]


@dataclass(frozen=True, slots=True)
class TimeRange:
    """From `since` up to, without, `until`."""

    since: datetime
    until: datetime

    @classmethod
    def of(cls, since: datetime | None, until: datetime | None, now: datetime) -> "TimeRange":
        """Fill in what was not asked for: the last seven days.

        Raises
        ------
        ReadingRangeError
            The range is empty, backwards or longer than `MAX_RANGE`.

        """
        until = until or now
        try:
            since = since or until - DEFAULT_RANGE
            length = until - since
        except OverflowError as exc:
            raise ReadingRangeError("to: there is no such time") from exc
        if length <= timedelta(0):
            raise ReadingRangeError(f"from: must be before to, {until.isoformat()}")
        if length > MAX_RANGE:
            raise ReadingRangeError(f"from: at most {MAX_RANGE.days} days before to")
        return cls(since, until)

    @property
    def bucket_s(self) -> int:
        """Length of the shortest buckets that keep the answer within `MAX_BUCKETS`."""
        length_s = (self.until - self.since).total_seconds()
        # One more than fit in: the range may begin and end within a bucket.
        return next(s for s in BUCKETS_S if length_s / s + 1 <= MAX_BUCKETS)


def fill_class(fill_pct: float | None, unknown_after: datetime | None, now: datetime) -> FillClass:
    """Return the word for a level that is believed up to a time."""
    if fill_pct is None or unknown_after is None or now >= unknown_after:
        return FillClass.UNKNOWN
    for below, word in _CLASSES:
        if fill_pct < below:
            return word
    return FillClass.FULL


def list_bins(
    conn: Connection, now: datetime, bin_ids: Sequence[int] | None = None
) -> list[BinState]:
    """Return all bins by code, or those with the given ids."""
    if bin_ids is None:
        return _bins(conn, "all_bins", {"now": now})
    return _bins(conn, "bins_of_ids", {"now": now, "bin_ids": list(bin_ids)})


def get_bin(conn: Connection, code: str, now: datetime) -> BinState:
    """Return one bin.

    Raises
    ------
    NotFoundError
        There is no bin with that code.

    """
    found = _bins(conn, "bin_of_code", {"now": now, "code": code})
    if not found:
        raise NotFoundError(f"there is no bin {code}")
    return found[0]


def bins_query(which: str) -> str:
    """Return the statement for `all_bins`, `bins_of_ids` or `bin_of_code`."""
    return _SQL["list_bins"].replace("{which}", _SQL[which])


def _bins(conn: Connection, which: str, values: Mapping[str, object]) -> list[BinState]:
    with conn.cursor(row_factory=lambda _cursor: BinState._make) as cursor:
        # Binary: to read 4,000 times from text takes longer than to find them. Read in one go: row
        # by row takes half as long again.
        states = cursor.execute(bins_query(which), values, binary=True).fetchall()
    # They come almost in order, so that this takes less than to have the database sort wide rows.
    states.sort(key=attrgetter("code"))
    return states


def level_history(conn: Connection, code: str, span: TimeRange) -> LevelHistory:
    """Return how the trusted level of a bin went.

    Raises
    ------
    NotFoundError
        There is no bin with that code.

    """
    found = conn.execute(_SQL["bin_id_of_code"], {"code": code}).fetchone()
    if found is None:
        raise NotFoundError(f"there is no bin {code}")
    values = {
        "bin_id": found["bin_id"],
        "since": span.since,
        "until": span.until,
        "bucket": timedelta(seconds=span.bucket_s),
        "distrust": int(DISTRUST),
    }
    query = "trusted_levels" if span.bucket_s < ROLLED_UP_S else "rolled_up_levels"
    points = [LevelPoint(**row) for row in conn.execute(_SQL[query], values)]
    return LevelHistory(code=code, bucket_s=span.bucket_s, points=points)
