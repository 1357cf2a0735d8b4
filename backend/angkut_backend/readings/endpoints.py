"""The bins on the map, the curve of one, and what all did day by day."""

from fastapi import APIRouter, Response

from angkut_backend.accounts.access import SignedIn
from angkut_backend.clock import Now
from angkut_backend.params import BinCode, Since, Until
from angkut_backend.pool import PoolDep
from angkut_backend.readings.figures import daily_figures
from angkut_backend.readings.schemas import (
    BinCollection,
    BinFeature,
    DaysOut,
    ReadingsOut,
    bin_feature,
    bins_json,
    days_out,
    readings_out,
)
from angkut_backend.readings.service import TimeRange, get_bin, level_history, list_bins

router = APIRouter(tags=["bins"])


@router.get("/bins", response_model=BinCollection)
def get_bins(caller: SignedIn, pool: PoolDep, now: Now) -> Response:
    """All bins and the newest that is known of them."""
    with pool.connection() as conn:
        states = list_bins(conn, now)
    return Response(bins_json(states, caller.role, now), media_type="application/json")


@router.get("/bins/{code}")
def get_one_bin(caller: SignedIn, pool: PoolDep, now: Now, code: BinCode) -> BinFeature:
    """One bin and the newest that is known of it."""
    with pool.connection() as conn:
        state = get_bin(conn, code, now)
    return BinFeature.model_validate(bin_feature(state, caller.role, now))


@router.get("/bins/{code}/readings")
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


@router.get("/days")
def get_days(
    _caller: SignedIn, pool: PoolDep, now: Now, since: Since = None, until: Until = None
) -> DaysOut:
    """What all bins together did on each operational day (04:00 to 04:00 WIB); at most 400 days.

    The days that begin within the range; the one in progress as far as it is known.
    """
    span = TimeRange.of(since, until, now)
    with pool.connection() as conn:
        return days_out(daily_figures(conn, span))
