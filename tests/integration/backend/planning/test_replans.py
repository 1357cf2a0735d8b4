"""Plans made from other plans: kept with their parent, what was changed and what holds."""

from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from angkut_backend.accounts.service import Role
from angkut_backend.db import Connection
from angkut_backend.errors import ConflictError, NotFoundError
from angkut_backend.forecast.loading import districts
from angkut_backend.planning import decisions, records, service
from angkut_backend.planning.changes import Changes, FixedFirst, UnderwayNow, VehicleNow
from angkut_backend.planning.decisions import OtherCourseError
from angkut_backend.planning.difference import ChangeKind, difference
from angkut_backend.planning.faults import MAX_FAULTS, ChangesError
from angkut_backend.planning.notes import NoteCode
from angkut_backend.planning.plan_document import OutReason, StepKind
from angkut_backend.planning.policies import Policy, PolicyParameters
from angkut_backend.planning.problem import MAX_BINS, Lock
from angkut_backend.planning.records import EventKind, PlanRecord
from angkut_backend.planning.search import Budget
from angkut_backend.planning.service import PlanOrder
from angkut_backend.planning.solve import digest
from angkut_backend.roads.service import Roads
from parts.api import Api
from parts.levels_stored import HOUR, NOW

#: Its shift begins at 05:00 WIB, 22:00 UTC of the day before: `NOW` is before its end.
DAY = NOW.date()
ROADS = Roads(Path("none"), None)
QUICK = Budget(iterations=10)
TRUCK = "B 9001"
ORDER = PlanOrder(
    day=DAY + timedelta(days=1),
    policy=Policy.INTEGRATED,
    parameters=PolicyParameters(must_probability=0.9),
    budget=QUICK,
    seed=1,
)


@pytest.fixture
def parent(town: Connection) -> PlanRecord:
    district = districts(town)[0]
    made = service.make(town, district, ORDER, ROADS, uuid4(), actor="account:ana", now=NOW)
    town.commit()
    return made


def replan(conn: Connection, of: UUID, changes: Changes, hours: float = 1.0) -> PlanRecord:
    now = NOW + timedelta(hours=hours)
    made = service.replan(
        conn, of, changes, QUICK, 1, ROADS, uuid4(), actor="account:budi", now=now
    )
    conn.commit()
    return made


def test_a_change_is_kept_with_its_parent_and_rests_on_the_same_levels(
    town: Connection, parent: PlanRecord
) -> None:
    first, *_ = parent.plan.routes[0].bins
    changes = Changes(forbid=(first,))

    made = replan(town, parent.plan_id, changes)

    assert made.violations == []
    assert (made.parent_id, made.changes, made.author) == (
        parent.plan_id,
        changes,
        "account:budi",
    )
    assert made.readings_as_of == parent.readings_as_of
    assert (made.policy, made.parameters) == (parent.policy, parent.parameters)
    assert made.plan.provenance.problem_sha256 == digest(made.problem)
    assert {one.bin: one.reason for one in made.plan.left}[first] is OutReason.FORBIDDEN
    assert records.get(town, parent.plan_id).plan == parent.plan
    row = town.execute("SELECT actor, after FROM audit_log WHERE action = 'plan.replan'").fetchone()
    assert row
    assert row["actor"] == "account:budi"
    assert row["after"]["parent"] == str(parent.plan_id)
    assert row["after"]["changes"] == {"forbid": [first]}


def test_what_was_changed_holds_in_the_next_plans_until_it_is_taken_back(
    town: Connection, parent: PlanRecord
) -> None:
    stays, first, *_ = [one.bin for one in parent.plan.left][::-1]
    lock = Lock(bin=stays, vehicle=TRUCK, position=2)
    second = replan(town, parent.plan_id, Changes(locks=(lock,)))
    third = replan(town, second.plan_id, Changes(force=(first,)))
    fourth = replan(town, third.plan_id, Changes(unlock=(stays,)))

    for made in (second, third):
        assert made.plan.routes[0].bins[1] == stays
    assert third.standing
    assert (third.standing.locks, third.standing.force) == ((lock,), (first,))
    assert fourth.problem.locks == ()
    known = {one.code: one for one in parent.problem.bins}
    assert next(one for one in fourth.problem.bins if one.code == stays) == known[stays]
    assert first in fourth.plan.routes[0].bins


