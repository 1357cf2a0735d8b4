"""Windows that the city states once hold in every plan, until somebody says otherwise."""

from datetime import UTC, date, datetime
from pathlib import Path
from uuid import uuid4

from angkut_backend.accounts.service import Role
from angkut_backend.db import Connection
from angkut_backend.forecast.loading import districts
from angkut_backend.planning import service
from angkut_backend.planning.changes import BinHours, Changes
from angkut_backend.planning.difference import difference
from angkut_backend.planning.documents import LATEST_S
from angkut_backend.planning.plan_document import OutReason
from angkut_backend.planning.policies import Policy, PolicyParameters
from angkut_backend.planning.problem import TimeWindow
from angkut_backend.planning.records import PlanRecord
from angkut_backend.planning.search import Budget
from angkut_backend.planning.service import PlanOrder
from angkut_backend.planning.windows import NEVER
from angkut_backend.roads.service import Roads
from parts.api import Api
from parts.levels_stored import NOW

#: A Wednesday; its shift is from 05:00 to 14:00 WIB.
DAY = date(2026, 3, 11)
ROADS = Roads(Path("none"), None)
BUDGET = Budget(iterations=20)
HOUR_S = 3600
FROM_TEN = TimeWindow(from_s=5 * HOUR_S, to_s=19 * HOUR_S)


def state(conn: Connection, windows: str | None, *codes: str) -> None:
    sql = "UPDATE bin SET collection_windows = %s WHERE code = ANY(%s)"
    conn.execute(sql, [windows, list(codes)])
    conn.commit()


def make(conn: Connection, parameters: PolicyParameters | None = None) -> PlanRecord:
    order = PlanOrder(
        day=DAY,
        policy=Policy.INTEGRATED,
        parameters=parameters or PolicyParameters(),
        budget=BUDGET,
        seed=3,
    )
    made = service.make(conn, districts(conn)[0], order, ROADS, uuid4(), actor="cli:ana", now=NOW)
    conn.commit()
    return made


def replan(conn: Connection, parent: PlanRecord, **changes: object) -> PlanRecord:
    asked = Changes.model_validate(changes)
    made = service.replan(
        conn, parent.plan_id, asked, BUDGET, 3, ROADS, uuid4(), actor="cli:ana", now=NOW
    )
    conn.commit()
    return made


def begins_h(made: PlanRecord, *codes: str) -> list[float]:
    """Return when these bins are served, hours into the shift."""
    steps = [step for route in made.plan.routes for step in route.steps]
    return [step.begin_s / HOUR_S for step in steps if step.code in codes]


def windows(made: PlanRecord, code: str) -> tuple[TimeWindow, ...]:
    return next(one.windows for one in made.problem.bins if one.code == code)


def why_left(made: PlanRecord, *codes: str) -> set[OutReason]:
    return {one.reason for one in made.plan.left if one.bin in codes}


def test_a_market_is_served_when_its_street_is_free(town: Connection) -> None:
    early = [one.bin for one in make(town).plan.served][:3]
    state(town, "10:00-24:00", *early)

    made = make(town)

    assert made.violations == []
    assert {windows(made, code) for code in early} == {(FROM_TEN,)}
    assert begins_h(made, *early)
    assert min(begins_h(made, *early)) >= 5
    assert windows(made, "T-039") == ()


def test_days_of_the_week_are_those_of_the_shift(town: Connection) -> None:
    school, closed = [one.bin for one in make(town).plan.served][:2]
    state(town, "1 2 3 4 5 00:00-07:00;6 7 00:00-24:00", school)
    state(town, "4 00:00-24:00", closed)

    made = make(town)

    assert made.violations == []
    assert windows(made, school) == (TimeWindow(from_s=-5 * HOUR_S, to_s=2 * HOUR_S),)
    assert all(at <= 2 for at in begins_h(made, school))
    assert why_left(made, closed) == {OutReason.WINDOW}


def test_bins_that_no_shift_reaches_are_left_for_their_window_and_nothing_else_suffers(
    town: Connection,
) -> None:
    everything = [row["code"] for row in town.execute("SELECT code FROM bin")]
    state(town, "20:00-22:00;23:00-04:30", *everything[1:])
    # Whatever must be served is closed, too.
    made = make(town, PolicyParameters(longest_gap_h=1))

    assert made.violations == []
    assert {one.windows for one in made.problem.bins} == {(), (NEVER,)}
    assert why_left(made, *everything[1:]) == {OutReason.WINDOW}


def test_hours_of_one_plan_go_before_what_is_stated_and_unlock_brings_that_back(
    town: Connection,
) -> None:
    code = make(town).plan.served[0].bin
    state(town, "20:00-22:00", code)
    parent = make(town)
    assert why_left(parent, code) == {OutReason.WINDOW}

    hours = BinHours(bin=code, after=datetime(2026, 3, 11, 2, tzinfo=UTC))
    open_ = replan(town, parent, hours=[hours], force=[code])
    again = replan(town, open_, unlock=[code])

    assert open_.violations == again.violations == []
    assert windows(open_, code) == (TimeWindow(from_s=4 * HOUR_S, to_s=LATEST_S),)
    assert all(at >= 4 for at in begins_h(open_, code))
    assert code in difference(parent, open_).added
    assert windows(again, code) == windows(parent, code) == (NEVER,)
    (change,) = [one for one in difference(open_, again).changes if one.bin == code]
    assert (change.kind, change.reason) == ("dropped", "window")


def test_what_is_stated_anew_holds_in_plans_that_look_anew(town: Connection) -> None:
    parent = make(town)
    code = parent.plan.served[0].bin
    state(town, "10:00-24:00", code)

    assert windows(replan(town, parent, force=[code]), code) == ()
    fresh = replan(town, parent, fresh=True, force=[code])

    assert fresh.violations == []
    assert windows(fresh, code) == (FROM_TEN,)
    assert begins_h(fresh, code)[0] >= 5


def test_windows_are_told_over_http_of_a_bin_and_of_a_plan(town: Connection, api: Api) -> None:
    state(town, "10:00-24:00", "T-000")
    made = make(town)

    client = api.signed_in(Role.DISPATCHER)
    bins = client.get("/api/bins").json()["features"]
    shown = client.get("/api/bins/T-000").json()["properties"]
    problem = client.get(f"/api/plans/{made.plan_id}").json()["problem"]

    told = {one["id"]: one["properties"]["collection_windows"] for one in bins}
    assert (told["T-000"], told["T-001"]) == ("10:00-24:00", None)
    assert shown["collection_windows"] == "10:00-24:00"
    planned = {one["code"]: one["windows"] for one in problem["bins"]}
    assert planned["T-000"] == [{"from_s": 5 * HOUR_S, "to_s": 19 * HOUR_S}]
    assert planned["T-001"] == []
    assert problem["vehicles"][0]["shift"] == {"from_s": 0, "to_s": 9 * HOUR_S}
