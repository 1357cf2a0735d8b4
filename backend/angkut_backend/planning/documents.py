"""What the documents of planning have in common."""

from collections.abc import Iterable
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Document(BaseModel):
    """Immutable, finite numbers, no unknown fields: a typed plan is worth nothing otherwise."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


Code = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$")]
Longitude = Annotated[float, Field(ge=-180, le=180)]
Latitude = Annotated[float, Field(ge=-90, le=90)]
#: Seconds from the start of the shift; a running route may have begun before it.
ShiftTime = Annotated[int, Field(ge=-86_400, le=3 * 86_400)]
Seconds = Annotated[int, Field(ge=0, le=86_400)]
Litres = Annotated[int, Field(ge=0, le=1_000_000)]
Kilograms = Annotated[int, Field(ge=0, le=1_000_000)]
Rupiah = Annotated[float, Field(ge=0, le=100_000_000)]
Probability = Annotated[float, Field(ge=0, le=1)]


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
