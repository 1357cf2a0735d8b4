"""Plans out of what is stored: made, checked, published once, never changed."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest

from angkut_backend.db import Connection
from angkut_backend.errors import ConflictError, NotFoundError
from angkut_backend.forecast.loading import districts
from angkut_backend.planning import decisions, records, service
from angkut_backend.planning.assembly import (
    NothingToPlanError,
    assemble,
)
from angkut_backend.planning.decisions import OutdatedError, PlanViolatesError
from angkut_backend.planning.difference import Moved, NotComparableError, difference
from angkut_backend.planning.policies import Policy, PolicyParameters
from angkut_backend.planning.problem import MAX_FILL_PCT, MustReason
from angkut_backend.planning.records import EventKind, PlanRecord
from angkut_backend.planning.rounds import are_invented, is_round_day
from angkut_backend.planning.search import Budget
from angkut_backend.planning.service import PlanOrder
from angkut_backend.planning.shifts import ShiftError, check_day, next_day
from angkut_backend.planning.solve import digest
from angkut_backend.roads.service import Roads
from parts.levels_stored import NOW
from parts.registry import add_vehicle

#: The day after: 05:00 WIB is 21 hours ahead.
DAY = date(2026, 3, 11)
ASKED = NOW - timedelta(minutes=10)
ROADS = Roads(Path("none"), None)


def order(policy: Policy = Policy.INTEGRATED, day: date = DAY) -> PlanOrder:
    return PlanOrder(
        day=day, policy=policy, parameters=PolicyParameters(), budget=Budget(iterations=20), seed=3
    )


def make(conn: Connection, what: PlanOrder | None = None) -> PlanRecord:
    district = districts(conn)[0]
    made = service.make(
        conn, district, what or order(), ROADS, uuid4(), actor="account:ana", now=ASKED
    )
    conn.commit()
    return made


def silence(conn: Connection) -> None:
    """Take the levels of the last two days away."""
    conn.execute("DELETE FROM rollup_hourly WHERE bucket > %s", [NOW - timedelta(hours=48)])


def spoilt(conn: Connection) -> UUID:
    """Store a copy of a plan whose check found something."""
    made, copy = make(conn), uuid4()
    columns = [
        row["column_name"]
        for row in conn.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = 'plan'"
        )
    ]
    others = ", ".join(name for name in columns if name not in {"plan_id", "violations"})
    conn.execute(
        f"INSERT INTO plan (plan_id, violations, {others}) SELECT %s, "  # noqa: S608 - names of our own
        f"""'[{{"code": "shift", "where": "B 9001", "detail": "is late"}}]', {others} """
        "FROM plan WHERE plan_id = %s",
        [copy, made.plan_id],
    )
    return copy


def test_a_plan_is_made_from_what_is_stored(town: Connection) -> None:
    made = make(town)

    assert made.violations == []
    assert 0 < made.plan.totals.stops < 42
    assert len(made.plan.served) + len(made.plan.left) == 42
    assert made.plan.provenance.approximate
    assert made.plan.provenance.problem_sha256 == digest(made.problem)
    assert made.is_treated
    assert [area["trusted"] for area in made.data_trust] == [40]
    assert (made.author, made.state) == ("account:ana", None)
    assert made.problem.moment(0).isoformat() == "2026-03-11T05:00:00+07:00"


def test_ways_take_longer_in_the_hours_of_traffic(town: Connection) -> None:
    def seconds_per_metre(made: PlanRecord) -> float:
        ways = [way for route in made.plan.routes for way in pairwise(route.steps)]
        drive_s = sum(there.arrive_s - here.leave_s for here, there in ways)
        return drive_s / sum(there.distance_m for _, there in ways)

    calm = make(town)
    factors = [1.0] * 5 + [2.0] * 19
    town.execute("UPDATE district SET traffic_by_hour = %s", [factors])
    made = make(town)

    assert made.problem.traffic_by_hour == tuple(factors)
    assert made.violations == []
    assert seconds_per_metre(made) > 1.7 * seconds_per_metre(calm)


def test_the_fuller_bins_are_served(town: Connection) -> None:
    made = make(town)
    fill = {one.code: one.fill_pct or 0.0 for one in made.problem.bins}
    served = [fill[one.bin] for one in made.plan.served]
    left = [fill[one.bin] for one in made.plan.left]

    assert sum(served) / len(served) > sum(left) / len(left) + 10


def test_the_same_data_seed_and_iterations_give_the_same_plan(town: Connection) -> None:
    first, second = make(town), make(town)

    assert first.plan_id != second.plan_id
    assert first.plan == second.plan


def test_an_area_of_which_little_is_known_keeps_its_round(town: Connection) -> None:
    silence(town)

    made = make(town)

    assert not made.is_treated
    assert [area["is_fixed"] for area in made.data_trust] == [True]
    assert {one.must for one in made.problem.bins} <= {None, MustReason.SCHEDULE}
    assert all(one.prize_rp == 0 for one in made.problem.bins)


@pytest.mark.parametrize("policy", Policy)
def test_every_policy_makes_a_plan_that_keeps_the_rules(town: Connection, policy: Policy) -> None:
    made = make(town, order(policy))

    assert made.violations == []
    assert made.policy is policy
    assert made.is_treated is (policy is not Policy.FIXED)


def test_rounds_come_every_second_day(town: Connection) -> None:
    days = [DAY + timedelta(days=number) for number in range(4)]

    assert [is_round_day(1, day) for day in days].count(True) == 2
    assert is_round_day(1, DAY) is not is_round_day(2, DAY)
    for day in (DAY - timedelta(days=1), DAY):
        problem = make(town, order(Policy.FIXED, day)).problem
        site = town.execute("SELECT site_id FROM site").fetchone()
        assert site
        is_due = any(one.must for one in problem.bins)
        assert is_due is is_round_day(site["site_id"], day)


def add_round(conn: Connection, place: str, code: str, weekdays: list[int], since: date) -> None:
    conn.execute(
        "INSERT INTO collection_round (district_id, code, site_id, bin_id, weekdays, valid_from, "
        "source) SELECT district_id, %(name)s, (SELECT site_id FROM site WHERE code = %(site)s), "
        "(SELECT bin_id FROM bin WHERE code = %(bin)s), %(weekdays)s, %(since)s, 'test' "
        "FROM district",
        {
            "name": f"{code} {since}",
            "site": code if place == "site" else None,
            "bin": code if place == "bin" else None,
            "weekdays": weekdays,
            "since": since,
        },
    )


def due(conn: Connection, day: date) -> set[str]:
    """Return the bins that the fixed policy serves or would like to."""
    made = assemble(conn, districts(conn)[0], day, Policy.FIXED, PolicyParameters(), NOW)
    return {one.code for one in made.problem.bins if one.must is MustReason.SCHEDULE}


def test_rounds_of_the_city_decide_where_it_has_some(town: Connection) -> None:
    today, every = DAY.isoweekday(), [1, 2, 3, 4, 5, 6, 7]
    others = [number for number in every if number != today]
    long_ago = DAY - timedelta(days=90)
    bins = {row["code"] for row in town.execute("SELECT code FROM bin")}

    add_round(town, "site", "TPS-01", [today], long_ago)
    of_site = due(town, DAY)
    assert of_site == bins
    assert due(town, DAY - timedelta(days=1)) == set()
    # A bin's own round comes before its site's, whichever is newer.
    add_round(town, "bin", "BKS-BT-0001", others, long_ago - timedelta(days=1))
    assert due(town, DAY) == bins - {"BKS-BT-0001"}
    assert due(town, DAY - timedelta(days=1)) == {"BKS-BT-0001"}
    # One that has not begun is not in force; from its first day on it is.
    add_round(town, "site", "TPS-01", [], DAY)
    assert due(town, DAY) == set()
    assert due(town, DAY - timedelta(days=1)) == {"BKS-BT-0001"}


def test_rounds_that_two_vehicles_share_add_up(town: Connection) -> None:
    long_ago = DAY - timedelta(days=90)
    add_round(town, "site", "TPS-01", [DAY.isoweekday()], long_ago)
    town.execute(
        "INSERT INTO collection_round (district_id, code, site_id, weekdays, valid_from, source) "
        "SELECT district_id, 'other', site_id, %s, %s, 'test' FROM site JOIN area USING (area_id)",
        [[(DAY - timedelta(days=1)).isoweekday()], long_ago],
    )
    assert due(town, DAY)
    assert due(town, DAY) == due(town, DAY - timedelta(days=1))


def test_a_plan_says_whose_rounds_it_keeps_to(town: Connection) -> None:
    made = make(town, order(Policy.FIXED))
    assert made.parameters["rounds"] == "invented"
    assert are_invented(made.parameters, made.data_trust)
    by_levels = make(town, order(Policy.INTEGRATED))
    assert not are_invented(by_levels.parameters, by_levels.data_trust)
    add_round(town, "site", "TPS-01", [DAY.isoweekday()], DAY)
    town.commit()
    known = make(town, order(Policy.FIXED))
    assert known.parameters["rounds"] == "registry"
    assert not are_invented(known.parameters, known.data_trust)


def test_a_bin_knows_how_long_ago_it_was_emptied(town: Connection) -> None:
    problem = make(town).problem
    gaps = {one.code: one.gap_h for one in problem.bins}
    row = town.execute(
        "SELECT max(after_at) AS at FROM collection JOIN bin USING (bin_id) WHERE code = 'T-003'"
    ).fetchone()

    assert row
    hours = (problem.moment(4 * 3600) - row["at"]).total_seconds() / 3600
    assert gaps["T-003"] == pytest.approx(hours, abs=0.1)
    assert gaps["BKS-BT-0001"] is None


@pytest.mark.parametrize(
    ("day", "word"), [(date(2026, 3, 9), "is over"), (date(2026, 3, 14), "do not reach")]
)
def test_a_day_that_cannot_be_planned_is_refused(town: Connection, day: date, word: str) -> None:
    with pytest.raises(ShiftError, match=word):
        make(town, order(day=day))


def test_the_shift_that_has_begun_can_be_planned(town: Connection) -> None:
    made = make(town, order(day=date(2026, 3, 10)))
    assert made.violations == []
    assert made.plan.routes
    # Its trucks leave from now on, not at five.
    assert all(made.problem.moment(route.steps[0].leave_s) >= ASKED for route in made.plan.routes)


def test_a_shift_that_is_over_is_not_planned(town: Connection) -> None:
    at_two, today = datetime(2026, 3, 10, 7, tzinfo=UTC), date(2026, 3, 10)
    with pytest.raises(ShiftError, match="is over since 2026-03-10 14:00"):
        check_day(districts(town)[0], today, at_two)
    check_day(districts(town)[0], today, at_two - timedelta(seconds=1))


def test_the_next_shift_is_that_of_tomorrow_once_one_has_begun(town: Connection) -> None:
    at_five, today = datetime(2026, 3, 9, 22, tzinfo=UTC), date(2026, 3, 10)
    assert next_day(districts(town)[0], at_five - timedelta(seconds=1)) == today
    assert next_day(districts(town)[0], at_five) == today + timedelta(days=1)


def test_a_bin_that_seems_to_fill_without_end_spoils_no_plan(town: Connection) -> None:
    make(town)
    town.execute("UPDATE fill_rate SET log_rate = ln(45)")
    made = make(town)
    assert records.get(town, made.plan_id).plan.served
    assert max(one.fill_pct or 0 for one in made.problem.bins) == MAX_FILL_PCT


def test_a_registry_that_contradicts_itself_is_named(town: Connection) -> None:
    before = make(town)
    town.execute(
        "INSERT INTO site (area_id, code, name, kind, lon, lat, source) "
        "SELECT area_id, 'TPA', 'Twice', 'tps3r', 107, -6.2, 'test' FROM area"
    )
    with pytest.raises(NothingToPlanError, match=r"'TPA' is there twice.*correct it in the site"):
        make(town)
    # Of plans that were made before as well: nobody can say whether they still hold.
    with pytest.raises(NothingToPlanError, match=r"'TPA' is there twice.*correct it in the site"):
        decisions.publish(town, before.plan_id, actor="account:ana", now=NOW)


def test_a_first_plan_whose_search_never_ended_is_not_listed_beside_a_later_one(
    town: Connection,
) -> None:
    district, left, hour_later = districts(town)[0], uuid4(), ASKED + timedelta(hours=1)

    def dies() -> None:
        service.make(
            town, district, order(), ROADS, uuid4(), actor="account:ana", now=ASKED,
            first_id=left, watch=_died,
        )  # fmt: skip

    with pytest.raises(InterruptedError):
        dies()
    town.rollback()
    assert [one.plan_id for one in records.list_plans(town)] == [left]
    again = service.make(
        town, district, order(), ROADS, uuid4(), actor="account:ana", now=hour_later
    )
    assert [one.plan_id for one in records.list_plans(town)] == [again.plan_id]


def _died(_used: float) -> bool:
    raise InterruptedError


@pytest.mark.parametrize("table", ["vehicle", "disposal_site"])
def test_what_is_missing_is_named(town: Connection, table: str) -> None:
    town.execute(f"DELETE FROM {table}")  # noqa: S608 - names of our own

    with pytest.raises(NothingToPlanError, match=table.replace("_", " ")):
        assemble(town, districts(town)[0], DAY, Policy.FIXED, PolicyParameters(), ASKED)


def test_a_published_plan_replaces_the_one_before(town: Connection) -> None:
    first, second, other_day = make(town), make(town), make(town, order(day=date(2026, 3, 10)))
    for one in (first, other_day):
        assert decisions.publish(town, one.plan_id, actor="account:ana", now=NOW) == []

    replaced = decisions.publish(town, second.plan_id, actor="account:budi", now=NOW)

    assert replaced == [first.plan_id]
    events = records.get(town, first.plan_id).events
    assert [event.kind for event in events] == [EventKind.PUBLISHED, EventKind.WITHDRAWN]
    assert str(second.plan_id) in events[1].note
    states = {one.plan_id: one.state for one in records.list_plans(town)}
    assert states[second.plan_id] is EventKind.PUBLISHED
    assert states[other_day.plan_id] is EventKind.PUBLISHED


def test_a_plan_that_breaks_rules_is_not_published(town: Connection) -> None:
    copy = spoilt(town)

    with pytest.raises(PlanViolatesError, match="B 9001: shift, is late"):
        decisions.publish(town, copy, actor="account:ana", now=NOW)

    assert records.get(town, copy).events == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            "UPDATE vehicle SET payload_kg = payload_kg - 1 WHERE code = %(vehicle)s",
            "payload was",
        ),
        ("UPDATE bin SET lat = lat + 0.001 WHERE code = %(bin)s", "place was"),
        ("UPDATE bin SET access = 'alley' WHERE code = %(bin)s", "access was road and is alley"),
        ("UPDATE disposal_site SET closes_at = '11:00'", "opening was"),
        ("UPDATE depot SET lon = lon + 0.001", "place was"),
    ],
)
def test_a_plan_of_a_registry_that_changed_is_not_published(
    town: Connection, change: str, said: str
) -> None:
    made = make(town)
    (route, *_) = [one for one in made.plan.routes if one.bins]
    names = {"vehicle": route.vehicle, "bin": route.bins[0]}
    town.execute(change, names)

    with pytest.raises(OutdatedError, match=said):
        decisions.publish(town, made.plan_id, actor="account:ana", now=NOW)

    assert records.get(town, made.plan_id).events == []
    # It is made anew of what is there now.
    again = make(town)
    assert decisions.publish(town, again.plan_id, actor="account:ana", now=NOW) == []


def test_what_a_plan_does_not_use_may_change(town: Connection) -> None:
    add_vehicle(town, "B 9002")  # which one day of these bins does not need
    made = make(town)
    idle = {one.code for one in made.problem.vehicles} - {one.vehicle for one in made.plan.routes}
    left = [one.bin for one in made.plan.left]
    town.execute("UPDATE bin SET container = 'cart' WHERE code = ANY(%s)", [left])
    town.execute("UPDATE vehicle SET payload_kg = 1 WHERE code = ANY(%s)", [list(idle)])

    assert left
    assert idle
    assert decisions.publish(town, made.plan_id, actor="account:ana", now=NOW) == []


def test_what_became_of_a_plan_does_not_become_again(town: Connection) -> None:
    plan_id = make(town).plan_id
    decisions.accept(town, plan_id, actor="account:ana", now=NOW)
    with pytest.raises(ConflictError, match="accepted already"):
        decisions.accept(town, plan_id, actor="account:ana", now=NOW)
    decisions.publish(town, plan_id, actor="account:ana", now=NOW)
    with pytest.raises(ConflictError, match="published already"):
        decisions.publish(town, plan_id, actor="account:ana", now=NOW)
    decisions.withdraw(town, plan_id, actor="account:ana", now=NOW, note="rain")
    with pytest.raises(ConflictError, match="withdrawn already"):
        decisions.publish(town, plan_id, actor="account:ana", now=NOW)
    with pytest.raises(ConflictError, match="withdrawn already"):
        decisions.withdraw(town, plan_id, actor="account:ana", now=NOW)


def test_everything_is_in_the_audit_log(town: Connection) -> None:
    plan_id = make(town).plan_id
    decisions.publish(town, plan_id, actor="account:budi", now=NOW)

    rows = town.execute(
        "SELECT actor, action FROM audit_log WHERE subject = %s ORDER BY audit_id", [str(plan_id)]
    ).fetchall()
    assert [(row["actor"], row["action"]) for row in rows] == [
        ("account:ana", "plan.make"),
        ("account:budi", "plan.published"),
    ]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE plan SET author = 'x'",
        "DELETE FROM plan",
        "TRUNCATE plan CASCADE",
        "UPDATE plan_event SET actor = 'x'",
        "DELETE FROM plan_event",
        "TRUNCATE plan_event",
    ],
)
def test_nothing_is_ever_changed_or_removed(town: Connection, change: str) -> None:
    decisions.publish(town, make(town).plan_id, actor="account:ana", now=NOW)
    town.commit()

    with pytest.raises(psycopg.errors.RestrictViolation, match="never changed"):
        town.execute(change)


def test_there_is_no_plan_of_an_unknown_id(town: Connection) -> None:
    nobody = uuid4()
    with pytest.raises(NotFoundError, match=str(nobody)):
        decisions.publish(town, nobody, actor="account:ana", now=NOW)


def test_a_bin_on_another_vehicle_has_moved(town: Connection) -> None:
    made = make(town)
    first = made.plan.served[0]
    served = (first.model_copy(update={"vehicle": "B 9002"}), *made.plan.served[1:])
    other = replace(made, plan=made.plan.model_copy(update={"served": served}))

    found = difference(made, other)

    assert found.moved == (Moved(first.bin, "B 9001", "B 9002"),)
    assert (found.added, found.dropped, found.distance_m) == ((), (), 0)
    with pytest.raises(NotComparableError, match=r"32\.75\.02"):
        difference(made, replace(other, district="32.75.02"))
