"""What a problem rests on: emptyings to come, stops that crews missed, how new the readings are."""

import logging
from datetime import date, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from angkut_backend.db import Connection
from angkut_backend.forecast.loading import districts
from angkut_backend.planning import decisions, driven, service
from angkut_backend.planning.assembly import Assembled, assemble
from angkut_backend.planning.plan_document import StepKind
from angkut_backend.planning.policies import Policy, PolicyParameters
from angkut_backend.planning.problem import MustReason
from angkut_backend.planning.records import PlanRecord
from angkut_backend.planning.search import Budget
from angkut_backend.planning.service import PlanOrder
from angkut_backend.roads.service import Roads
from parts.levels_stored import NOW

#: Its shift is in progress at `NOW`, three hours after its beginning.
TODAY = date(2026, 3, 10)
TOMORROW = TODAY + timedelta(days=1)
#: Some bins are expected to be this full, so that a plan of today empties them.
PARAMETERS = PolicyParameters(must_probability=0.5)


def assembled(
    conn: Connection, day: date, policy: Policy = Policy.INTEGRATED, now: datetime = NOW
) -> Assembled:
    return assemble(conn, districts(conn)[0], day, policy, PARAMETERS, now)


def published(conn: Connection, day: date) -> PlanRecord:
    order = PlanOrder(
        day=day,
        policy=Policy.INTEGRATED,
        parameters=PARAMETERS,
        budget=Budget(iterations=5),
        seed=1,
    )
    roads = Roads(Path("none"), None)
    made = service.make(
        conn, districts(conn)[0], order, roads, uuid4(), actor="account:ana", now=NOW
    )
    conn.commit()
    decisions.publish(conn, made.plan_id, actor="account:ana", now=NOW)
    return made


@pytest.mark.parametrize("days_between", [0, 1])
def test_what_a_plan_in_force_empties_until_then_is_taken_as_emptied(
    town: Connection, days_between: int
) -> None:
    day = TOMORROW + timedelta(days=days_between)
    before = {one.code: one for one in assembled(town, day).problem.bins}

    driven_first = published(town, TODAY + timedelta(days=days_between))
    found = assembled(town, day)

    assert found.takes_driven == (driven_first.plan_id,)
    shift = found.problem.moment(0)
    stops = {
        step.code: driven_first.problem.moment(step.leave_s)
        for route in driven_first.plan.routes
        for step in route.steps
        if step.kind is StepKind.STOP
    }
    assert stops
    for one in found.problem.bins:
        was = before[one.code]
        if one.code not in stops:
            assert one == was
            continue
        assert one.gap_h == pytest.approx(
            (shift + timedelta(hours=4) - stops[one.code]).total_seconds() / 3600, abs=0.06
        )
        assert (one.fill_pct or 0) < (was.fill_pct or 0)
        assert (one.overflow_probability or 0) <= (was.overflow_probability or 0)
        assert one.must is not MustReason.LONGEST_GAP
    kept = published(town, day)
    assert kept.parameters["takes_driven"] == [str(driven_first.plan_id)]
    # Neither a plan of the same shift nor one that is not in force is driven before it.
    assert assembled(town, day).takes_driven == (driven_first.plan_id,)
    decisions.withdraw(town, driven_first.plan_id, actor="account:ana", now=NOW)
    again = assembled(town, day)
    assert (again.takes_driven, {one.code: one for one in again.problem.bins}) == ((), before)


def published_again(
    conn: Connection, made: PlanRecord, *, later: timedelta = timedelta(0), document: str
) -> UUID:
    """Put another plan in force: the same but for its shift and its document, an expression."""
    plan_id = uuid4()
    same = (
        "district_id, policy, parameters, problem, problem_sha256, travel_sha256, travel_source, "
        "approximate, readings_as_of, seed, budget, solver, stage, violations, data_trust, "
        "is_treated, author, created_at"
    )
    conn.execute(
        f"INSERT INTO plan (plan_id, shift_start, document, {same}) "  # noqa: S608
        f"SELECT %(new)s, shift_start + %(later)s, {document}, {same} FROM plan "
        "WHERE plan_id = %(old)s",
        {"new": plan_id, "old": made.plan_id, "later": later},
    )
    conn.execute(
        "INSERT INTO plan_event (plan_id, kind, at, actor) VALUES (%s, 'published', %s, 'test')",
        [plan_id, NOW],
    )
    return plan_id


