"""What the documents of planning have in common."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

#: Of moments that are given: those around them are there in every zone.
_YEARS = range(1970, 3000)


class Document(BaseModel):
    """Immutable, finite numbers, no unknown fields: a typed plan is worth nothing otherwise."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


Code = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$")]
Longitude = Annotated[float, Field(ge=-180, le=180)]
Latitude = Annotated[float, Field(ge=-90, le=90)]
#: Bounds of a time in the shift; a running route may have begun before it.
EARLIEST_S, LATEST_S = -86_400, 3 * 86_400
#: Litres or kilograms.
MAX_LOAD = 1_000_000
#: Seconds from the start of the shift.
ShiftTime = Annotated[int, Field(ge=EARLIEST_S, le=LATEST_S)]
Seconds = Annotated[int, Field(ge=0, le=86_400)]
Litres = Annotated[int, Field(ge=0, le=MAX_LOAD)]
Kilograms = Annotated[int, Field(ge=0, le=MAX_LOAD)]
Rupiah = Annotated[float, Field(ge=0, le=100_000_000)]
Probability = Annotated[float, Field(ge=0, le=1)]


def _within_years(at: datetime) -> datetime:
    if at.year not in _YEARS:
        raise ValueError(f"year {at.year}: give one from {_YEARS.start} to {_YEARS.stop - 1}")
    return at


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as exc:
        # A folder of zones, and what is too long for a file's name, are OSErrors.
        raise ValueError(f"{name[:64]!r} is not an IANA time zone, such as Asia/Jakarta") from exc
    return name


def shift_time(since: timedelta) -> int:
    """Return what is since the start of the shift as a time in it, within the bounds of one."""
    return min(max(since // timedelta(seconds=1), EARLIEST_S), LATEST_S)


Moment = Annotated[AwareDatetime, AfterValidator(_within_years)]
#: IANA name.
Zone = Annotated[str, AfterValidator(_known_zone)]


class EarlierTrip(Document):
    """What a vehicle did between two unloadings in the plan that is being changed."""

    bins: Annotated[tuple[Code, ...], Field(max_length=1000)]
    disposal_site: Code


def unique(what: str, codes: Iterable[str]) -> set[str]:
    """Return codes as a set; raise ValueError if one is there twice."""
    seen: set[str] = set()
    for code in codes:
        if code in seen:
            raise ValueError(f"{what}: {code!r} is there twice; keep one")
        seen.add(code)
    return seen


def known(what: str, codes: Iterable[str], there: set[str]) -> None:
    """Raise ValueError if a code is not there."""
    for code in codes:
        if code not in there:
            raise ValueError(f"{what}: {code!r} is not in this problem; add it or leave it out")


def agreeing(
    first: Mapping[str, tuple[str, int]], locks: Iterable[tuple[str, str, int | None]]
) -> None:
    """Raise ValueError if a bin among the first of a vehicle is locked to another or elsewhere.

    Parameters
    ----------
    first
        Vehicle and place of each such bin.
    locks
        Bin, vehicle and perhaps place of each lock.
    """
    for code, locked, position in locks:
        vehicle, place = first.get(code, (locked, position))
        if vehicle != locked or (position or place) != place:
            at = f" at {position}" if position else ""
            raise ValueError(
                f"vehicle {vehicle}, fixed_first has {code!r} at {place}, but locks has it on "
                f"{locked}{at}: keep one of the two"
            )
