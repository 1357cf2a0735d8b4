"""Exports of a plan over HTTP: who gets them, and in which form."""

import io
import json
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from pypdf import PdfReader

from angkut_backend.accounts.service import Role
from angkut_backend.db import Connection
from angkut_backend.planning.exports import drawing
from angkut_backend.planning.exports.service import MEDIA_TYPES
from angkut_backend.planning.plan_document import StepKind
from parts.api import Api
from parts.waiting import PATIENCE_S

from .test_endpoints import some_plan


def test_every_form_is_a_file_of_its_kind_for_those_who_see_the_plan(
    town: Connection, api: Api
) -> None:
    made = some_plan(town)
    evaluator, driver = api.signed_in(Role.EVALUATOR), api.signed_in(Role.DRIVER)
    for form, media in MEDIA_TYPES.items():
        path = f"/api/plans/{made.plan_id}.{form}"
        answer = evaluator.get(path)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == media
        name = f'filename="angkut-plan-{made.plan_id}.{form}"'
        assert name in answer.headers["content-disposition"]
        assert driver.get(path).status_code == 404
        assert api.anonymous().get(path).status_code == 401
        assert evaluator.get(f"/api/plans/{uuid4()}.{form}").status_code == 404
    assert evaluator.get(f"/api/plans/{made.plan_id}.vroom").status_code == 422
    assert evaluator.get(f"/api/plans/{made.plan_id}.json").status_code == 422
    assert evaluator.get("/api/plans/nonsense.pdf").status_code == 422


def test_the_run_sheet_has_names_of_the_registry_and_says_what_it_is_not(
    town: Connection, api: Api
) -> None:
    made = some_plan(town)
    client = api.signed_in(Role.DISPATCHER)
    path = f"/api/plans/{made.plan_id}.pdf"
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(client.get(path).content)).pages]
    whole = "\n".join(pages)
    stops = [code for route in made.plan.routes for code in route.bins]
    assert stops
    assert all(f"\n{code}\n" in whole for code in stops)
    assert "TPS Satu" in whole
    assert "Bekasi Timur, Kota Bekasi" in whole
    assert all("DRAFT, NOT IN FORCE" in page and "APPROXIMATE" in page for page in pages)
    assert client.post(f"/api/plans/{made.plan_id}/publish").status_code == 200
    driver = api.signed_in(Role.DRIVER)
    [first, *_] = PdfReader(io.BytesIO(driver.get(path).content)).pages
    assert "DRAFT" not in first.extract_text()


def test_a_crew_gets_the_sheet_of_its_vehicle_alone_and_nothing_of_one_that_does_not_drive(
    town: Connection, api: Api
) -> None:
    made = some_plan(town)
    client = api.signed_in(Role.DISPATCHER)
    assert client.post(f"/api/plans/{made.plan_id}/publish").status_code == 200
    driver = api.signed_in(Role.DRIVER)
    path = f"/api/plans/{made.plan_id}.pdf"
    route = made.plan.routes[0]
    answer = driver.get(path, params={"vehicle": route.vehicle})
    assert answer.status_code == 200
    name = f'filename="angkut-plan-{made.plan_id}-{route.vehicle}.pdf"'
    assert name in answer.headers["content-disposition"]
    sheet = "\n".join(p.extract_text() for p in PdfReader(io.BytesIO(answer.content)).pages)
    assert all(f"\n{code}\n" in sheet for code in route.bins)
    assert "PLAN SUMMARY" not in sheet
    refused = driver.get(path, params={"vehicle": "BKS-BT-XX99"})
    assert (refused.status_code, refused.json()["error"]) == (404, "not_found")
    assert "'BKS-BT-XX99' has no route" in refused.json()["detail"]
    for wrong in ("", "x" * 65, "a\nb"):
        assert driver.get(path, params={"vehicle": wrong}).status_code == 422
    assert api.anonymous().get(path, params={"vehicle": route.vehicle}).status_code == 401


def test_the_run_sheets_of_a_long_plan_are_drawn_beside_the_api(
    town: Connection, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = some_plan(town)
    client = api.signed_in(Role.DISPATCHER)
    path = f"/api/plans/{made.plan_id}.pdf"
    short = client.get(path).content
    monkeypatch.setattr(drawing, "MANY_STOPS", 0)
    assert client.get(path, timeout=PATIENCE_S).content == short


def test_the_vroom_form_serves_and_leaves_what_the_plan_does(town: Connection, api: Api) -> None:
    made = some_plan(town)
    client = api.signed_in(Role.EVALUATOR)
    found = json.loads(client.get(f"/api/plans/{made.plan_id}.vroom.json").text)
    jobs = [s["description"] for r in found["routes"] for s in r["steps"] if s["type"] == "job"]
    assert jobs == [code for route in made.plan.routes for code in route.bins]
    left = {one["description"] for one in found["unassigned"]}
    assert left == {one.bin for one in made.plan.left}
    assert found["angkut"]["approximate"] is True


@pytest.mark.parametrize("waypoints", [0, 3, 9])
def test_navigation_leads_through_every_stop_within_the_phone_s_limit(
    town: Connection, api: Api, waypoints: int
) -> None:
    made = some_plan(town)
    client = api.signed_in(Role.EVALUATOR)
    path = f"/api/plans/{made.plan_id}/navigation?waypoints={waypoints}"
    links = [
        link
        for vehicle in client.get(path).json()["vehicles"]
        for trip in vehicle["trips"]
        for link in trip["links"]
    ]
    codes = [p["code"] for link in links for p in link["places"] if p["kind"] == StepKind.STOP]
    assert codes == [code for route in made.plan.routes for code in route.bins]
    for link in links:
        asked = parse_qs(urlsplit(link["url"]).query)
        assert len(asked.get("waypoints", [""])[0].split("|")) <= max(waypoints, 1)
        assert ("waypoints" in asked) <= (waypoints > 0)
        assert all(place["geo"].startswith("geo:-6.") for place in link["places"])


def test_navigation_is_bounded_and_seen_by_those_who_see_the_plan(
    town: Connection, api: Api
) -> None:
    path = f"/api/plans/{some_plan(town).plan_id}/navigation"
    assert api.signed_in(Role.VIEWER).get(f"{path}?waypoints=10").status_code == 422
    assert api.signed_in(Role.DRIVER).get(path).status_code == 404
    assert api.anonymous().get(path).status_code == 401
