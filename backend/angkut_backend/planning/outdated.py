"""Whether the registry still says what the routes of a plan rest on."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from types import SimpleNamespace
from typing import Annotated, Any

from pydantic import Field

from angkut_backend.db import Connection
from angkut_backend.forecast.loading import DistrictRow
from angkut_backend.planning.assembly import SQL, registered
from angkut_backend.planning.plan_document import Plan, StepKind
from angkut_backend.planning.problem import MAX_BINS, Problem, TimeWindow


class Part(StrEnum):
    """What a route rests on."""

    VEHICLE = "vehicle"
    DEPOT = "depot"
    DISPOSAL_SITE = "disposal_site"
    BIN = "bin"


class Trait(StrEnum):
    """What of it is other than the plan took it to be."""

    #: It is not in the registry any more.
    GONE = "gone"
    KIND = "kind"
    DEPOT = "depot"
    ACCESS = "access"
    CONTAINERS = "containers"
    CONTAINER = "container"
    VOLUME = "volume"
    PAYLOAD = "payload"
    PLACE = "place"
    OPENING = "opening"


@dataclass(frozen=True, slots=True)
class Outdated:
    """One thing that the routes rest on and that is not as it was."""

    part: Part
    code: str
    trait: Trait
    detail: Annotated[str, Field(description="In English")]


#: What a route relies on; a person may have changed other things of the problem.
_TRAITS: dict[Part, dict[Trait, tuple[str, ...]]] = {
    Part.VEHICLE: {
        Trait.KIND: ("kind",),
        Trait.DEPOT: ("depot",),
        Trait.ACCESS: ("access",),
        Trait.CONTAINERS: ("containers",),
        Trait.VOLUME: ("volume_l",),
        Trait.PAYLOAD: ("payload_kg",),
    },
    Part.DEPOT: {Trait.PLACE: ("lon", "lat")},
    Part.DISPOSAL_SITE: {Trait.PLACE: ("lon", "lat"), Trait.OPENING: ("opening",)},
    Part.BIN: {
        Trait.PLACE: ("lon", "lat"),
        Trait.ACCESS: ("access",),
        Trait.CONTAINER: ("container",),
    },
}


def outdated(
    conn: Connection, district: DistrictRow, problem: Problem, plan: Plan
) -> Iterator[Outdated]:
    """Say which vehicles, depots, disposal sites and bins of the routes are not as they were.

    Raises
    ------
    NothingToPlanError
        See `registered`.
    """
    now = registered(conn, district, problem.shift_start)
    values = {"district_id": district.district_id, "most": MAX_BINS}
    bins = [SimpleNamespace(**row) for row in conn.execute(SQL["bin_places"], values)]
    vehicles = {route.vehicle for route in plan.routes}
    depots = {one.depot for one in problem.vehicles if one.code in vehicles}
    steps = [step for route in plan.routes for step in route.steps]
    sites = {step.code for step in steps if step.kind is StepKind.UNLOAD}
    served = {step.code for step in steps if step.kind is StepKind.STOP}
    for part, codes, before, after in (
        (Part.VEHICLE, vehicles, problem.vehicles, now.vehicles),
        (Part.DEPOT, depots, problem.depots, now.depots),
        (Part.DISPOSAL_SITE, sites, problem.disposal_sites, now.disposal_sites),
        (Part.BIN, served, problem.bins, bins),
    ):
        yield from _changed(part, codes, before, after, problem)


def _changed(
    part: Part, codes: Collection[str], before: Iterable[Any], now: Iterable[Any], problem: Problem
) -> Iterator[Outdated]:
    there = {one.code: one for one in now}
    what = part.replace("_", " ")
    for old in before:
        if old.code not in codes:
            continue
        new = there.get(old.code)
        if new is None:
            yield Outdated(part, old.code, Trait.GONE, f"there is no {what} {old.code} any more")
            continue
        for trait, fields in _TRAITS[part].items():
            was, has_become = ([getattr(one, field) for field in fields] for one in (old, new))
            if was != has_become:
                values = (_said(was, problem), _said(has_become, problem))
                detail = f"{what} {old.code}: {trait} was {values[0]} and is {values[1]}"
                yield Outdated(part, old.code, trait, detail)


def _said(values: Iterable[object], problem: Problem) -> str:
    def said(value: object) -> str:
        if isinstance(value, TimeWindow):
            return " to ".join(f"{problem.moment(at):%H:%M}" for at in (value.from_s, value.to_s))
        if isinstance(value, tuple):
            return "/".join(value)
        return str(value)

    return ", ".join(map(said, values))
