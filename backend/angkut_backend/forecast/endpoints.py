"""How full a bin will be, over HTTP."""

from fastapi import APIRouter

from angkut_backend.accounts.access import SignedIn
from angkut_backend.forecast.schemas import ForecastOut, forecast_out
from angkut_backend.forecast.service import latest
from angkut_backend.params import BinCode
from angkut_backend.pool import PoolDep

router = APIRouter(prefix="/bins/{code}", tags=["bins"])


@router.get("/forecast")
def get_bin_forecast(_caller: SignedIn, pool: PoolDep, code: BinCode) -> ForecastOut:
    """The newest forecast: levels with their uncertainty up to three days ahead."""
    with pool.connection() as conn:
        return forecast_out(latest(conn, code))