def test_fresh_levels_are_read_when_asked_and_under_way(
    town: Connection, parent: PlanRecord
) -> None:
    fresh = replan(town, parent.plan_id, Changes(fresh=True))
    assert fresh.readings_as_of == NOW + timedelta(hours=1)
    steps = parent.plan.routes[0].steps
    third = [step for step in steps if step.kind is StepKind.STOP][2]
    at = parent.shift_start + timedelta(seconds=third.leave_s + 5)

    made = replan(town, parent.plan_id, Changes(underway=UnderwayNow(at=at)), hours=24)

    assert made.violations == []
    assert made.readings_as_of == NOW + timedelta(hours=24)
    assert made.standing
    (served,) = made.standing.served
    assert served.bins == tuple(parent.plan.routes[0].bins[:3])
    assert len(made.problem.bins) == len(parent.problem.bins) - 3
    start = made.plan.routes[0].steps[0]
    assert (start.load_l, start.load_kg) == (third.load_l, third.load_kg)
    found = difference(parent, made)
    assert set(found.served) == set(served.bins)
    assert not set(found.dropped) & set(found.served)
    decisions.publish(town, parent.plan_id, actor="account:ana", now=NOW)
    assert decisions.publish(town, made.plan_id, actor="account:ana", now=NOW) == [parent.plan_id]


def test_a_plan_that_knows_less_than_the_one_that_vehicles_follow_is_not_put_in_force(
    town: Connection, parent: PlanRecord
) -> None:
    def underway(of: UUID, hour: int) -> UUID:
        at = parent.shift_start + timedelta(hours=hour)
        return replan(town, of, Changes(underway=UnderwayNow(at=at)), hours=24).plan_id

    def publish(plan_id: UUID) -> list[UUID]:
        return decisions.publish(town, plan_id, actor="account:ana", now=NOW)

    other = replan(town, parent.plan_id, Changes(fresh=True)).plan_id
    at_one, rival, at_two = (underway(parent.plan_id, hour) for hour in (1, 1, 2))
    later, of_other = underway(at_one, 2), underway(other, 1)
    tweaked = replan(town, at_one, Changes(), hours=24).plan_id
    publish(parent.plan_id)

    # Vehicles have not followed the draft that it goes on from.
    with pytest.raises(OtherCourseError, match=f"{parent.plan_id} from 05:00 on"):
        publish(of_other)
    assert publish(at_one) == [parent.plan_id]
    # It begins in the depot; this one takes over from a plan that vehicles left an hour before.
    for stale in (other, at_two):
        with pytest.raises(OtherCourseError, match=f"{at_one} from 06:00 on.*withdraw it first"):
            publish(stale)
    # These know as much, or more.
    assert publish(rival) == [at_one]
    assert publish(tweaked) == [rival]
    with pytest.raises(OtherCourseError):
        publish(later)
    decisions.withdraw(town, tweaked, actor="account:ana", now=NOW)
    assert publish(later) == []
    assert records.get(town, other).state is None


@pytest.mark.parametrize("is_fresh", [False, True])
def test_a_change_in_the_shift_that_is_not_under_way_begins_no_sooner_than_now(
    town: Connection, parent: PlanRecord, is_fresh: bool
) -> None:
    half_past_nine = parent.shift_start + timedelta(hours=4.5)
    first, *others = parent.plan.routes[0].bins
    assert parent.problem.moment(parent.plan.routes[0].steps[0].leave_s) < half_past_nine
    changes = Changes(forbid=(first,), force=tuple(others[:3]), fresh=is_fresh)

    made = replan(town, parent.plan_id, changes, hours=(half_past_nine - NOW) / HOUR)

    assert made.violations == []
    assert made.plan.routes
    assert all(
        made.problem.moment(route.steps[0].leave_s) >= half_past_nine for route in made.plan.routes
    )
    afresh = service.make(
        town, districts(town)[0], ORDER, ROADS, uuid4(),
        actor="account:ana", now=half_past_nine,
    )  # fmt: skip
    assert made.problem.vehicles == afresh.problem.vehicles
    # With a minute left nothing can be driven: a plan that leaves everything, as one from nothing.
    late = replan(town, parent.plan_id, changes, hours=(half_past_nine - NOW) / HOUR + 4.49)
    assert late.violations == []
    assert late.plan.routes == ()
    assert len(late.plan.left) == len(late.problem.bins) == len(parent.problem.bins)


