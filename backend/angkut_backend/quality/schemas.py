"""Collections and the quality of days over HTTP."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel

from angkut_backend.quality.reports import Collection, DayQuality


class CollectionOut(BaseModel):
    """A bin was emptied between two times, wholly or in part."""

    #: `level`: seen in the level; `crew`: reported.
    source: Literal["level", "crew"]
    #: The last trusted reading before and the first one after.
    before_at: datetime
    after_at: datetime
    #: Their levels, per cent.
    before_pct: float | None
    after_pct: float | None
    #: 0 to 1.
    confidence: float


class CollectionsOut(BaseModel):
    """Collections of one bin, the oldest first."""

    code: str
    collections: list[CollectionOut]


class DayQualityOut(BaseModel):
    """How much one operational day (04:00 to 04:00 WIB) of a bin can be relied on."""

    day: date
    #: Readings owed by the interval of the device, up to now on the day in progress.
    expected_n: float
    n: int
    #: Of those that came, whose level is believed.
    trusted_n: int
    #: Shares, 0 to 1: came of owed, believed of came.
    completeness: float
    trusted_share: float
    #: From observed to received, seconds; null without readings.
    latency_mean_s: float | None
    latency_max_s: float | None
    #: They were no news when they came.
    late: bool
    #: 0 (nothing is known of this day) to 1.
    score: float


class QualityOut(BaseModel):
    """Days of one bin, the latest last; those on which it owed nothing and sent nothing are out."""

    code: str
    days: list[DayQualityOut]


def collections_out(code: str, collections: Iterable[Collection]) -> CollectionsOut:
    """Show collections of a bin."""
    return CollectionsOut(
        code=code,
        collections=[
            CollectionOut(
                source="crew" if found.source == "crew" else "level",
                before_at=found.before_at,
                after_at=found.after_at,
                before_pct=_rounded(found.before_pct),
                after_pct=_rounded(found.after_pct),
                confidence=round(found.confidence, 2),
            )
            for found in collections
        ],
    )


def quality_out(code: str, days: Iterable[DayQuality]) -> QualityOut:
    """Show days of a bin."""
    return QualityOut(
        code=code,
        days=[
            DayQualityOut(
                day=day.day,
                expected_n=round(day.expected_n, 1),
                n=day.n,
                trusted_n=day.trusted_n,
                completeness=round(day.completeness, 3),
                trusted_share=round(day.trusted_share, 3),
                latency_mean_s=_rounded(day.latency_mean_s),
                latency_max_s=_rounded(day.latency_max_s),
                late=day.is_late,
                score=round(day.score, 3),
            )
            for day in days
        ],
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
