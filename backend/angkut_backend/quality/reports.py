"""What the quality of readings adds up to: a bin's days, and its collections."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from angkut_backend.db import Connection, load_queries
from angkut_backend.errors import NotFoundError
from angkut_backend.quality.rules import LATE_DAY_WEIGHT, LATE_INTERVALS

_SQL = load_queries("angkut_backend.quality")

#: The operational day begins at 04:00 WIB: docs/decisions/0010-rollups.md.
_DAY = timedelta(days=1)
_DAY_BEGINS = timedelta(hours=21)
_WIB = timedelta(hours=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayQuality:
    """How much one operational day of one bin can be relied on."""

    day: date
    #: Readings owed by the interval of the device.
    expected_n: float
    n: int
    trusted_n: int
    #: From observed to received, seconds; None without readings.
    latency_mean_s: float | None
    latency_max_s: float | None

    @property
    def completeness(self) -> float:
        """Return the share of the owed readings that came; more than owed is no more than all."""
        return min(1.0, self.n / self.expected_n) if self.expected_n else 0.0

    @property
    def trusted_share(self) -> float:
        """Return the share of the readings that came whose level is believed."""
        return self.trusted_n / self.n if self.n else 0.0

    @property
    def is_late(self) -> bool:
        """Tell whether the readings were no news when they came."""
        if self.latency_mean_s is None or not self.expected_n:
            return False
        interval_s = _DAY.total_seconds() / self.expected_n
        return self.latency_mean_s > LATE_INTERVALS * interval_s

    @property
    def score(self) -> float:
        """Return 0 (nothing is known of this day) to 1."""
        return self.completeness * self.trusted_share * (LATE_DAY_WEIGHT if self.is_late else 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """A bin was emptied between two times."""

    bin_code: str
    #: `level`: seen in the level.
    source: str
    before_at: datetime
    after_at: datetime
    before_pct: float | None
    after_pct: float | None
    confidence: float


def daily_quality(conn: Connection, bin_code: str, *, days: int, now: datetime) -> list[DayQuality]:
    """Return the quality of a bin's latest days, the one in progress last.

    From the roll-ups, so seconds behind what arrives. Days before the first mounting owe nothing.

    Raises
    ------
    NotFoundError
        There is no bin with that code.

    """
    values = {"code": bin_code, "first": _day_start(now) - (days - 1) * _DAY, "now": now}
    rows = conn.execute(_SQL["daily_quality"], values).fetchall()
    if not rows:
        raise NotFoundError(f"there is no bin {bin_code}")
    return [
        DayQuality(day=(row.pop("since") + _WIB).date(), **row)
        for row in rows
        if row["expected_n"] or row["n"]
    ]


def list_collections(
    conn: Connection,
    *,
    bin_code: str | None,
    since: datetime,
    until: datetime,
    min_confidence: float = 0.0,
) -> list[Collection]:
    """Return collections whose first reading after lies within [since, until), by time."""
    values = {
        "code": bin_code,
        "since": since,
        "until": until,
        "confidence": min_confidence,
    }
    return [Collection(**row) for row in conn.execute(_SQL["list_collections"], values)]


def bin_collections(
    conn: Connection, bin_code: str, *, since: datetime, until: datetime, min_confidence: float
) -> list[Collection]:
    """Return collections of one bin, as `list_collections`.

    Raises
    ------
    NotFoundError
        There is no bin with that code.

    """
    found = list_collections(
        conn, bin_code=bin_code, since=since, until=until, min_confidence=min_confidence
    )
    if not found and not conn.execute(_SQL["is_bin"], {"code": bin_code}).rowcount:
        raise NotFoundError(f"there is no bin {bin_code}")
    return found


def _day_start(at: datetime) -> datetime:
    shifted = at - _DAY_BEGINS
    return at - timedelta(seconds=shifted.timestamp() % _DAY.total_seconds())
