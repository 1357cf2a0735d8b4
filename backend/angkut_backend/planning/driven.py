"""What became of a plan that was driven, as crews say: which stops were emptied, which missed."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, NamedTuple
from unicodedata import category
from uuid import UUID

from pydantic import BaseModel, Field, TypeAdapter

from angkut_backend.accounts.service import audit
from angkut_backend.db import Connection
from angkut_backend.errors import BackendError, ConflictError
from angkut_backend.planning.assembly import SQL
from angkut_backend.planning.faults import MAX_FAULTS
from angkut_backend.planning.plan_document import StepKind
from angkut_backend.planning.problem import MAX_BINS
from angkut_backend.planning.records import EventKind, PlanRecord, get
from angkut_backend.planning.shifts import end_of

#: Missed stops in one word at most, and characters of a reason.
MAX_MISSED, MAX_REASON = MAX_BINS, 200
#: So long after its shift a plan can be spoken of.
OPEN_FOR = timedelta(days=7)
#: A crew knows what it emptied; when, the plan says.
_CONFIDENCE = 0.9
#: Sentences in one error at most.
_MOST_SENTENCES = 20


class WrongWord(StrEnum):
    """Why a stop cannot be told to be missed."""

    #: The plan does not have this bin served.
    NOT_A_STOP = "not_a_stop"
    #: Its service has not ended by the plan.
    STILL_TO_COME = "still_to_come"
    #: It is too long, or has line breaks or other control characters.
    BAD_REASON = "bad_reason"


@dataclass(frozen=True, slots=True)
class Wrong:
    """One thing that is wrong with the missed stops."""

    code: Annotated[str, Field(description="The bin, under `missed`")]
    why: WrongWord
    detail: Annotated[str, Field(description="In English")]


_WRONG = TypeAdapter(tuple[Wrong, ...])


class RecordError(BackendError):
    """These stops cannot have been missed; says which, and why."""

    status = 422
    code = "bad_record"

    def __init__(self, faults: Iterable[Wrong]) -> None:
        self.faults = tuple(faults)
        sentences = [one.detail for one in self.faults[:_MOST_SENTENCES]]
        rest = len(self.faults) - len(sentences)
        said = "; ".join([*sentences, *([f"and {rest} more"] if rest else [])])
        super().__init__(f"missed: {said}")

    def more(self) -> dict[str, object]:
        """Return the faults."""
        return {"faults": _WRONG.dump_python(self.faults[:MAX_FAULTS], mode="json")}


class RecordRefusedOut(BaseModel):
    """Why a word on a plan was not taken."""

    error: Annotated[str, Field(description="`bad_record`, or `malformed_input` without faults")]
    detail: str
    faults: list[Wrong] = []


#: What the endpoint may answer.
REFUSED: dict[int | str, dict[str, Any]] = {
    409: {"description": "The plan is not in force, no stop is over, or the shift is long over"},
    422: {"model": RecordRefusedOut, "description": "What is wrong with the missed stops"},
}


class NotDrivenYetError(ConflictError):
    """No stop of the plan is over: nothing can be said of it yet."""

    code = "not_driven_yet"


class RecordClosedError(ConflictError):
    """The shift is over for too long: what was said of its plan stays as it is."""

    code = "record_closed"


@dataclass(frozen=True, slots=True)
class Driven:
    """Stops of a plan by what became of them."""

    emptied: int
    missed: int
    still_to_come: int
    #: Their bins are gone from the registry: nothing is kept of them.
    gone: int = 0


@dataclass(frozen=True, slots=True)
class MissedStop:
    """A stop at which a bin was not emptied."""

    bin: str
    #: When the plan had it served.
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Told:
    """What is kept of a plan; by nobody and at no time: nothing was said."""

    emptied: int
    missed: tuple[MissedStop, ...]
    author: str
    told_at: datetime | None


class _Stop(NamedTuple):
    """When a bin is served by the plan."""

    begin_at: datetime
    end_at: datetime


def record(
    conn: Connection, plan_id: UUID, missed: Mapping[str, str], *, actor: str, now: datetime
) -> Driven:
    """Keep that the stops of a plan that are over were emptied, but for some that were missed.

    It takes the place of what was said of the plan before, so that a slip can be corrected; and of
    what was said of the same bins by plans of the shift that vehicles followed before.

    Parameters
    ----------
    missed
        Reason by code of the bin; it may be empty.

    Raises
    ------
    NotFoundError
        There is no plan of this id.
    ConflictError
        It is not in force.
    NotDrivenYetError, RecordClosedError
        None of its stops is over; or its shift is, for longer than `OPEN_FOR`.
    RecordError
        Bins are no stops of it or still to come, or reasons no text of one line; lists them.
    """
    conn.execute(SQL["lock_shift"], {"plan_id": plan_id})
    found = get(conn, plan_id)
    if found.state is not EventKind.PUBLISHED:
        raise ConflictError(
            f"plan {plan_id} is {found.state or 'not published'}: say it of the plan in force"
        )
    _refuse_closed(found, now)
    stops = _stops(found)
    over = {code: stop for code, stop in stops.items() if stop.end_at <= now}
    if not over:
        _refuse_undriven(found, stops)
    wrong = tuple(_wrong(found, stops, over, missed))
    if wrong:
        raise RecordError(wrong)
    before = told(conn, plan_id)
    conn.execute(SQL["forget_driven"], {"plan_id": plan_id, "codes": list(over)})
    said = {"plan_id": plan_id, "actor": actor, "now": now}
    done = {code: stop for code, stop in over.items() if code not in missed}
    emptied = conn.execute(
        SQL["add_crew_emptyings"],
        said
        | {
            "confidence": _CONFIDENCE,
            "code": list(done),
            "before_at": [stop.begin_at for stop in done.values()],
            "after_at": [stop.end_at for stop in done.values()],
        },
    ).rowcount
    left = conn.execute(
        SQL["add_missed_stops"],
        said
        | {
            "code": list(missed),
            "at": [over[code].end_at for code in missed],
            "reason": list(missed.values()),
        },
    ).rowcount
    _audit(conn, plan_id, actor, before, told(conn, plan_id))
    return Driven(emptied, left, len(stops) - len(over), len(over) - emptied - left)


def told(conn: Connection, plan_id: UUID) -> Told:
    """Return what was said of a plan."""
    values = {"plan_id": plan_id}
    rows = conn.execute(SQL["missed_stops"], values).fetchall()
    crews = conn.execute(SQL["emptied_by_crews"], values).fetchone() or {}
    last = rows[0] if rows else crews
    return Told(
        crews["emptied"],
        tuple(MissedStop(row["bin"], row["at"], row["reason"]) for row in rows),
        last["author"] or "",
        last["told_at"],
    )


def _stops(found: PlanRecord) -> dict[str, _Stop]:
    """Return when each bin is served.

    Of those that plans before had served it says that they were until the plan took over: those
    plans are withdrawn, and reports from the street come without times.
    """
    problem, standing = found.problem, found.standing
    stops: dict[str, _Stop] = {}
    if standing and standing.taken_over_at:
        before = _Stop(found.shift_start, standing.taken_over_at)
        stops |= dict.fromkeys(standing.server_of, before)
    for route in found.plan.routes:
        for step in route.steps:
            if step.kind is StepKind.STOP:
                times = problem.moment(step.begin_s), problem.moment(step.leave_s)
                stops[step.code] = _Stop(*times)
    return stops


def _refuse_closed(found: PlanRecord, now: datetime) -> None:
    shift = found.problem.moment(0)
    until = end_of(shift) + OPEN_FOR
    if now > until:
        raise RecordClosedError(
            f"what was driven on {shift:%Y-%m-%d} could be said until {until:%Y-%m-%d %H:%M}: "
            "it stays as it was told until then"
        )


def _refuse_undriven(found: PlanRecord, stops: Mapping[str, _Stop]) -> None:
    if not stops:
        raise NotDrivenYetError(f"plan {found.plan_id} has no stops: there is nothing to say of it")
    first = _local(found, min(stop.end_at for stop in stops.values()))
    raise NotDrivenYetError(
        f"no stop of plan {found.plan_id} is over: the first is at {first:%Y-%m-%d %H:%M}, "
        "say it then"
    )


def _wrong(
    found: PlanRecord,
    stops: Mapping[str, _Stop],
    over: Mapping[str, _Stop],
    missed: Mapping[str, str],
) -> Iterator[Wrong]:
    for code, reason in missed.items():
        if code not in stops:
            detail = f"{code!r} is no stop of this plan: correct the code, or leave it out"
            yield Wrong(code, WrongWord.NOT_A_STOP, detail)
        elif code not in over:
            end = _local(found, stops[code].end_at)
            detail = f"{code!r} is still to come, at {end:%H:%M}: leave it out, or say it then"
            yield Wrong(code, WrongWord.STILL_TO_COME, detail)
        if len(reason) > MAX_REASON:
            detail = f"reason for {code!r}: {len(reason)} characters, at most {MAX_REASON}"
            yield Wrong(code, WrongWord.BAD_REASON, detail)
        elif any(category(one) == "Cc" for one in reason):
            detail = f"reason for {code!r}: leave out line breaks and other control characters"
            yield Wrong(code, WrongWord.BAD_REASON, detail)


def _local(found: PlanRecord, at: datetime) -> datetime:
    return at.astimezone(found.problem.moment(0).tzinfo)


def _audit(conn: Connection, plan_id: UUID, actor: str, before: Told, after: Told) -> None:
    """Write down what was said, and what it took the place of: no table keeps that."""

    def shown(one: Told) -> dict[str, Any]:
        return {
            "emptied": one.emptied,
            "missed": {stop.bin: stop.reason for stop in one.missed},
        }

    said_before = shown(before) if before.told_at else None
    audit(conn, actor, "plan.driven", str(plan_id), said_before, shown(after))
