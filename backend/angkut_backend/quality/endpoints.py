"""When a bin was emptied, and how far its days can be relied on."""

from typing import Annotated

from fastapi import APIRouter, Query

from angkut_backend.accounts.access import SignedIn
from angkut_backend.clock import Now
from angkut_backend.params import BinCode, Since, Until
from angkut_backend.pool import PoolDep
from angkut_backend.quality.reports import bin_collections, daily_quality
from angkut_backend.quality.schemas import (
    CollectionsOut,
    QualityOut,
    collections_out,
    quality_out,
)
from angkut_backend.readings.service import MAX_RANGE, TimeRange

router = APIRouter(prefix="/bins/{code}", tags=["bins"])

Days = Annotated[
    int, Query(ge=1, le=MAX_RANGE.days, description="How many, with the one in progress")
]
Confidence = Annotated[float, Query(ge=0, le=1, description="Leave out what is less certain")]


@router.get("/collections")
def get_bin_collections(
    _caller: SignedIn,
    pool: PoolDep,
    now: Now,
    code: BinCode,
    since: Since = None,
    until: Until = None,
    min_confidence: Confidence = 0,
) -> CollectionsOut:
    """Emptyings whose first reading after lies within the range; at most 400 days."""
    span = TimeRange.of(since, until, now)
    with pool.connection() as conn:
        found = bin_collections(
            conn, code, since=span.since, until=span.until, min_confidence=min_confidence
        )
    return collections_out(code, found)


@router.get("/quality")
def get_bin_quality(
    _caller: SignedIn, pool: PoolDep, now: Now, code: BinCode, days: Days = 30
) -> QualityOut:
    """The latest days: what was owed, what came, what of it is believed."""
    with pool.connection() as conn:
        return quality_out(code, daily_quality(conn, code, days=days, now=now))
