"""What a person decides of a plan: accepted, put in force, taken out of it; each an event."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from pydantic import TypeAdapter

from angkut_backend.accounts.service import audit
from angkut_backend.db import Connection
from angkut_backend.errors import ConflictError
from angkut_backend.planning.assembly import SQL
from angkut_backend.planning.outdated import Outdated, outdated
from angkut_backend.planning.records import PLANS_CHANNEL, EventKind, PlanRecord, get
from angkut_backend.planning.service import find_district
from angkut_backend.planning.shifts import end_of

#: Of a withdrawal, characters.
MAX_NOTE = 500
#: Of what stands against publishing, in one answer at most.
_MOST_SAID = 50
_CHANGED = TypeAdapter(tuple[Outdated, ...])


class PlanViolatesError(ConflictError):
    """The checker found this plan to break rules: it cannot be published."""

    code = "plan_violates"


class ShiftOverError(ConflictError):
    """The shift of the plan is over: nobody can drive it any more."""

    code = "shift_over"


class OutdatedError(ConflictError):
    """The registry says other things now of what the routes rest on; says which."""

    code = "outdated"

    def __init__(self, plan_id: UUID, changed: Sequence[Outdated]) -> None:
        self.changed = tuple(changed[:_MOST_SAID])
        said = "; ".join(one.detail for one in self.changed)
        super().__init__(
            f"plan {plan_id} rests on {len(changed)} things that changed since: {said}. "
            "Make it anew, or change it with levels of now (`fresh`)"
        )

    def more(self) -> dict[str, object]:
        """Return what changed."""
        return {"changed": _CHANGED.dump_python(self.changed, mode="json")}


class OtherCourseError(ConflictError):
    """Vehicles follow another plan, and this one does not go on from it."""

    code = "other_course"


def accept(conn: Connection, plan_id: UUID, *, actor: str, now: datetime) -> None:
    """Say that a plan is good; it is not in force yet.

    Raises
    ------
    NotFoundError, ConflictError
        There is none, or something became of it already.
    ShiftOverError
        Its shift is over.
    """
    _lock(conn, plan_id)
    found = get(conn, plan_id)
    if found.state is not None:
        raise ConflictError(f"plan {plan_id} is {found.state} already")
    _refuse_past(found, now)
    _note(conn, plan_id, EventKind.ACCEPTED, actor, now)


def publish(conn: Connection, plan_id: UUID, *, actor: str, now: datetime) -> list[UUID]:
    """Put a plan in force; return the plans of the same shift that it replaces.

    Raises
    ------
    NotFoundError
        There is none of this id.
    ConflictError
        It was published or withdrawn already.
    ShiftOverError
        Its shift is over.
    PlanViolatesError
        It breaks rules; lists them.
    NothingToPlanError
        The registry has no vehicles any more, or contradicts itself.
    OutdatedError
        Vehicles, bins or places of its routes are not as they were; lists them.
    OtherCourseError
        It takes vehicles to be elsewhere than the plan in force has sent them: it goes on in the
        middle of the shift from another one, or is of the whole shift and that one has begun.
    """
    _lock(conn, plan_id)
    found = get(conn, plan_id)
    if found.state in {EventKind.PUBLISHED, EventKind.WITHDRAWN}:
        raise ConflictError(f"plan {plan_id} is {found.state} already: make a new one")
    _refuse_past(found, now)
    if found.violations:
        wrong = "; ".join(
            f"{one.where}: {one.code}, {one.detail}" for one in found.violations[:_MOST_SAID]
        )
        raise PlanViolatesError(f"plan {plan_id} breaks {len(found.violations)} rules: {wrong}")
    _refuse_outdated(conn, found)
    rows = conn.execute(SQL["in_force"], {"plan_id": plan_id}).fetchall()
    replaced = [row["plan_id"] for row in rows]
    for other in replaced:
        _refuse_other_course(conn, found, other, now)
    for other in replaced:
        _note(conn, other, EventKind.WITHDRAWN, actor, now, f"replaced by {plan_id}")
    _note(conn, plan_id, EventKind.PUBLISHED, actor, now)
    return replaced


def withdraw(conn: Connection, plan_id: UUID, *, actor: str, now: datetime, note: str = "") -> None:
    """Take a plan out of force for good.

    Raises
    ------
    NotFoundError, ConflictError
        There is none, or it was withdrawn already.
    """
    _lock(conn, plan_id)
    if get(conn, plan_id).state is EventKind.WITHDRAWN:
        raise ConflictError(f"plan {plan_id} is withdrawn already")
    _note(conn, plan_id, EventKind.WITHDRAWN, actor, now, note)


def _lock(conn: Connection, plan_id: UUID) -> None:
    conn.execute(SQL["lock_shift"], {"plan_id": plan_id})


def _note(
    conn: Connection, plan_id: UUID, kind: EventKind, actor: str, now: datetime, note: str = ""
) -> None:
    values = {"plan_id": plan_id, "kind": kind, "at": now, "actor": actor, "note": note}
    conn.execute(SQL["add_event"], values)
    conn.execute(SQL["announce_plan"], {"channel": PLANS_CHANNEL, "plan_id": plan_id})
    audit(conn, actor, f"plan.{kind}", str(plan_id), after={"note": note} if note else None)


def _refuse_past(found: PlanRecord, now: datetime) -> None:
    shift = found.problem.moment(0)
    end = end_of(shift)
    if now >= end:
        raise ShiftOverError(
            f"the shift of {shift:%Y-%m-%d} is over since {end:%Y-%m-%d %H:%M}: "
            "make a plan for a later day"
        )


def _refuse_outdated(conn: Connection, found: PlanRecord) -> None:
    district = find_district(conn, found.district)
    changed = list(outdated(conn, district, found.problem, found.plan))
    if changed:
        raise OutdatedError(found.plan_id, changed)


def _refuse_other_course(
    conn: Connection, found: PlanRecord, in_force: UUID, now: datetime
) -> None:
    """Refuse a plan that takes vehicles to be where the one in force has not sent them.

    Plans that take over at one time from one plan may take each other's place, and so may plans
    of the whole shift until the first vehicle is at its first stop.
    """
    mine, running = (_takeover(conn, one) for one in (found.plan_id, in_force))
    if mine.at is None and running.at is None:
        _refuse_begun(get(conn, in_force), now)
        return
    if mine == running or mine.before == in_force:
        return
    since = (running.at or found.shift_start).astimezone(found.problem.moment(0).tzinfo)
    raise OtherCourseError(
        f"vehicles follow plan {in_force} from {since:%H:%M} on, and this one does not go on from "
        "it: change that one, or withdraw it first"
    )


def _refuse_begun(running: PlanRecord, now: datetime) -> None:
    """Refuse to have vehicles begin in their depots that this plan has sent out."""
    # Until then all are empty, and a better plan of the same minute may still be put in force.
    begun_s = min((route.steps[1].arrive_s for route in running.plan.routes), default=None)
    if begun_s is None or (begun_at := running.problem.moment(begun_s)) > now:
        return
    raise OtherCourseError(
        f"vehicles follow plan {running.plan_id}, the first was at a stop at {begun_at:%H:%M}, and "
        "this one takes all of them to be in their depots: change that one with vehicles under "
        "way (`--at`; on the page: Sedang berjalan), or withdraw it first"
    )


class _Takeover(NamedTuple):
    """When a plan takes over; `None`: it is of the whole shift."""

    at: datetime | None
    #: The plan that it takes vehicles to follow until then.
    before: UUID | None


def _takeover(conn: Connection, plan_id: UUID) -> _Takeover:
    mine, *others = conn.execute(SQL["course"], {"plan_id": plan_id}).fetchall()
    at = mine["taken_over_at"]
    return _Takeover(at, next((o["plan_id"] for o in others if o["taken_over_at"] != at), None))
