"""What is wrong with changes: a sentence for people; field, name and a word for programs."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, Field, TypeAdapter

from angkut_backend.errors import BackendError

#: Sentences in one error at most.
_MOST_SENTENCES = 20
#: Faults in one answer at most.
MAX_FAULTS = 500


class FaultWord(StrEnum):
    """Why a change cannot be made."""

    #: There is no such bin, vehicle or disposal site in this plan.
    UNKNOWN = "unknown"
    #: The bin has been served, or is being served when the plan takes over.
    SERVED = "served"
    OUTSIDE_SHIFT = "outside_shift"
    #: Before the plan itself begins.
    BEFORE_PLAN = "before_plan"
    #: The vehicle was taken out.
    NOT_DRIVING = "not_driving"
    ALLEY = "alley"
    CONTAINER = "container"
    TOO_LARGE = "too_large"
    #: A person keeps bin and vehicle apart.
    KEPT_APART = "kept_apart"
    #: No vehicle can serve the bin.
    NO_VEHICLE = "no_vehicle"
    #: The vehicle makes fewer stops.
    NO_POSITION = "no_position"
    #: Another stop is fixed there, or this one is fixed elsewhere.
    POSITION_FIXED = "position_fixed"
    #: The vehicle has fewer stops left.
    FEWER_STOPS = "fewer_stops"
    #: There is no road where the vehicle was reported.
    OFF_ROAD = "off_road"


class FaultField(StrEnum):
    """Which of the `Changes` is wrong."""

    LOCKS = "locks"
    HOURS = "hours"
    FORBID = "forbid"
    FORCE = "force"
    COMPLAINTS = "complaints"
    UNLOCK = "unlock"
    FIXED_FIRST = "fixed_first"
    WITHOUT = "without"
    AGAIN = "again"
    QUEUES = "queues"
    UNDERWAY_AT = "underway.at"
    UNDERWAY_SERVED = "underway.served"
    UNDERWAY_VEHICLES = "underway.vehicles"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with changes; what it does not need of the last fields is null."""

    field: FaultField
    code: Annotated[str | None, Field(description="The bin, vehicle or disposal site it is about")]
    why: FaultWord
    detail: Annotated[str, Field(description="In English")]
    vehicle: Annotated[str | None, Field(description="That serves the bin, or should")] = None
    stops: Annotated[int | None, Field(description="So many it has, makes, or has fixed")] = None
    position: Annotated[int | None, Field(description="Where the bin is fixed")] = None
    from_at: Annotated[datetime | None, Field(description="When shift or plan begins")] = None
    until_at: Annotated[datetime | None, Field(description="When the shift ends")] = None

    def __str__(self) -> str:
        """Return the sentence."""
        return f"{self.field}: {self.detail}"


_FAULTS = TypeAdapter(tuple[Fault, ...])


class ChangesError(BackendError):
    """These changes cannot be made; says which, and why."""

    status = 422
    code = "bad_changes"

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        sentences = [str(one) for one in self.faults[:_MOST_SENTENCES]]
        rest = len(self.faults) - len(sentences)
        super().__init__("; ".join([*sentences, *([f"and {rest} more"] if rest else [])]))

    def more(self) -> dict[str, object]:
        """Return the faults."""
        return {"faults": _FAULTS.dump_python(self.faults[:MAX_FAULTS], mode="json")}


class RefusedOut(BaseModel):
    """Why changes were not taken."""

    error: Annotated[str, Field(description="`bad_changes`, or `malformed_input` without faults")]
    detail: str
    faults: list[Fault] = []


#: What endpoints that take changes may answer.
REFUSED: dict[int | str, dict[str, Any]] = {
    422: {"model": RefusedOut, "description": "What is wrong with the changes"}
}


def refuse(found: Iterable[Fault]) -> None:
    """Raise if something is wrong.

    Raises
    ------
    ChangesError
        With everything that is wrong.
    """
    wrong = tuple(found)
    if wrong:
        raise ChangesError(wrong)
