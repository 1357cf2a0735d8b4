"""The bins on the map, and the curve of one."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import AwareDatetime

from angkut_backend.accounts.access import SignedIn
from angkut_backend.clock import Now
from angkut_backend.pool import PoolDep
from angkut_backend.readings.schemas import (
    BinCollection,
    BinFeature,
    ReadingsOut,
    bin_feature,
    bins_json,
    readings_out,
)
from angkut_backend.readings.service import TimeRange, get_bin, level_history, list_bins

router = APIRouter(prefix="/bins", tags=["bins"])

BinCode = Annotated[
    str, Path(max_length=64, pattern=r"^\P{Cc}+$", description="As printed on the label")
]
Since = Annotated[
    AwareDatetime | None, Query(alias="from", description="Default: 7 days before `to`")
]
Until = Annotated[AwareDatetime | None, Query(alias="to", description="Default: now")]


@router.get("", response_model=BinCollection)
def get_bins(caller: SignedIn, pool: PoolDep, now: Now) -> Response:
    """All bins and the newest that is known of them."""
    with pool.connection() as conn:
        states = list_bins(conn, now)
    return Response(bins_json(states, caller.role, now), media_type="application/json")


@router.get("/{code}")
def get_one_bin(caller: SignedIn, pool: PoolDep, now: Now, code: BinCode) -> BinFeature:
    """One bin and the newest that is known of it."""
    with pool.connection() as conn:
        state = get_bin(conn, code, now)
    return BinFeature.model_validate(bin_feature(state, caller.role, now))


@router.get("/{code}/readings")
def get_bin_readings(
    _caller: SignedIn,
    pool: PoolDep,
    now: Now,
    code: BinCode,
    since: Since = None,
    until: Until = None,
) -> ReadingsOut:
    """Trusted levels of one bin, in at most 1000 buckets; at most 400 days."""
    span = TimeRange.of(since, until, now)
    with pool.connection() as conn:
        return readings_out(level_history(conn, code, span))
