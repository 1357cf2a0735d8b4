"""What is wrong with changes: a sentence for people; field, name and a word for programs."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, Field

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


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with changes."""

    field: Annotated[str, Field(description="Of `Changes`; `underway.at` and the like")]
    code: Annotated[str | None, Field(description="The bin, vehicle or disposal site it is about")]
    why: FaultWord
    detail: Annotated[str, Field(description="In English")]

    def __str__(self) -> str:
        """Return the sentence."""
        return f"{self.field}: {self.detail}"


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
        return {"faults": [asdict(one) for one in self.faults[:MAX_FAULTS]]}


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
