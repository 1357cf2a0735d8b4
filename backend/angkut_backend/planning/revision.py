"""What people have said of a shift so far, kept with each plan that came of it."""

from typing import Annotated

from pydantic import AwareDatetime, Field

from angkut_backend.planning.changes import BinHours, Bins, Changes, LongerQueue, Vehicles
from angkut_backend.planning.documents import Code, Document
from angkut_backend.planning.notes import Notes
from angkut_backend.planning.problem import (
    MAX_BINS,
    MAX_SITES,
    MAX_VEHICLES,
    Bin,
    DisposalSite,
    Lock,
    Vehicle,
)


class ServedBy(Document):
    """What a vehicle has served before the plan took over."""

    vehicle: Code
    bins: Annotated[tuple[Code, ...], Field(max_length=MAX_BINS)]


class Standing(Document):
    """What holds; the names are those of `Changes`."""

    locks: Annotated[tuple[Lock, ...], Field(max_length=MAX_BINS)] = ()
    forbid: Bins = ()
    force: Bins = ()
    complaints: Bins = ()
    hours: Annotated[tuple[BinHours, ...], Field(max_length=MAX_BINS)] = ()
    without: Vehicles = ()
    queues: Annotated[tuple[LongerQueue, ...], Field(max_length=MAX_SITES)] = ()
    served: Annotated[tuple[ServedBy, ...], Field(max_length=MAX_VEHICLES)] = ()
    #: When the plan took over from the one before; `None`: it is of the whole shift.
    taken_over_at: AwareDatetime | None = None

    @property
    def server_of(self) -> dict[str, str]:
        """Return the vehicle of each bin that was served before the plan took over."""
        return {code: one.vehicle for one in self.served for code in one.bins}


class Replaced(Document):
    """What stood in the problem in the place of what people said, so that it can be taken back."""

    bins: tuple[Bin, ...] = ()
    vehicles: tuple[Vehicle, ...] = ()
    disposal_sites: tuple[DisposalSite, ...] = ()


class Revision(Document):
    """What was asked for, and what it led to."""

    asked: Changes
    standing: Standing
    replaced: Replaced = Replaced()
    #: What of earlier changes could not be kept.
    notes: Notes = ()