def test_only_stops_between_now_and_the_shift_are_taken_as_driven(town: Connection) -> None:
    made = published(town, TODAY)
    ends = sorted(
        (made.problem.moment(step.leave_s), step.code)
        for route in made.plan.routes
        for step in route.steps
        if step.kind is StepKind.STOP
    )
    middle = ends[len(ends) // 2][0]
    # Of a shift that begins an hour before this one, and has its stops hours after that.
    published_again(town, made, later=timedelta(hours=23), document="document")

    def gaps(now: datetime) -> dict[str, float | None]:
        found = assembled(town, TOMORROW, now=now)
        assert found.takes_driven == ((made.plan_id,) if now < ends[-1][0] else ())
        return {one.code: one.gap_h for one in found.problem.bins}

    at_once, in_between, over = (gaps(now) for now in (NOW, middle, ends[-1][0]))
    for at, code in ends:
        # What is behind shows in readings and in what crews say, or not at all.
        assert at_once[code] != over[code]
        assert in_between[code] == (at_once if at > middle else over)[code]


@pytest.mark.parametrize(
    "document",
    [
        "jsonb_set(document, '{routes}', '\"gone\"')",
        "document - 'routes'",
        "document #- '{routes,0,steps,1,leave_s}'",
        "jsonb_set(document, '{routes,0,steps,1,leave_s}', '\"noon\"')",
    ],
)
def test_a_plan_that_cannot_be_read_is_left_out_and_the_others_count(
    town: Connection, caplog: pytest.LogCaptureFixture, document: str
) -> None:
    made = published(town, TODAY)
    before = assembled(town, TOMORROW)
    broken = published_again(town, made, document=document)

    with caplog.at_level(logging.WARNING, "angkut.planning"):
        found = assembled(town, TOMORROW)

    assert (found.takes_driven, found.problem) == ((made.plan_id,), before.problem)
    assert f"plan {broken} cannot be read" in caplog.text


@pytest.mark.parametrize("policy", list(Policy))
def test_a_stop_that_a_crew_missed_must_be_served_until_it_is(
    town: Connection, policy: Policy
) -> None:
    made = published(town, TODAY)
    stops = [step for step in made.plan.routes[0].steps if step.kind is StepKind.STOP]
    missed, done = stops[0], stops[1]
    later = made.problem.moment(done.leave_s)
    driven.record(town, made.plan_id, {missed.code: "gate"}, actor="account:ana", now=later)

    def duties(hours: float) -> dict[str, MustReason | None]:
        now = later + timedelta(hours=hours)
        found = assemble(town, districts(town)[0], TOMORROW, policy, PolicyParameters(), now)
        return {one.code: one.must for one in found.problem.bins}

    assert duties(0)[missed.code] is MustReason.SKIPPED
    assert MustReason.SKIPPED not in {
        must for code, must in duties(0).items() if code != missed.code
    }
    emptied_at = later + timedelta(hours=1)
    town.execute(
        "INSERT INTO collection (bin_id, source, before_at, after_at, confidence) "
        "SELECT bin_id, 'crew', %(at)s, %(at)s, 1 FROM bin WHERE code = %(code)s",
        {"at": emptied_at, "code": missed.code},
    )
    assert duties(0.5)[missed.code] is MustReason.SKIPPED
    assert duties(1.5)[missed.code] is not MustReason.SKIPPED


def test_a_missed_stop_counts_for_a_week_and_not_where_a_plan_in_force_goes_there(
    town: Connection,
) -> None:
    made = published(town, TODAY)
    visited = {one.bin for one in made.plan.served}
    passed_by = min({one.code for one in made.problem.bins} - visited)
    again = min(visited)

    def duties(missed: str, ago: timedelta) -> MustReason | None:
        town.execute("DELETE FROM missed_stop")
        town.execute(
            "INSERT INTO missed_stop (plan_id, bin_id, at, author, told_at) "
            "SELECT %(plan)s, bin_id, %(at)s, 'test', %(now)s FROM bin WHERE code = %(code)s",
            {"plan": made.plan_id, "at": NOW - ago, "now": NOW, "code": missed},
        )
        found = assembled(town, TOMORROW)
        return {one.code: one.must for one in found.problem.bins}[missed]

    # Nobody says when they were emptied, only that they were missed.
    town.execute("DELETE FROM collection")
    hour = timedelta(hours=1)
    assert duties(passed_by, 167 * hour) is MustReason.SKIPPED
    assert duties(passed_by, 168 * hour) is not MustReason.SKIPPED
    assert duties(again, hour) is not MustReason.SKIPPED
    decisions.withdraw(town, made.plan_id, actor="account:ana", now=NOW)
    assert duties(again, hour) is MustReason.SKIPPED


def test_readings_are_known_until_the_newest_that_is_trusted(town: Connection) -> None:
    assert assembled(town, TOMORROW).readings_as_of == NOW
    for n, hours in enumerate((-30, -20, +2)):
        town.execute(
            "INSERT INTO bin_latest (bin_id, device_id, seen_at, flags, trusted_at, fill_pct) "
            "SELECT bin_id, 1, %(now)s, 0, %(at)s, 50 FROM bin ORDER BY bin_id "
            "OFFSET %(n)s LIMIT 1",
            {"now": NOW, "at": NOW + timedelta(hours=hours), "n": n},
        )

    found = assembled(town, TOMORROW)

    assert found.readings_as_of == found.problem.readings_as_of == NOW - timedelta(hours=20)
