"""Forecasts as the API shows them."""

from datetime import datetime, timedelta
from typing import Annotated

from pydantic import BaseModel, Field

from angkut_backend.forecast.predict import QUANTILES
from angkut_backend.forecast.service import KEPT_H, BinForecast


class QuantileOut(BaseModel):
    """A level that is not passed with a probability."""

    share: float
    #: It may pass 100: what does not fit stands beside the bin.
    fill_pct: float


class ForecastPointOut(BaseModel):
    """What is expected at a time if nobody empties the bin before."""

    at: datetime
    hours: Annotated[int, Field(description="After `from_at`")]
    quantiles: list[QuantileOut]
    overflow_probability: float
    overflow_h: Annotated[float, Field(description="Expected hours of overflow until then")]


class ForecastOut(BaseModel):
    """The newest forecast of a bin."""

    bin_code: str
    issued_at: datetime
    from_at: Annotated[datetime, Field(description="End of the hour in which it was made")]
    level_age_h: Annotated[float | None, Field(description="Of the newest trusted level")]
    trusted: Annotated[bool, Field(description="It rests on a level of the last 24 hours")]
    full_at: Annotated[
        datetime | None, Field(description="As likely sooner as later; null: not within 72 hours")
    ]
    points: list[ForecastPointOut]


def forecast_out(found: BinForecast) -> ForecastOut:
    """Say it with times."""
    to_full = found.to_full_h
    return ForecastOut(
        bin_code=found.bin_code,
        issued_at=found.issued_at,
        from_at=found.from_at,
        level_age_h=found.level_age_h,
        trusted=found.is_trusted,
        full_at=None if to_full is None else found.from_at + timedelta(hours=to_full),
        points=[
            ForecastPointOut(
                at=found.from_at + timedelta(hours=hours),
                hours=hours,
                quantiles=[
                    QuantileOut(share=share, fill_pct=level)
                    for share, level in zip(QUANTILES, found.level_pct[index], strict=True)
                ],
                overflow_probability=found.overflow_probability[index],
                overflow_h=found.overflow_h[index],
            )
            for index, hours in enumerate(KEPT_H)
        ],
    )
