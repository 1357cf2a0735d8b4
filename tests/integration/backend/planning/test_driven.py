"""What became of a plan that was driven: kept, corrected, refused, seen by whom."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest

from angkut_backend.accounts.service import Role, Scope
from angkut_backend.db import Connection, Row
from angkut_backend.errors import ConflictError, NotFoundError
from angkut_backend.forecast.loading import districts
from angkut_backend.planning import decisions, driven, service
from angkut_backend.planning.changes import Changes, UnderwayNow
from angkut_backend.planning.driven import (
    MAX_MISSED,
    OPEN_FOR,
    Driven,
    MissedStop,
    NotDrivenYetError,
    RecordClosedError,
    RecordError,
    WrongWord,
)
from angkut_backend.planning.faults import MAX_FAULTS
from angkut_backend.planning.plan_document import Step, StepKind
from angkut_backend.planning.policies import Policy, PolicyParameters
from angkut_backend.planning.records import PlanRecord
from angkut_backend.planning.search import Budget
from angkut_backend.planning.service import PlanOrder
from angkut_backend.planning.shifts import end_of
from angkut_backend.roads.service import Roads
from parts.api import Api
from parts.history import collections, history, judge_all, put
from parts.levels_stored import NOW

from .test_odd_requests import CROWD, at_once

ROADS = Roads(Path("none"), None)
QUICK = Budget(iterations=5)


def make(conn: Connection) -> PlanRecord:
    order = PlanOrder(
        day=NOW.date() + timedelta(days=1),
        policy=Policy.INTEGRATED,
        parameters=PolicyParameters(),
        budget=QUICK,
        seed=1,
    )
    made = service.make(
        conn, districts(conn)[0], order, ROADS, uuid4(), actor="account:ana", now=NOW
    )
    conn.commit()
    return made


@pytest.fixture
def plan(town: Connection) -> PlanRecord:
    """A plan in force with at least five stops, of one vehicle."""
    made = make(town)
    decisions.publish(town, made.plan_id, actor="account:ana", now=NOW)
    town.commit()
    assert len(made.plan.routes) == 1
    assert len(stops(made)) >= 5
    return made


def stops(made: PlanRecord) -> list[Step]:
    return [one for one in made.plan.routes[0].steps if one.kind is StepKind.STOP]


def end(made: PlanRecord, stop: int) -> datetime:
    """Return when the service of a stop ends."""
    return made.problem.moment(stops(made)[stop].leave_s)


def shift_end(made: PlanRecord) -> datetime:
    return end_of(made.problem.moment(0))


def record(
    conn: Connection, plan_id: UUID, missed: Mapping[str, str], now: datetime, actor: str = "cli:a"
) -> Driven:
    found = driven.record(conn, plan_id, missed, actor=actor, now=now)
    conn.commit()
    return found


def emptied(conn: Connection, plan_id: UUID) -> dict[str, Row]:
    rows = conn.execute(
        "SELECT b.code, c.* FROM collection AS c JOIN bin AS b USING (bin_id) "
        "WHERE plan_id = %s ORDER BY after_at",
        [plan_id],
    ).fetchall()
    return {row["code"]: row for row in rows}


def missed_stops(conn: Connection, plan_id: UUID) -> dict[str, Row]:
    rows = conn.execute(
        "SELECT b.code, m.* FROM missed_stop AS m JOIN bin AS b USING (bin_id) WHERE plan_id = %s",
        [plan_id],
    ).fetchall()
    return {row["code"]: row for row in rows}


def test_stops_that_are_over_were_emptied_or_missed_and_others_are_neither(
    town: Connection, plan: PlanRecord
) -> None:
    first, second, third, *rest = (one.code for one in stops(plan))
    # The third stop is over to the second.
    now = end(plan, 2)

    found = record(town, plan.plan_id, {second: "gate locked"}, now)

    assert found == Driven(emptied=2, missed=1, still_to_come=len(rest))
    done = emptied(town, plan.plan_id)
    assert list(done) == [first, third]
    step = stops(plan)[0]
    row = done[first]
    assert row["source"] == "crew"
    assert row["before_at"] == plan.problem.moment(step.begin_s)
    assert row["after_at"] == plan.problem.moment(step.leave_s)
    assert row["before_at"] < row["after_at"]
    assert row["confidence"] == pytest.approx(0.9)
    assert (row["author"], row["told_at"]) == ("cli:a", now)
    assert (row["device_id"], row["before_pct"], row["after_pct"]) == (None, None, None)
    (left,) = missed_stops(town, plan.plan_id).values()
    assert (left["code"], left["at"], left["reason"]) == (second, end(plan, 1), "gate locked")
    assert (left["author"], left["told_at"]) == ("cli:a", now)
    # A second sooner the third was still to come.
    sooner = record(town, plan.plan_id, {}, now - timedelta(seconds=1))
    assert sooner == Driven(emptied=2, missed=0, still_to_come=len(rest) + 1)


def test_the_last_word_takes_the_place_of_the_one_before(
    town: Connection, plan: PlanRecord
) -> None:
    first, second, *_ = codes = [one.code for one in stops(plan)]
    record(town, plan.plan_id, {first: "no access"}, end(plan, 1))

    at_end = record(town, plan.plan_id, {second: ""}, shift_end(plan), actor="account:budi")

    assert at_end == Driven(emptied=len(codes) - 1, missed=1, still_to_come=0)
    assert emptied(town, plan.plan_id).keys() == {*codes} - {second}
    assert missed_stops(town, plan.plan_id).keys() == {second}
    told = driven.told(town, plan.plan_id)
    assert told.missed == (MissedStop(second, end(plan, 1), ""),)
    assert (told.author, told.told_at) == ("account:budi", shift_end(plan))
    record(town, plan.plan_id, dict.fromkeys(codes, "banjir"), shift_end(plan))
    assert emptied(town, plan.plan_id) == {}
    assert driven.told(town, plan.plan_id).told_at == shift_end(plan)
    rows = town.execute(
        "SELECT actor, before, after FROM audit_log WHERE action = 'plan.driven' "
        "AND subject = %s ORDER BY audit_id",
        [str(plan.plan_id)],
    ).fetchall()
    words = [
        {"emptied": 1, "missed": {first: "no access"}},
        {"emptied": len(codes) - 1, "missed": {second: ""}},
        {"emptied": 0, "missed": dict.fromkeys(codes, "banjir")},
    ]
    assert [(row["actor"], row["before"], row["after"]) for row in rows] == [
        ("cli:a", None, words[0]),
        ("account:budi", words[0], words[1]),
        ("cli:a", words[1], words[2]),
    ]


def test_a_refusal_lists_everything_that_is_wrong_and_keeps_what_was_said(
    town: Connection, plan: PlanRecord
) -> None:
    first, second, *_, last = (one.code for one in stops(plan))
    stays = plan.plan.left[0].bin
    record(town, plan.plan_id, {first: "gate locked"}, end(plan, 1))
    missed = {"X-1": "", stays: "", last: "y" * 201, first: "", second: "a\nb"}

    with pytest.raises(RecordError) as refused:
        record(town, plan.plan_id, missed, end(plan, 1))
    town.rollback()

    assert [(one.code, one.why) for one in refused.value.faults] == [
        ("X-1", WrongWord.NOT_A_STOP),
        (stays, WrongWord.NOT_A_STOP),
        (last, WrongWord.STILL_TO_COME),
        (last, WrongWord.BAD_REASON),
        (second, WrongWord.BAD_REASON),
    ]
    text = str(refused.value)
    assert text.startswith("missed: 'X-1' is no stop of this plan: correct the code, or leave")
    assert f"'{last}' is still to come, at {end(plan, -1):%H:%M}: leave it out" in text
    assert f"reason for '{last}': 201 characters, at most 200" in text
    assert all(one.detail in text for one in refused.value.faults)
    assert missed_stops(town, plan.plan_id).keys() == {first}
    with pytest.raises(RecordError, match="and 980 more") as many:
        record(town, plan.plan_id, {f"X-{n}": "" for n in range(1000)}, end(plan, 1))
    faults = many.value.more()["faults"]
    assert isinstance(faults, list)
    assert len(faults) == MAX_FAULTS


def test_it_is_said_from_the_first_stop_until_a_week_after_the_shift(
    town: Connection, plan: PlanRecord
) -> None:
    first = end(plan, 0)
    with pytest.raises(NotDrivenYetError, match=f"the first is at {first:%Y-%m-%d %H:%M}, say it"):
        record(town, plan.plan_id, {}, first - timedelta(seconds=1))
    town.rollback()
    closes = shift_end(plan) + OPEN_FOR

    assert record(town, plan.plan_id, {}, first).emptied == 1
    assert record(town, plan.plan_id, {}, closes).emptied == len(stops(plan))

    with pytest.raises(RecordClosedError, match=f"until {closes:%Y-%m-%d %H:%M}: it stays"):
        record(town, plan.plan_id, {stops(plan)[0].code: ""}, closes + timedelta(seconds=1))
    town.rollback()
    assert missed_stops(town, plan.plan_id) == {}


def test_only_of_a_plan_in_force(town: Connection, plan: PlanRecord) -> None:
    draft = make(town)
    now = shift_end(plan)

    with pytest.raises(NotFoundError, match="there is no plan"):
        record(town, uuid4(), {}, now)
    town.rollback()
    with pytest.raises(ConflictError, match="is not published: say it of the plan in force"):
        record(town, draft.plan_id, {}, now)
    town.rollback()
    decisions.accept(town, draft.plan_id, actor="account:ana", now=NOW)
    with pytest.raises(ConflictError, match="is accepted: say it of the plan in force"):
        record(town, draft.plan_id, {}, now)
    town.rollback()
    decisions.withdraw(town, plan.plan_id, actor="account:ana", now=NOW)
    with pytest.raises(ConflictError, match="is withdrawn: say it of the plan in force"):
        record(town, plan.plan_id, {}, now)


def test_bins_that_are_gone_from_the_registry_are_left_out_and_counted(
    town: Connection, plan: PlanRecord
) -> None:
    first, second, *others = (one.code for one in stops(plan))
    town.execute("UPDATE bin SET code = 'was-' || code WHERE code = ANY(%s)", [[first, second]])

    found = record(town, plan.plan_id, {second: "", others[0]: ""}, shift_end(plan))

    assert found == Driven(len(others) - 1, missed=1, still_to_come=0, gone=2)
    assert missed_stops(town, plan.plan_id).keys() == {others[0]}


def took_over(conn: Connection, plan: PlanRecord) -> PlanRecord:
    """Return a plan that took over after the third stop, in force."""
    at = end(plan, 2) + timedelta(seconds=5)
    made = service.replan(
        conn,
        plan.plan_id,
        Changes(underway=UnderwayNow(at=at)),
        QUICK,
        1,
        ROADS,
        uuid4(),
        actor="account:ana",
        now=at,
    )
    assert decisions.publish(conn, made.plan_id, actor="account:ana", now=at) == [plan.plan_id]
    conn.commit()
    return made


def test_after_a_takeover_the_bins_that_were_served_before_count_too(
    town: Connection, plan: PlanRecord
) -> None:
    first, second, third, *_ = (one.code for one in stops(plan))
    made = took_over(town, plan)
    assert made.standing
    at = made.standing.taken_over_at
    assert at

    found = record(town, made.plan_id, {second: "gate locked"}, at)

    assert found == Driven(emptied=2, missed=1, still_to_come=len(stops(made)))
    done = emptied(town, made.plan_id)
    assert done.keys() == {first, third}
    for row in done.values():
        assert (row["before_at"], row["after_at"]) == (plan.shift_start, at)
    assert missed_stops(town, made.plan_id)[second]["at"] == at
    at_end = record(town, made.plan_id, {}, shift_end(plan))
    assert at_end == Driven(3 + len(stops(made)), missed=0, still_to_come=0)
    assert emptied(town, made.plan_id)[stops(made)[0].code]["before_at"] > at


def test_a_bin_has_one_word_in_a_shift_though_plans_took_each_others_place(
    town: Connection, plan: PlanRecord
) -> None:
    first, second, third, *_ = (one.code for one in stops(plan))
    record(town, plan.plan_id, {second: "gate locked", third: ""}, end(plan, 2))
    made = took_over(town, plan)

    record(town, made.plan_id, {third: "banjir"}, shift_end(plan))

    assert emptied(town, plan.plan_id) == missed_stops(town, plan.plan_id) == {}
    assert {first, second} < emptied(town, made.plan_id).keys()
    assert missed_stops(town, made.plan_id).keys() == {third}


def test_what_sensors_saw_and_other_shifts_stay_as_they_are(
    town: Connection, plan: PlanRecord
) -> None:
    level = (
        "INSERT INTO collection (bin_id, source, device_id, before_at, after_at, before_pct, "
        "after_pct, confidence) SELECT bin_id, 'level', 7, %(at)s, %(at)s, 80, 2, 0.8 FROM bin "
        "WHERE code = %(code)s"
    )
    values = {"at": end(plan, 0), "code": stops(plan)[0].code}
    town.execute(level, values)
    town.commit()
    others = "SELECT * FROM collection WHERE plan_id IS NULL ORDER BY collection_id"
    before = town.execute(others).fetchall()
    assert {row["source"] for row in before} == {"level", "crew"}

    for missed in ({}, {stops(plan)[0].code: ""}, {}):
        record(town, plan.plan_id, missed, shift_end(plan))

        assert town.execute(others).fetchall() == before
    with pytest.raises(psycopg.errors.UniqueViolation, match="collection_level_key"):
        town.execute(level, values)


def test_emptyings_that_are_found_anew_leave_those_that_crews_tell(registry: Connection) -> None:
    readings = history([60, 61, 8, 9, 62, 63])
    put(registry, readings[:2] + readings[3:4])
    judge_all(registry)
    (seen,) = collections(registry)
    registry.execute(
        "INSERT INTO collection (bin_id, source, before_at, after_at, confidence) "
        "VALUES (%(bin_id)s, 'crew', %(before_at)s, %(after_at)s, 0.9)",
        seen,
    )
    # These deny what was found.
    put(registry, readings[2:3] + readings[4:])

    judge_all(registry)

    (left,) = collections(registry)
    assert (left["source"], left["after_at"]) == ("crew", seen["after_at"])


def at(api: Api, now: datetime) -> None:
    api.clock.ahead = now - datetime.now(UTC)


def test_a_dispatcher_says_it_and_who_sees_the_plan_reads_it(plan: PlanRecord, api: Api) -> None:
    at(api, end(plan, 1))
    path = f"/api/plans/{plan.plan_id}/driven"
    first, _, *rest = (one.code for one in stops(plan))
    staff, driver = api.signed_in(Role.DISPATCHER), api.signed_in(Role.DRIVER)
    viewer = api.signed_in(Role.VIEWER)
    nothing = driver.get(path).json()
    assert nothing == {"emptied": 0, "missed": [], "author": "", "told_at": None}

    answer = staff.post(path, json={"missed": {first: "gerbang terkunci"}})

    assert answer.status_code == 200
    assert answer.json() == {"emptied": 1, "missed": 1, "still_to_come": len(rest), "gone": 0}
    shown, hidden = driver.get(path).json(), viewer.get(path).json()
    assert datetime.fromisoformat(shown["told_at"]) >= end(plan, 1)
    assert (shown["emptied"], shown["author"]) == (1, "account:dispatcher")
    (left,) = shown["missed"]
    assert (left["bin"], left["reason"]) == (first, "gerbang terkunci")
    assert datetime.fromisoformat(left["at"]) == end(plan, 0)
    assert hidden == shown | {"author": "", "missed": [left | {"reason": ""}]}
    # As the plan itself: who neither makes nor judges plans does not see what is not in force.
    staff.post(f"/api/plans/{plan.plan_id}/withdraw", json={}).raise_for_status()
    assert driver.get(path).status_code == 404
    assert api.signed_in(Role.EVALUATOR).get(path).json() == shown
    assert api.anonymous().get(path).status_code == 401


def test_of_many_who_say_it_at_once_the_last_word_holds_whole(
    town: Connection, plan: PlanRecord, api: Api
) -> None:
    at(api, shift_end(plan))
    path = f"/api/plans/{plan.plan_id}/driven"
    codes = [one.code for one in stops(plan)]
    staff = [api.token(api.account(Role.DISPATCHER), Scope.WRITE)]
    staff += [api.token("dispatcher", Scope.WRITE) for _ in range(CROWD - 1)]

    answers = at_once(
        [
            partial(one.post, path, json={"missed": dict.fromkeys(codes[: number % 4], "")})
            for number, one in enumerate(staff)
        ]
    )

    assert [answer.status_code for answer in answers] == [200] * CROWD
    told = staff[0].get(path).json()
    missed = [one["bin"] for one in told["missed"]]
    assert missed == codes[: len(missed)]
    assert told["emptied"] == len(codes) - len(missed)
    assert emptied(town, plan.plan_id).keys() == {*codes[len(missed) :]}


@pytest.mark.parametrize("role", [Role.DRIVER, Role.TECHNICIAN, Role.EVALUATOR, Role.VIEWER])
def test_others_do_not_say_it(town: Connection, plan: PlanRecord, api: Api, role: Role) -> None:
    at(api, shift_end(plan))
    path = f"/api/plans/{plan.plan_id}/driven"

    assert api.signed_in(role).post(path, json={"missed": {}}).status_code == 403
    assert emptied(town, plan.plan_id) == {}


def test_a_word_that_cannot_be_is_refused_over_http(
    town: Connection, plan: PlanRecord, api: Api
) -> None:
    at(api, end(plan, 0))
    path = f"/api/plans/{plan.plan_id}/driven"
    staff = api.signed_in(Role.ADMIN)
    _, second, *_ = (one.code for one in stops(plan))

    for body, where in (
        ({}, "missed"),
        ({"missed": {"": ""}}, "missed"),
        ({"missed": {"x" * 65: ""}}, "missed"),
        ({"missed": {second: "x" * 201}}, second),
        ({"missed": {second: "a\nb"}}, second),
        ({"missed": {second: "\x00"}}, second),
        ({"missed": {second: None}}, second),
        ({"missed": [second]}, "missed"),
        ({"missed": {}, "emptied": []}, "emptied"),
        ({"missed": {f"{n:x}": "" for n in range(MAX_MISSED + 1)}}, "missed"),
    ):
        answer = staff.post(path, json=body)
        assert (answer.status_code, answer.json()["error"]) == (422, "malformed_input"), body
        assert where in answer.json()["detail"]
    wrong = staff.post(path, json={"missed": {second: "", "X-1": ""}})
    assert (wrong.status_code, wrong.json()["error"]) == (422, "bad_record")
    faults = {one["code"]: one["why"] for one in wrong.json()["faults"]}
    assert faults == {second: "still_to_come", "X-1": "not_a_stop"}
    assert staff.post(f"/api/plans/{uuid4()}/driven", json={"missed": {}}).status_code == 404
    for now, word in (
        (NOW, "not_driven_yet"),
        (shift_end(plan) + OPEN_FOR + timedelta(minutes=1), "record_closed"),
    ):
        at(api, now)
        # Whoever signed in a week ago signs in again.
        client = api.signed_in(Role.DISPATCHER, word)
        answer = client.post(path, json={"missed": {}})
        assert (answer.status_code, answer.json()["error"]) == (409, word)
    assert emptied(town, plan.plan_id) == {}
