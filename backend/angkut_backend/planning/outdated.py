"""Whether the registry still says what the routes of a plan rest on."""

from collections.abc import Collection, Iterable, Iterator
from types import SimpleNamespace
from typing import Any

from angkut_backend.db import Connection
from angkut_backend.forecast.loading import DistrictRow
from angkut_backend.planning.assembly import SQL, registered
from angkut_backend.planning.plan_document import Plan, StepKind
from angkut_backend.planning.problem import MAX_BINS, Problem

#: What a route relies on; a person may have changed other things of the problem.
_VEHICLE = ("kind", "depot", "access", "containers", "volume_l", "payload_kg")
_DEPOT = ("lon", "lat")
_SITE = ("lon", "lat", "opening")
_BIN = ("lon", "lat", "access", "container")


def outdated(
    conn: Connection, district: DistrictRow, problem: Problem, plan: Plan
) -> Iterator[str]:
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
    yield from _changed("vehicle", vehicles, problem.vehicles, now.vehicles, _VEHICLE)
    yield from _changed("depot", depots, problem.depots, now.depots, _DEPOT)
    yield from _changed("disposal site", sites, problem.disposal_sites, now.disposal_sites, _SITE)
    yield from _changed("bin", served, problem.bins, bins, _BIN)


def _changed(
    what: str,
    codes: Collection[str],
    before: Iterable[Any],
    now: Iterable[Any],
    fields: Iterable[str],
) -> Iterator[str]:
    there = {one.code: one for one in now}
    for old in before:
        if old.code not in codes:
            continue
        new = there.get(old.code)
        if new is None:
            yield f"there is no {what} {old.code} any more"
            continue
        for field in fields:
            was, has_become = getattr(old, field), getattr(new, field)
            if was != has_become:
                yield f"{what} {old.code}: {field} was {was} and is {has_become}"
