"""Plans over HTTP: who sees them, who puts them in force, what other programs get."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4
from xml.etree import ElementTree as ET

import pytest

from angkut_backend.accounts.service import Role
from angkut_backend.db import Connection
from angkut_backend.forecast.loading import districts
from angkut_backend.planning import service
from angkut_backend.planning.district import SHIFT_S
from angkut_backend.planning.plan_document import StepKind
from angkut_backend.planning.policies import Policy, PolicyParameters
from angkut_backend.planning.records import PlanRecord
from angkut_backend.planning.search import Budget
from angkut_backend.planning.service import PlanOrder
from angkut_backend.roads.service import Roads
from parts.api import Api
from parts.levels_stored import NOW
from parts.live import stream
from parts.waiting import wait_until


def some_plan(conn: Connection, policy: Policy = Policy.INTEGRATED) -> PlanRecord:
    order = PlanOrder(
        day=NOW.date() + timedelta(days=1),
        policy=policy,
        parameters=PolicyParameters(),
        budget=Budget(iterations=5),
        seed=1,
    )
    roads = Roads(Path("none"), None)
    district = districts(conn)[0]
    made = service.make(conn, district, order, roads, uuid4(), actor="account:ana", now=NOW)
    conn.commit()
    return made


def test_who_publishes_an_outdated_plan_is_told_what_changed(town: Connection, api: Api) -> None:
    path = f"/api/plans/{some_plan(town).plan_id}/publish"
    town.execute("UPDATE vehicle SET access = 'alley', payload_kg = payload_kg - 1")
    town.execute("UPDATE disposal_site SET closes_at = '11:00'")
    town.commit()

    answer = api.signed_in(Role.DISPATCHER).post(path)

    told = answer.json()
    assert (answer.status_code, told["error"]) == (409, "outdated")
    (vehicle,) = {one["code"] for one in told["changed"] if one["part"] == "vehicle"}
    assert [(one["part"], one["trait"], one["detail"]) for one in told["changed"]] == [
        ("vehicle", "access", f"vehicle {vehicle}: access was road and is alley"),
        ("vehicle", "payload", f"vehicle {vehicle}: payload was 5000 and is 4999"),
        (
            "disposal_site",
            "opening",
            "disposal site TPA: opening was 06:00 to 18:00 and is 06:00 to 11:00",
        ),
    ]
    assert all(one["detail"] in told["detail"] for one in told["changed"])


def test_a_plan_goes_from_the_list_into_force(town: Connection, api: Api) -> None:
    first, second = some_plan(town), some_plan(town)
    dispatcher, viewer = api.signed_in(Role.DISPATCHER), api.signed_in(Role.VIEWER)
    driver = api.signed_in(Role.DRIVER)
    path = f"/api/plans/{first.plan_id}"

    assert len(dispatcher.get("/api/plans").json()["plans"]) == 2
    assert viewer.post(f"{path}/publish").status_code == 403
    assert driver.get(path).status_code == 404
    assert driver.get(f"{path}.csv").status_code == 404
    assert driver.get("/api/plans").json()["plans"] == []
    assert dispatcher.post(f"{path}/accept").json()["state"] == "accepted"
    assert dispatcher.post(f"{path}/publish").json()["withdrawn"] == []
    assert dispatcher.post(f"{path}/publish").status_code == 409
    shown = driver.get(path).json()
    assert shown["state"] == "published"
    assert [event["actor"] for event in shown["events"]] == ["account:dispatcher"] * 2
    assert shown["plan"] == first.plan.model_dump(mode="json")
    known = {one["code"]: one["load_kg"] for one in shown["problem"]["bins"]}
    assert known == {one.code: one.load_kg for one in first.problem.bins}
    other = dispatcher.post(f"/api/plans/{second.plan_id}/publish").json()
    assert other["withdrawn"] == [str(first.plan_id)]
    note = {"note": "banjir"}
    answer = dispatcher.post(f"/api/plans/{second.plan_id}/withdraw", json=note).json()
    assert answer["events"][-1]["note"] == "banjir"
    assert dispatcher.get(f"/api/plans/{uuid4()}").status_code == 404
    assert dispatcher.get("/api/plans/nonsense").status_code == 422
    assert dispatcher.get(f"{path}.exe").status_code == 422
    assert api.anonymous().get(path).status_code == 401


@pytest.mark.parametrize("role", [Role.DRIVER, Role.TECHNICIAN, Role.VIEWER])
def test_who_neither_makes_nor_judges_plans_sees_those_in_force(
    town: Connection, api: Api, role: Role
) -> None:
    draft, published = some_plan(town), some_plan(town)
    staff, client = api.signed_in(Role.DISPATCHER), api.signed_in(role)
    staff.post(f"/api/plans/{published.plan_id}/publish")

    seen = client.get("/api/plans").json()["plans"]
    shown = client.get(f"/api/plans/{published.plan_id}").json()

    assert [one["plan_id"] for one in seen] == [str(published.plan_id)]
    hides_names = role is Role.VIEWER
    names = {seen[0]["author"], shown["author"], *(one["actor"] for one in shown["events"])}
    assert names == ({""} if hides_names else {"account:ana", "account:dispatcher"})
    for form in ("", ".pdf", ".vroom.json", "/navigation"):
        assert client.get(f"/api/plans/{draft.plan_id}{form}").status_code == 404
    all_of_them = api.signed_in(Role.EVALUATOR).get("/api/plans").json()["plans"]
    assert {one["author"] for one in all_of_them} == {"account:ana"}
    assert len(all_of_them) == 2


def test_a_plan_of_a_shift_that_is_over_is_neither_accepted_nor_put_in_force(
    town: Connection, api: Api
) -> None:
    made = some_plan(town)
    end = made.shift_start + timedelta(seconds=SHIFT_S)
    api.clock.ahead = end - datetime.now(UTC)
    dispatcher = api.signed_in(Role.DISPATCHER)

    for what in ("accept", "publish"):
        answer = dispatcher.post(f"/api/plans/{made.plan_id}/{what}")

        assert answer.status_code == 409
        assert answer.json()["error"] == "shift_over"
        assert answer.json()["detail"] == (
            "the shift of 2026-03-11 is over since 2026-03-11 14:00: make a plan for a later day"
        )
    assert dispatcher.get(f"/api/plans/{made.plan_id}").json()["events"] == []
    # Who cleans up may still take it out.
    assert dispatcher.post(f"/api/plans/{made.plan_id}/withdraw", json={}).status_code == 200
    last_minute = some_plan(town)
    api.clock.ahead -= timedelta(minutes=1)
    assert dispatcher.post(f"/api/plans/{last_minute.plan_id}/publish").status_code == 200


def test_the_list_is_of_one_day_when_a_day_is_asked_for(town: Connection, api: Api) -> None:
    made = some_plan(town)
    client = api.signed_in(Role.DISPATCHER)
    # The shift begins at 05:00 WIB: by UTC on the day before.
    day = NOW.date() + timedelta(days=1)

    of_day, of_other, wrong = (
        client.get("/api/plans", params={"day": one})
        for one in (str(day), str(day - timedelta(days=1)), "2026-13-40")
    )

    assert made.shift_start.astimezone(UTC).date() < day
    assert [one["plan_id"] for one in of_day.json()["plans"]] == [str(made.plan_id)]
    assert of_other.json()["plans"] == []
    assert wrong.status_code == 422


def test_whoever_looks_is_told_when_a_plan_comes_into_force(town: Connection, api: Api) -> None:
    made = some_plan(town)
    with stream(api.signed_in(Role.DRIVER)) as live:
        assert live.next_event()[0] == "state"
        wait_until(lambda: _hears(town), what="the listener")
        api.signed_in(Role.DISPATCHER).post(f"/api/plans/{made.plan_id}/publish")
        assert live.next_event() == ("plans", {})


def _hears(conn: Connection) -> bool:
    ears = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'angkut-live'"
    found = conn.execute(ears).fetchone() is not None
    conn.rollback()
    return found


def test_exports_tell_every_stop_in_its_order(town: Connection, api: Api) -> None:
    made = some_plan(town)
    client = api.signed_in(Role.EVALUATOR)
    path = f"/api/plans/{made.plan_id}"
    stops = [code for route in made.plan.routes for code in route.bins]
    assert stops

    rows = list(csv.DictReader(io.StringIO(client.get(f"{path}.csv").text)))
    assert [row["code"] for row in rows if row["kind"] == "stop"] == stops
    steps = [step for route in made.plan.routes for step in route.steps]
    assert sum(int(row["distance_m"]) for row in rows) == made.plan.totals.distance_m
    assert [row["begin_local"] for row in rows] == [
        made.problem.moment(step.begin_s).strftime("%H:%M") for step in steps
    ]

    features = json.loads(client.get(f"{path}.geojson").text)["features"]
    points = [f["properties"]["code"] for f in features if f["geometry"]["type"] == "Point"]
    assert [code for code in points if code in stops] == stops
    lines = [f for f in features if f["geometry"]["type"] == "LineString"]
    trips = {
        (route.vehicle, step.trip)
        for route in made.plan.routes
        for step in route.steps
        if step.kind is StepKind.UNLOAD
    }
    assert {(f["properties"]["vehicle"], f["properties"]["trip"]) for f in lines} == trips
    assert sum(f["properties"]["distance_m"] for f in lines) == made.plan.totals.distance_m
    assert all(line["properties"]["approximate"] for line in lines)

    gpx = ET.fromstring(client.get(f"{path}.gpx").text)  # noqa: S314 - our own answer
    space = {"g": "http://www.topografix.com/GPX/1/1"}
    names = [
        point.findtext("g:name", namespaces=space)
        for point in gpx.findall("g:rte/g:rtept", space)
        if point.findtext("g:type", namespaces=space) == StepKind.STOP
    ]
    assert names == stops


def test_what_changes_between_two_plans_adds_up(town: Connection, api: Api) -> None:
    one, other = some_plan(town), some_plan(town, Policy.THRESHOLD_ROUTED)
    client = api.signed_in(Role.EVALUATOR)

    there = client.get(f"/api/plans/{one.plan_id}/difference?to={other.plan_id}").json()
    back = client.get(f"/api/plans/{other.plan_id}/difference?to={one.plan_id}").json()

    before = {served.bin for served in one.plan.served}
    after = {served.bin for served in other.plan.served}
    assert before != after
    assert set(there["added"]) == after - before == set(back["dropped"])
    assert set(there["dropped"]) == before - after == set(back["added"])
    assert there["moved"] == []
    metres = other.plan.totals.distance_m - one.plan.totals.distance_m
    assert there["distance_m"] == metres == -back["distance_m"]
    assert there["overflows"] == -back["overflows"]
    driver = api.signed_in(Role.DRIVER)
    hidden = driver.get(f"/api/plans/{one.plan_id}/difference?to={other.plan_id}")
    assert hidden.status_code == 404
