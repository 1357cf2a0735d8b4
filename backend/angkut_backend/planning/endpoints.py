"""Plans over HTTP: drawn up and put in force by dispatchers, looked at by who is signed in."""

from dataclasses import replace
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from angkut_backend.accounts.access import SignedIn, Staff
from angkut_backend.accounts.service import Role
from angkut_backend.accounts.sessions import Caller
from angkut_backend.clock import Now
from angkut_backend.db import Connection
from angkut_backend.errors import NotFoundError
from angkut_backend.planning import decisions, driven, records
from angkut_backend.planning.difference import difference
from angkut_backend.planning.records import EventKind, PlanRecord
from angkut_backend.planning.schemas import (
    DifferenceOut,
    DrivenIn,
    DrivenOut,
    NotPublishedOut,
    PlanLineOut,
    PlanOut,
    PlansOut,
    PublishedOut,
    ToldOut,
    WithdrawIn,
)
from angkut_backend.pool import PoolDep

router = APIRouter(prefix="/plans", tags=["plans"])

Limit = Annotated[int, Query(ge=1, le=records.MAX_PLANS)]
Day = Annotated[date | None, Query(description="Local day of the shift; without: of any day")]

#: These see drafts and what was withdrawn, too: who makes plans, and who judges them.
_SEE_ALL = frozenset({Role.ADMIN, Role.DISPATCHER, Role.EVALUATOR})


@router.get("")
def get_plans(caller: SignedIn, pool: PoolDep, limit: Limit = 50, day: Day = None) -> PlansOut:
    """The newest plans; drivers, technicians and viewers see those in force."""
    is_partial = caller.role not in _SEE_ALL
    with pool.connection() as conn:
        found = records.list_plans(conn, limit, day=day, published_only=is_partial)
    if caller.role is Role.VIEWER:
        found = [replace(one, author="") for one in found]
    return PlansOut(plans=[PlanLineOut.model_validate(one) for one in found])


@router.get("/{plan_id}")
def get_plan(caller: SignedIn, pool: PoolDep, plan_id: UUID) -> PlanOut:
    """A plan: routes, the reason for every bin, what it rests on, what became of it."""
    with pool.connection() as conn:
        return PlanOut.model_validate(visible(conn, caller, plan_id))


@router.get("/{plan_id}/difference")
def get_difference(caller: SignedIn, pool: PoolDep, plan_id: UUID, to: UUID) -> DifferenceOut:
    """What changes from this plan to another: bins, kilometres, minutes, risk."""
    with pool.connection() as conn:
        found = difference(visible(conn, caller, plan_id), visible(conn, caller, to))
    return DifferenceOut.model_validate(found)


@router.post("/{plan_id}/accept")
def accept_plan(caller: Staff, pool: PoolDep, now: Now, plan_id: UUID) -> PlanOut:
    """Say that it is good; it is in force when it is published."""
    with pool.connection() as conn:
        decisions.accept(conn, plan_id, actor=caller.actor, now=now)
        return PlanOut.model_validate(records.get(conn, plan_id))


@router.post(
    "/{plan_id}/publish",
    responses={409: {"model": NotPublishedOut, "description": "Why it is not put in force"}},
)
def publish_plan(caller: Staff, pool: PoolDep, now: Now, plan_id: UUID) -> PublishedOut:
    """Put it in force; 409 if it breaks rules, is outdated or over, or vehicles follow another."""
    with pool.connection() as conn:
        withdrawn = decisions.publish(conn, plan_id, actor=caller.actor, now=now)
    return PublishedOut(plan_id=plan_id, withdrawn=withdrawn)


@router.post("/{plan_id}/withdraw")
def withdraw_plan(
    caller: Staff, pool: PoolDep, now: Now, plan_id: UUID, body: WithdrawIn
) -> PlanOut:
    """Take it out of force for good."""
    with pool.connection() as conn:
        decisions.withdraw(conn, plan_id, actor=caller.actor, now=now, note=body.note)
        return PlanOut.model_validate(records.get(conn, plan_id))


@router.post("/{plan_id}/driven", responses=driven.REFUSED)
def tell_driven(caller: Staff, pool: PoolDep, now: Now, plan_id: UUID, body: DrivenIn) -> DrivenOut:
    """Say that its stops so far were emptied, but for the missed; in the place of an earlier word.

    It can be said once the first stop is over, until seven days after the shift.
    """
    with pool.connection() as conn:
        found = driven.record(conn, plan_id, body.missed, actor=caller.actor, now=now)
    return DrivenOut.model_validate(found)


@router.get("/{plan_id}/driven")
def get_driven(caller: SignedIn, pool: PoolDep, plan_id: UUID) -> ToldOut:
    """What was said of it: how many stops were emptied, and which were missed."""
    with pool.connection() as conn:
        visible(conn, caller, plan_id)
        found = driven.told(conn, plan_id)
    if caller.role is Role.VIEWER:
        missed = tuple(replace(one, reason="") for one in found.missed)
        found = replace(found, author="", missed=missed)
    return ToldOut.model_validate(found)


def visible(conn: Connection, caller: Caller, plan_id: UUID) -> PlanRecord:
    """Return a plan; who does not make or judge plans sees those in force, viewers without names.

    Raises
    ------
    NotFoundError
        There is none of this id that the caller sees.
    """
    found = records.get(conn, plan_id)
    if caller.role not in _SEE_ALL and found.state is not EventKind.PUBLISHED:
        raise NotFoundError(f"there is no plan {plan_id} in force")
    if caller.role is not Role.VIEWER:
        return found
    events = [replace(event, actor="", note="") for event in found.events]
    return replace(found, author="", events=events)
