"""Plans over HTTP: looked at by all staff, put in force by dispatchers."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from angkut_backend.accounts.access import SignedIn, Staff
from angkut_backend.accounts.service import Role
from angkut_backend.accounts.sessions import Caller
from angkut_backend.clock import Now
from angkut_backend.db import Connection
from angkut_backend.errors import NotFoundError
from angkut_backend.planning import records, service
from angkut_backend.planning.difference import difference
from angkut_backend.planning.exports import to_csv, to_geojson, to_gpx
from angkut_backend.planning.records import EventKind, PlanRecord
from angkut_backend.planning.schemas import (
    MEDIA_TYPES,
    DifferenceOut,
    Format,
    PlanOut,
    PlansOut,
    PublishedOut,
    WithdrawIn,
    plan_out,
    plans_out,
)
from angkut_backend.pool import PoolDep
from angkut_backend.roads.service import Roads
from angkut_backend.settings import Settings

router = APIRouter(prefix="/plans", tags=["plans"])

Limit = Annotated[int, Query(ge=1, le=records.MAX_PLANS)]


@router.get("")
def get_plans(caller: SignedIn, pool: PoolDep, limit: Limit = 50) -> PlansOut:
    """The newest plans; drivers see those in force."""
    with pool.connection() as conn:
        found = records.list_plans(conn, limit, published_only=caller.role is Role.DRIVER)
    return plans_out(found)


@router.get("/{plan_id}.{form}", response_class=Response)
def export_plan(
    caller: SignedIn, pool: PoolDep, request: Request, plan_id: UUID, form: Format
) -> Response:
    """A plan for other programs: `csv`, `geojson` or `gpx`."""
    with pool.connection() as conn:
        found = _visible(conn, caller, plan_id)
    if form == "csv":
        text = to_csv(found)
    elif form == "gpx":
        text = to_gpx(found)
    else:
        settings: Settings = request.app.state.settings
        text = to_geojson(found, Roads.open(settings.roads_folder).line)
    name = f'attachment; filename="angkut-plan-{plan_id}.{form}"'
    headers = {"Content-Disposition": name}
    return Response(text, media_type=MEDIA_TYPES[form], headers=headers)


@router.get("/{plan_id}")
def get_plan(caller: SignedIn, pool: PoolDep, plan_id: UUID) -> PlanOut:
    """A plan: routes, the reason for every bin, what it rests on, what became of it."""
    with pool.connection() as conn:
        return plan_out(_visible(conn, caller, plan_id))


@router.get("/{plan_id}/difference")
def get_difference(caller: SignedIn, pool: PoolDep, plan_id: UUID, to: UUID) -> DifferenceOut:
    """What changes from this plan to another: bins, kilometres, minutes, risk."""
    with pool.connection() as conn:
        found = difference(_visible(conn, caller, plan_id), _visible(conn, caller, to))
    return DifferenceOut.model_validate(found)


@router.post("/{plan_id}/accept")
def accept_plan(caller: Staff, pool: PoolDep, now: Now, plan_id: UUID) -> PlanOut:
    """Say that it is good; it is in force when it is published."""
    with pool.connection() as conn:
        service.accept(conn, plan_id, actor=caller.actor, now=now)
        return plan_out(records.get(conn, plan_id))


@router.post("/{plan_id}/publish")
def publish_plan(caller: Staff, pool: PoolDep, now: Now, plan_id: UUID) -> PublishedOut:
    """Put it in force; 409 with the rules that it breaks, if it does."""
    with pool.connection() as conn:
        withdrawn = service.publish(conn, plan_id, actor=caller.actor, now=now)
    return PublishedOut(plan_id=plan_id, withdrawn=withdrawn)


@router.post("/{plan_id}/withdraw")
def withdraw_plan(
    caller: Staff, pool: PoolDep, now: Now, plan_id: UUID, body: WithdrawIn
) -> PlanOut:
    """Take it out of force for good."""
    with pool.connection() as conn:
        service.withdraw(conn, plan_id, actor=caller.actor, now=now, note=body.note)
        return plan_out(records.get(conn, plan_id))


def _visible(conn: Connection, caller: Caller, plan_id: UUID) -> PlanRecord:
    found = records.get(conn, plan_id)
    if caller.role is Role.DRIVER and found.state is not EventKind.PUBLISHED:
        raise NotFoundError(f"there is no plan {plan_id} in force")
    return found
