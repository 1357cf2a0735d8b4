"""Which shifts can be planned: from the one in progress to as far as forecasts reach."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from angkut_backend.errors import BackendError
from angkut_backend.forecast.loading import DistrictRow
from angkut_backend.forecast.predict import HORIZON_H
from angkut_backend.planning.district import SHIFT_BEGINS, SHIFT_S
from angkut_backend.planning.outlook import NEXT_H

_HOUR_S = 3600


class ShiftError(BackendError):
    """A plan cannot be made for this day."""

    code = "bad_shift"


def check_day(district: DistrictRow, day: date, now: datetime) -> None:
    """Say at once that a day is no day to plan for.

    Raises
    ------
    ShiftError
        It is over, or further ahead than forecasts reach.
    """
    from_at = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    hours_ahead(shift_of(district, day), from_at, now)


def next_day(district: DistrictRow, now: datetime) -> date:
    """Return the local day of the next shift; one that has begun is not meant by itself."""
    today = now.astimezone(ZoneInfo(district.timezone)).date()
    return today if now < shift_of(district, today) else today + timedelta(days=1)


def shift_of(district: DistrictRow, day: date) -> datetime:
    """Return when the shift of a local day begins."""
    return datetime.combine(day, SHIFT_BEGINS, ZoneInfo(district.timezone))


def end_of(shift: datetime) -> datetime:
    """Return when a shift is over."""
    return shift + timedelta(seconds=SHIFT_S)


def hours_ahead(shift: datetime, from_at: datetime, now: datetime) -> int:
    """Return how many hours after its beginning a forecast reaches a shift; it may be negative.

    Raises
    ------
    ShiftError
        It is over, or further ahead than forecasts reach.
    """
    end = end_of(shift)
    if now >= end:
        raise ShiftError(
            f"the shift of {shift:%Y-%m-%d} is over since {end:%Y-%m-%d %H:%M}: "
            "plan for a later day"
        )
    ahead_h = round((shift - from_at).total_seconds() / _HOUR_S)
    if ahead_h + NEXT_H > HORIZON_H:
        last = (from_at + timedelta(hours=HORIZON_H - NEXT_H)).astimezone(shift.tzinfo)
        raise ShiftError(
            f"forecasts do not reach {shift:%Y-%m-%d}: plan for a shift that begins "
            f"before {last:%Y-%m-%d %H:%M}"
        )
    return ahead_h
