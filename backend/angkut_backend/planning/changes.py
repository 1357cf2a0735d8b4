"""What a person changes in a plan, as a typed and bounded document; `revise` carries it out.

Positions and times are those of the plan that is made: position 1 is the first bin that a vehicle
serves in it, times are moments.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Self

from pydantic import AwareDatetime, Field, model_validator

from angkut_backend.planning.documents import (
    Code,
    Document,
    Kilograms,
    Latitude,
    Litres,
    Longitude,
    Moment,
)
from angkut_backend.planning.problem import MAX_BINS, MAX_SITES, MAX_STOPS, MAX_VEHICLES, Lock

#: Of a request with changes, in all: every bin locked, with codes of the greatest length.
MAX_CHANGES_BYTES = 1024 * 1024

Bins = Annotated[tuple[Code, ...], Field(max_length=MAX_BINS)]
Vehicles = Annotated[tuple[Code, ...], Field(max_length=MAX_VEHICLES)]


class FixedFirst(Document):
    """So many stops of a vehicle come first and in the order that they have; 0: none."""

    vehicle: Code
    stops: Annotated[int, Field(ge=0, le=MAX_STOPS)]


class BinHours(Document):
    """A bin can be reached from, until, or both: a market, a street that is closed."""

    bin: Code
    after: AwareDatetime | None = None
    before: AwareDatetime | None = None

    @model_validator(mode="after")
    def _some_time(self) -> Self:
        if self.after is None and self.before is None:
            raise ValueError(f"{self.bin}: say after, before or both")
        if self.after and self.before and self.after > self.before:
            raise ValueError(f"{self.bin}: after {self.after} is later than before {self.before}")
        return self


class LongerQueue(Document):
    """The queue of a disposal site is longer than usual at every hour; 0: as usual again."""

    disposal_site: Code
    extra_min: Annotated[int, Field(ge=0, le=600)]


class VehicleNow(Document):
    """What is known of a vehicle at the time; what is not given is as the plan says for then."""

    vehicle: Code
    lon: Longitude | None = None
    lat: Latitude | None = None
    load_kg: Kilograms | None = None
    load_l: Litres | None = None
    #: Bins that it has served in this shift; those of earlier reports may be named again.
    served: Annotated[tuple[Code, ...], Field(max_length=MAX_STOPS)] | None = None

    @model_validator(mode="after")
    def _whole_place(self) -> Self:
        if (self.lon is None) != (self.lat is None):
            raise ValueError(f"{self.vehicle}: give lon and lat, or neither")
        return self


class UnderwayNow(Document):
    """The shift at a moment: the plan that is made takes over then."""

    at: Moment
    #: Others are where the plan says.
    vehicles: Annotated[tuple[VehicleNow, ...], Field(max_length=MAX_VEHICLES)] = ()

    @model_validator(mode="after")
    def _reported_once(self) -> Self:
        _once("underway.vehicles", (one.vehicle for one in self.vehicles))
        _once("underway.served", (code for one in self.vehicles for code in one.served or ()))
        return self


class Changes(Document):
    """What is to be different. What was changed before stays so until it is unlocked."""

    #: These bins are served, by these vehicles.
    locks: Annotated[tuple[Lock, ...], Field(max_length=MAX_BINS)] = ()
    #: These stay.
    forbid: Bins = ()
    #: These are served, whatever the policy says of them.
    force: Bins = ()
    #: The same, because somebody complained.
    complaints: Bins = ()
    hours: Annotated[tuple[BinHours, ...], Field(max_length=MAX_BINS)] = ()
    #: All that was said of these bins before is taken back.
    unlock: Bins = ()
    fixed_first: Annotated[tuple[FixedFirst, ...], Field(max_length=MAX_VEHICLES)] = ()
    #: These vehicles do not drive, or not on.
    without: Vehicles = ()
    #: They do again.
    again: Vehicles = ()
    queues: Annotated[tuple[LongerQueue, ...], Field(max_length=MAX_SITES)] = ()
    #: Replan in the middle of the shift.
    underway: UnderwayNow | None = None
    #: Read levels anew; when vehicles are under way they always are.
    fresh: bool = False

    @model_validator(mode="after")
    def _no_contradiction(self) -> Self:
        locked = [one.bin for one in self.locks]
        _once("locks", locked)
        for name in ("forbid", "force", "complaints", "unlock", "without", "again"):
            _once(name, getattr(self, name))
        _once("hours", (one.bin for one in self.hours))
        _once("fixed_first", (one.vehicle for one in self.fixed_first))
        _once("queues", (one.disposal_site for one in self.queues))
        wanted = {*locked, *self.force, *self.complaints}
        _apart("forbid", self.forbid, "locked, forced or asked for", wanted)
        said = {*wanted, *self.forbid, *(one.bin for one in self.hours)}
        _apart("unlock", self.unlock, "changed", said)
        _apart("force", self.force, "among the complaints", set(self.complaints))
        _apart("without", self.without, "driving again", set(self.again))
        gone = set(self.without)
        _apart("locks", (one.vehicle for one in self.locks), "taken out", gone)
        _apart("fixed_first", (one.vehicle for one in self.fixed_first), "taken out", gone)
        places = [(one.vehicle, one.position) for one in self.locks if one.position]
        for (vehicle, position), count in Counter(places).items():
            if count > 1:
                raise ValueError(f"locks: {count} bins at position {position} of {vehicle}")
        return self


def _once(what: str, codes: Iterable[str]) -> None:
    for code, count in Counter(codes).items():
        if count > 1:
            raise ValueError(f"{what}: {code!r} is there {count} times; keep one")


def _apart(what: str, codes: Iterable[str], other: str, others: set[str]) -> None:
    for code in codes:
        if code in others:
            raise ValueError(f"{what}: {code!r} is also {other}; keep one of the two")