def test_a_plan_of_the_whole_shift_replaces_none_that_has_begun(
    town: Connection, parent: PlanRecord
) -> None:
    def publish(plan_id: UUID, now: datetime) -> list[UUID]:
        return decisions.publish(town, plan_id, actor="account:ana", now=now)

    rival, other, third = (
        replan(town, parent.plan_id, Changes(fresh=is_fresh)) for is_fresh in (False, True, False)
    )
    begins = rival.problem.moment(min(one.steps[1].arrive_s for one in rival.plan.routes))
    soon = begins - timedelta(seconds=1)
    publish(parent.plan_id, NOW)
    assert publish(rival.plan_id, soon) == [parent.plan_id]

    for late in (other, third):
        with pytest.raises(
            OtherCourseError,
            match=f"follow plan {rival.plan_id}.* at {begins:%H:%M}.*Sedang berjalan.*withdraw it",
        ):
            publish(late.plan_id, begins)
    assert records.get(town, rival.plan_id).state is EventKind.PUBLISHED
    assert records.get(town, other.plan_id).state is None

    # One that goes on from where they are does take its place; without one in force any may.
    underway = Changes(underway=UnderwayNow(at=begins + timedelta(minutes=30)))
    going_on = replan(town, rival.plan_id, underway, hours=24)
    assert publish(going_on.plan_id, begins + timedelta(hours=1)) == [rival.plan_id]
    decisions.withdraw(town, going_on.plan_id, actor="account:ana", now=NOW)
    assert publish(other.plan_id, begins + timedelta(hours=1)) == []


def test_only_changes_of_plans_that_are_there_and_not_withdrawn_are_taken(
    town: Connection, parent: PlanRecord
) -> None:
    with pytest.raises(NotFoundError):
        replan(town, uuid4(), Changes())
    with pytest.raises(ChangesError, match="no bin 'X'"):
        replan(town, parent.plan_id, Changes(forbid=("X",)))
    decisions.withdraw(town, parent.plan_id, actor="account:ana", now=NOW)
    with pytest.raises(ConflictError, match="is withdrawn"):
        replan(town, parent.plan_id, Changes())


def test_a_change_of_a_plan_whose_district_has_no_bins_any_more_is_refused(
    town: Connection, parent: PlanRecord
) -> None:
    town.execute(
        "INSERT INTO district (code, city_slug, city_name, name, boundary, timezone, source) "
        "SELECT '32.75.99', city_slug, city_name, 'Baru', boundary, timezone, source FROM district"
    )
    town.execute("UPDATE area SET district_id = (SELECT max(district_id) FROM district)")
    with pytest.raises(NotFoundError, match=f"district {parent.district}: there is 32.75.99"):
        replan(town, parent.plan_id, Changes(fresh=True))


def test_the_first_plan_of_a_change_is_kept_too(town: Connection, parent: PlanRecord) -> None:
    first_id = uuid4()

    made = service.replan(
        town, parent.plan_id, Changes(), QUICK, 1, ROADS, uuid4(),
        actor="account:ana", now=NOW, first_id=first_id,
    )  # fmt: skip

    first = records.get(town, first_id)
    assert first.parent_id == made.parent_id == parent.plan_id
    assert first.plan.provenance.stage == "greedy"
    assert first.violations == []


