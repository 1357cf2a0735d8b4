"""Where vehicles are in the middle of a shift, over HTTP: what a replanning takes them to be."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from angkut_backend.accounts.access import Staff
from angkut_backend.planning import records
from angkut_backend.planning.changes import UnderwayNow
from angkut_backend.planning.documents import Moment
from angkut_backend.planning.faults import REFUSED
from angkut_backend.planning.keeping import refuse_off_roads
from angkut_backend.planning.plan_document import StepKind
from angkut_backend.planning.points import starts_of
from angkut_backend.planning.problem import Depot, Problem, Underway
from angkut_backend.planning.progress import Progress
from angkut_backend.planning.records import PlanRecord
from angkut_backend.planning.revise import progress_at
from angkut_backend.pool import PoolDep
from angkut_backend.roads.service import Roads
from angkut_backend.settings import Settings

router = APIRouter(prefix="/plans", tags=["plans"], responses=REFUSED)


class StepAtOut(BaseModel):
    """A step of the plan."""

    model_config = ConfigDict(from_attributes=True)

    kind: StepKind
    code: Annotated[str, Field(description="Bin, disposal site or depot; empty: a break")]


class VehicleAtOut(BaseModel):
    """A vehicle at the moment."""

    vehicle: str
    has_left: Annotated[bool, Field(description="False: it is in its depot")]
    lon: Annotated[float, Field(description="Where it can be sent on from")]
    lat: float
    free_at: Annotated[
        datetime | None,
        Field(description="When it can be: what it has begun it ends. Null: it has not left"),
    ]
    load_kg: int
    load_l: int
    served: Annotated[
        list[str], Field(description="Since the plan began, in order, with the one it is at")
    ]
    step: Annotated[
        StepAtOut | None,
        Field(
            description="What it is at, or on its way to; null: it has begun nothing, or unknown"
        ),
    ]
    is_driving: Annotated[bool, Field(description="On its way to the step")]
    next_bin: Annotated[str | None, Field(description="The step, if that is a bin it drives to")]

    @classmethod
    def of(cls, code: str, found: Progress, depot: Depot, problem: Problem) -> Self:
        """Show the progress of a vehicle that belongs to a depot."""
        on = found.underway
        return cls(
            vehicle=code,
            has_left=on is not None,
            lon=on.lon if on else depot.lon,
            lat=on.lat if on else depot.lat,
            free_at=problem.moment(on.free_at_s) if on else None,
            load_kg=on.load_kg if on else 0,
            load_l=on.load_l if on else 0,
            served=list(found.served),
            step=StepAtOut.model_validate(found.step) if found.step else None,
            is_driving=found.is_driving,
            next_bin=found.next_bin,
        )


class ProgressOut(BaseModel):
    """The vehicles of a plan at a moment, also those that were taken out."""

    at: datetime
    vehicles: list[VehicleAtOut]


@router.get("/{plan_id}/progress")
def get_progress(_caller: Staff, pool: PoolDep, plan_id: UUID, at: Moment) -> ProgressOut:
    """How far each vehicle is at a moment of the shift, going by the plan alone."""
    with pool.connection() as conn:
        return _progress(records.get(conn, plan_id), UnderwayNow(at=at))


@router.post("/{plan_id}/progress")
def try_report(
    _caller: Staff, pool: PoolDep, request: Request, plan_id: UUID, body: UnderwayNow
) -> ProgressOut:
    """The same, with reports as `/replan` takes them; nothing is kept.

    A reported place without a road is refused here, too, before anybody waits for a plan.
    """
    with pool.connection() as conn:
        found = records.get(conn, plan_id)
    shown = _progress(found, body)
    settings: Settings = request.app.state.settings
    _refuse_off_roads(found, body, Roads.open(settings.roads_folder))
    return shown


def _refuse_off_roads(found: PlanRecord, underway: UnderwayNow, roads: Roads) -> None:
    """Refuse places that were reported where no road is; without roads any place will do."""
    reports = {one.vehicle: one for one in underway.vehicles if one.lon is not None}
    placed = [
        one.model_copy(update={"underway": Underway(lon=report.lon, lat=report.lat, free_at_s=0)})
        for one in found.problem.vehicles
        if (report := reports.get(one.code))
    ]
    refuse_off_roads(placed, roads.off(starts_of(placed)))


def _progress(found: PlanRecord, underway: UnderwayNow) -> ProgressOut:
    problem = found.problem
    depots = {one.code: one for one in problem.depots}
    replaced = found.revision.replaced.vehicles if found.revision else ()
    home = {one.code: depots[one.depot] for one in (*problem.vehicles, *replaced)}
    known = progress_at(problem, found.plan, found.revision, underway)
    vehicles = [VehicleAtOut.of(code, one, home[code], problem) for code, one in known.items()]
    return ProgressOut(at=underway.at, vehicles=vehicles)