def test_the_difference_tells_each_change_with_its_cost(
    town: Connection, parent: PlanRecord
) -> None:
    order = parent.plan.routes[0].bins
    last = next(one.bin for one in parent.plan.left)
    changes = Changes(
        forbid=(order[1],),
        force=(last,),
        fixed_first=(FixedFirst(vehicle=TRUCK, stops=1),),
    )

    found = difference(parent, replan(town, parent.plan_id, changes))

    by_bin = {one.bin: one for one in found.changes}
    dropped, added = by_bin[order[1]], by_bin[last]
    assert (dropped.kind, dropped.to_vehicle) == (ChangeKind.DROPPED, None)
    assert dropped.reason == OutReason.FORBIDDEN
    assert dropped.cost_rp <= 0 <= dropped.overflows
    assert (added.kind, added.from_vehicle, added.to_vehicle) == (ChangeKind.ADDED, None, TRUCK)
    assert added.cost_rp > 0 >= added.overflows
    assert {one.bin for one in found.changes} == {
        *found.added, *found.dropped, *found.reordered
    }  # fmt: skip
    (truck,) = found.vehicles
    assert truck.sums.distance_m == found.distance_m
    assert truck.sums.stops == len(found.added) - len(found.dropped)
    risk = sum(one.overflows for one in found.changes)
    assert found.overflows == pytest.approx(risk, abs=0.002)


def test_bins_that_swap_places_are_reordered_and_no_others(
    town: Connection, parent: PlanRecord
) -> None:
    order = parent.plan.routes[0].bins
    place = len(order) - 1
    lock = Lock(bin=order[place], vehicle=TRUCK, position=1)

    made = replan(town, parent.plan_id, Changes(locks=(lock,)))

    found = difference(parent, made)
    assert order[place] in found.reordered or len(order) < 3
    assert not found.moved


def test_an_impossible_change_is_refused_over_http_before_a_job_begins(
    town: Connection, parent: PlanRecord, api: Api
) -> None:
    client = api.signed_in(Role.DISPATCHER)
    path = f"/api/plans/{parent.plan_id}/replan"

    answer = client.post(path, json={"changes": {"force": ["X-1"]}})
    assert answer.status_code == 422
    refused = answer.json()
    assert (refused["error"], refused["detail"]) == (
        "bad_changes",
        "force: there is no bin 'X-1' in this plan",
    )
    (fault,) = refused["faults"]
    assert {name: value for name, value in fault.items() if value is not None} == {
        "field": "force",
        "code": "X-1",
        "why": "unknown",
        "detail": "there is no bin 'X-1' in this plan",
    }
    outside = {"underway": {"at": parent.shift_start.isoformat()}}
    (fault,) = client.post(path, json={"changes": outside}).json()["faults"]
    shift = [datetime.fromisoformat(fault[name]) for name in ("from_at", "until_at")]
    assert shift == [parent.shift_start, parent.shift_start + timedelta(hours=9)]
    assert client.post(path, json={"changes": {"colour": 1}}).status_code == 422
    assert api.signed_in(Role.VIEWER).post(path, json={"changes": {}}).status_code == 403
    assert client.get("/api/jobs").json()["jobs"] == []
    reported = UnderwayNow(
        at=parent.shift_start + timedelta(hours=1), vehicles=(VehicleNow(vehicle=TRUCK),)
    )
    made = replan(town, parent.plan_id, Changes(underway=reported), hours=24)
    shown = client.get(f"/api/plans/{made.plan_id}").json()
    assert shown["parent_id"] == str(parent.plan_id)
    assert shown["changes"]["underway"]["vehicles"][0]["vehicle"] == TRUCK
    assert shown["standing"]["taken_over_at"]


def test_how_far_vehicles_are_is_told_as_a_replan_takes_it(
    town: Connection, parent: PlanRecord, api: Api
) -> None:
    client = api.signed_in(Role.DISPATCHER)
    path = f"/api/plans/{parent.plan_id}/progress"
    third = [one for one in parent.plan.routes[0].steps if one.kind is StepKind.STOP][2]
    order = parent.plan.routes[0].bins
    at = parent.shift_start + timedelta(seconds=third.leave_s + 5)
    report = {"at": at.isoformat(), "vehicles": [{"vehicle": TRUCK, "served": order[:2]}]}

    (there,) = client.get(path, params={"at": at.isoformat()}).json()["vehicles"]
    (told,) = client.post(path, json=report).json()["vehicles"]

    known = {one.code: one for one in parent.problem.bins}
    assert (there["has_left"], there["is_driving"]) == (True, True)
    assert (there["served"], there["next_bin"]) == (order[:3], order[3])
    assert there["step"] == {"kind": "stop", "code": order[3]}
    assert (there["lon"], there["lat"]) == (known[order[3]].lon, known[order[3]].lat)
    assert (there["load_l"], there["load_kg"]) == (third.load_l, third.load_kg)
    assert (told["served"], told["is_driving"]) == (order[:2], False)
    assert told["step"] == {"kind": "stop", "code": order[1]}
    assert told["load_kg"] == sum(known[code].load_kg for code in order[:2])
    made = replan(
        town, parent.plan_id, Changes(underway=UnderwayNow.model_validate(report)), hours=24
    )
    on = made.problem.vehicles[0].underway
    assert on
    assert (on.lon, on.lat, on.load_kg) == (told["lon"], told["lat"], told["load_kg"])
    before = client.get(path, params={"at": (parent.shift_start - timedelta(hours=1)).isoformat()})
    assert before.json()["faults"][0]["why"] == "outside_shift"
    assert client.get(path, params={"at": "2026-11-23T08:00:00"}).status_code == 422
    wrong = client.post(path, json=report | {"vehicles": [{"vehicle": "X"}]}).json()
    assert [(one["field"], one["code"]) for one in wrong["faults"]] == [("underway.vehicles", "X")]
    assert api.signed_in(Role.DRIVER).get(path, params={"at": at.isoformat()}).status_code == 403


def test_a_request_holds_a_change_of_every_bin(parent: PlanRecord, api: Api) -> None:
    client = api.signed_in(Role.DISPATCHER)
    path = f"/api/plans/{parent.plan_id}/replan"
    locks = [{"bin": f"{n:064}", "vehicle": "V" * 64, "position": 99} for n in range(MAX_BINS)]
    once = [lock | {"position": None} for lock in locks]

    refused = client.post(path, json={"changes": {"locks": once}})
    too_large = client.post(path, json={"changes": {"locks": locks + locks}})

    assert (refused.status_code, refused.json()["error"]) == (422, "bad_changes")
    assert len(refused.json()["faults"]) == MAX_FAULTS
    assert refused.json()["detail"].endswith(f"and {2 * MAX_BINS - 20} more")
    assert (too_large.status_code, too_large.json()["error"]) == (413, "body_too_large")


def test_a_truck_with_more_than_it_holds_is_taken_over_as_it_is_and_the_plan_says_so(
    town: Connection, api: Api, parent: PlanRecord
) -> None:
    holds = next(one for one in parent.problem.vehicles if one.code == TRUCK)
    carried = {"load_kg": holds.payload_kg + 900, "load_l": 10}
    at = parent.shift_start + timedelta(hours=2)
    report = UnderwayNow(at=at, vehicles=(VehicleNow(vehicle=TRUCK, **carried),))
    client = api.signed_in(Role.DISPATCHER)

    path, body = f"/api/plans/{parent.plan_id}/progress", report.model_dump(mode="json")
    shown = client.post(path, json=body).json()["vehicles"]
    made = replan(town, parent.plan_id, Changes(underway=report), hours=24)

    (then,) = [one for one in shown if one["vehicle"] == TRUCK]
    assert carried.items() <= then.items()
    assert made.violations == []
    (note,) = [one for one in made.plan.notes if one.code is NoteCode.OVERLOADED]
    assert (note.vehicle, note.load_kg, note.most_kg) == (
        TRUCK,
        carried["load_kg"],
        holds.payload_kg,
    )
    start = next(route.steps[0] for route in made.plan.routes if route.vehicle == TRUCK)
    assert start.load_kg == carried["load_kg"]
