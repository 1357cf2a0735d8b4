"""Plans for other programs, read back as those would read them."""

import csv
import io
import json
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree as ET

import pytest

from angkut_backend.errors import NotFoundError
from angkut_backend.planning.exports.csv_table import to_csv
from angkut_backend.planning.exports.maps import to_geojson, to_gpx
from angkut_backend.planning.exports.names import BinName, Names
from angkut_backend.planning.exports.navigation import MAX_WAYPOINTS, geo_uri, run_links
from angkut_backend.planning.exports.runs import Run, runs_of
from angkut_backend.planning.exports.schemas import navigation_out
from angkut_backend.planning.exports.service import Format, export
from angkut_backend.planning.exports.vroom import to_vroom
from angkut_backend.planning.plan_document import StepKind
from angkut_backend.planning.problem import Underway
from angkut_backend.roads.service import Roads
from angkut_backend.roads.travel import Point

from .conftest import line_bin, line_shift, truck
from .plans import kept, named, two_trips

RECORD = kept(two_trips())
NAMES = named(RECORD.problem)
NO_ROADS = Roads(Path("none"), None)
STEPS = [step for route in RECORD.plan.routes for step in route.steps]


def places_of(url: str) -> list[tuple[float, float]]:
    """Return latitude and longitude of what a link leads to, in order."""
    asked = parse_qs(urlsplit(url).query, strict_parsing=True)
    assert asked["api"] == ["1"]
    assert "origin" not in asked
    [between] = asked.get("waypoints", [""])
    texts = [*between.split("|"), *asked["destination"]] if between else asked["destination"]
    return [(float(lat), float(lon)) for lat, lon in (text.split(",") for text in texts)]


def run_over(bins: int, **apart: float) -> Run:
    problem = line_shift(
        vehicles=(truck("T1"),),
        bins=tuple(
            line_bin(n, lat=-6.2 - apart.get("degrees", 0.001) * n, load_l=10, load_kg=3)
            for n in range(1, bins + 1)
        ),
    )
    [run] = runs_of(kept(problem))
    return run


def test_a_long_trip_gets_links_that_lead_to_every_place_once_and_in_order() -> None:
    run = run_over(25)
    for waypoints in (MAX_WAYPOINTS, 3, 0):
        trips = dict(run_links(run, waypoints))
        stages = [s for links in trips.values() for one in links for s in one.stages]
        assert stages == [s for s in run.stages if s.step.kind is not StepKind.START]
        found = [places_of(one.url) for links in trips.values() for one in links]
        assert max(map(len, found)) == waypoints + 1
        there = [(s.place.lat, s.place.lon) for s in stages if s.place]
        assert [place for places in found for place in places] == [
            pytest.approx(one, abs=1e-5) for one in there
        ]
    # 25 bins, the landfill and the pool, ten places a link.
    assert [len(links) for _, links in run_links(run)] == [3]
    assert max(len(one.url) for _, links in run_links(run) for one in links) < 400


def test_bins_that_stand_together_are_one_place_of_a_link() -> None:
    run = run_over(25, degrees=0.0)
    [(_, [link])] = run_links(run)
    assert len(places_of(link.url)) == 3
    assert len(link.stages) == 27


def test_a_geo_link_cannot_be_broken_by_a_code() -> None:
    assert geo_uri(Point("x", 107.0136, -6.25), "A (1)&b") == (
        "geo:-6.25000,107.01360?q=-6.25000,107.01360(A%20%281%29%26b)"
    )


def test_the_navigation_of_a_plan_names_what_each_link_leads_to() -> None:
    out = navigation_out(RECORD, MAX_WAYPOINTS)
    assert out.plan_id == RECORD.plan_id
    [vehicle] = out.vehicles
    assert [trip.trip for trip in vehicle.trips] == [1, 2]
    places = [p for trip in vehicle.trips for link in trip.links for p in link.places]
    gone_to = [s for s in STEPS if s.kind not in {StepKind.START, StepKind.BREAK}]
    assert [p.code for p in places] == [s.code for s in gone_to]
    assert [p.position for p in places if p.kind is StepKind.STOP] == [1, 2, 3, 4, 5, 6]


def test_the_table_has_a_row_a_step_with_times_both_ways_and_a_mark() -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(RECORD, NAMES))))
    assert [row["kind"] for row in rows] == [str(step.kind) for step in STEPS]
    assert [row["step"] for row in rows] == [str(n) for n in range(1, len(STEPS) + 1)]
    first = rows[1]
    assert first["site"] == f"TPS RW 04 {first['code']}"
    assert first["position"] == "1"
    begin = datetime.fromisoformat(first["begin_utc"])
    assert begin == RECORD.problem.moment(STEPS[1].begin_s)
    assert first["begin_local"] == "05:01"
    assert {row["approximate"] for row in rows} == {"no"}
    [pause] = [row for row in rows if row["kind"] == "break"]
    assert (pause["lon"], pause["geo"], pause["code"]) == ("", "", "")
    links = [row["navigation"] for row in rows if row["navigation"]]
    assert links == [one.url for run in runs_of(RECORD) for _, ls in run_links(run) for one in ls]


@pytest.mark.parametrize("text", ["=1+1", "+62", "-2+3", "@SUM(A1)", "\t=1", "＝1"])  # noqa: RUF001
def test_no_cell_is_a_formula(text: str) -> None:
    names = Names(text, text, {f"B{n}": BinName(text, text) for n in range(1, 7)}, {"TPA": text})
    rows = list(csv.DictReader(io.StringIO(to_csv(RECORD, names))))
    named_rows = [row for row in rows if row["kind"] in {"stop", "unload"}]
    assert {row["site"] for row in named_rows} == {f"'{text}"}
    numbers = {"lon", "lat", "fill_pct", "position"}
    for row in rows:
        for column, cell in row.items():
            assert column in numbers or not cell.startswith(("=", "+", "-", "@", "\t", "＝"))  # noqa: RUF001


def test_geojson_has_a_line_a_trip_and_a_point_a_place() -> None:
    found = json.loads(to_geojson(RECORD, NAMES, NO_ROADS))
    assert found["type"] == "FeatureCollection"
    # RFC 7946, section 7.1.
    assert not {"coordinates", "geometry", "properties"} & set(found)
    ids = [feature["id"] for feature in found["features"]]
    assert len(set(ids)) == len(ids)
    points = [f for f in found["features"] if f["geometry"]["type"] == "Point"]
    lines = [f for f in found["features"] if f["geometry"]["type"] == "LineString"]
    assert len(points) == sum(step.kind is not StepKind.BREAK for step in STEPS)
    bins = {one.code: one for one in RECORD.problem.bins}
    for point in points:
        lon, lat = point["geometry"]["coordinates"]
        assert 106 < lon < 108
        assert -7 < lat < -6
        if point["properties"]["kind"] == "stop":
            one = bins[point["properties"]["bin"]]
            assert (lon, lat) == (one.lon, pytest.approx(one.lat))
    stops = [p["properties"] for p in points if p["properties"]["kind"] == "stop"]
    assert [one["position"] for one in stops] == [1, 2, 3, 4, 5, 6]
    assert [one["bin"] for one in stops] == RECORD.plan.routes[0].bins
    assert all(point["properties"]["begin_at"].endswith("Z") for point in points)
    assert [line["properties"]["trip"] for line in lines] == [1, 2]
    metres = sum(line["properties"]["distance_m"] for line in lines)
    assert metres == RECORD.plan.totals.distance_m
    # A trip begins where the one before ended.
    for one, following in pairwise(lines):
        assert one["geometry"]["coordinates"][-1] == following["geometry"]["coordinates"][0]
    # Made on roads, drawn without any: the line is straight, the plan is not.
    assert {line["properties"]["approximate"] for line in lines} == {True}
    assert found["plan"]["approximate"] is False


def test_gpx_keeps_the_order_of_elements_that_its_schema_wants() -> None:
    problem = line_shift(bins=(line_bin(1, lon=0.00001),))
    root = ET.fromstring(to_gpx(kept(problem), named(problem, "A & B <\uffff>")))  # noqa: S314
    tags = [[child.tag.rpartition("}")[2] for child in one] for one in (root, *root)]
    assert tags[0] == ["metadata", "rte"]
    assert tags[1] == ["name", "desc", "time"]
    assert tags[2][:2] == ["name", "number"]
    points = root.findall("{*}rte/{*}rtept")
    order = ["time", "name", "desc", "type"]
    assert [[c.tag.rpartition("}")[2] for c in one] for one in points] == [order] * len(points)
    assert (points[1].get("lon"), points[1].get("lat")) == ("0.0000100", "-6.2100000")
    assert points[1].findtext("{*}desc") == "A & B <> B1, Bekasi Jaya"


def vroom(record: Any) -> Any:  # noqa: ANN401 - JSON
    return json.loads(to_vroom(record, NAMES))


def test_vroom_form_has_the_members_that_vroom_documents() -> None:
    found = vroom(RECORD)
    assert found["code"] == 0
    [route] = found["routes"]
    kinds = [step["type"] for step in route["steps"]]
    assert kinds == ["start", *["job"] * 3, "tip", *["job"] * 3, "tip", "break", "end"]
    needed = {"type", "arrival", "duration", "setup", "service", "waiting_time", "violations"}
    assert all(needed <= set(step) for step in route["steps"])
    jobs = [step for step in route["steps"] if step["type"] == "job"]
    assert all(isinstance(step["id"], int) for step in jobs)
    assert [step["description"] for step in jobs] == RECORD.plan.routes[0].bins
    assert len({step["id"] for step in jobs}) == 6


def test_vroom_form_adds_up() -> None:
    found = vroom(RECORD)
    summary, [route], totals = found["summary"], found["routes"], RECORD.plan.totals
    assert summary["distance"] == route["steps"][-1]["distance"] == totals.distance_m
    assert summary["pickup"] == [totals.load_l, totals.load_kg]
    assert summary["cost"] == totals.cost_rp
    parts = summary["duration"] + summary["service"] + summary["waiting_time"]
    assert parts == totals.duration_s
    start = RECORD.problem.shift_start.timestamp()
    assert [s["arrival"] - start for s in route["steps"]] == [s.arrive_s for s in STEPS]
    for before, step in pairwise(route["steps"]):
        left = before["arrival"] + before["waiting_time"] + before["service"]
        assert step["arrival"] - left == step["duration"] - before["duration"]
    tips = [step for step in route["steps"] if step["type"] == "tip"]
    assert [tip["load"] for tip in tips] == [[0, 0], [0, 0]]
    assert sum(tip["waiting_time"] for tip in tips) == totals.queue_s
    assert tips[0]["description"] == "unload at TPA Sumur Batu"


def test_vroom_form_names_what_stays_and_why() -> None:
    problem = line_shift(bins=(line_bin(1), line_bin(2, prize_rp=0), line_bin(3, forbidden=True)))
    record = kept(problem)
    found = vroom(record)
    left = {one["description"]: one["reason"] for one in found["unassigned"]}
    assert left == {one.bin: str(one.reason) for one in record.plan.left}
    assert left["B3"] == "forbidden"
    assert found["summary"]["unassigned"] == len(left)


def test_exports_of_a_plan_without_routes_are_empty_and_right() -> None:
    record = kept(line_shift(bins=()))
    names = named(record.problem)
    assert to_csv(record, names).count("\n") == 1
    assert json.loads(to_geojson(record, names, NO_ROADS))["features"] == []
    assert ET.fromstring(to_gpx(record, names)).findall("{*}rte") == []  # noqa: S314
    assert json.loads(to_vroom(record, names))["routes"] == []
    assert navigation_out(record, MAX_WAYPOINTS).vehicles == []


def test_every_form_can_tell_of_one_vehicle_alone() -> None:
    vehicles = tuple(truck(f"T{n}", max_stops=3) for n in (1, 2))
    record = kept(line_shift(vehicles=vehicles))
    first, second = record.plan.routes
    assert first.bins
    assert second.bins
    for form in get_args(Format):
        if form == "pdf":
            continue  # its letters are glyphs: read back among the run sheets
        text = export(record, NAMES, form, NO_ROADS, "T2").decode()
        assert [code for code in second.bins if code not in text] == []
        assert [code for code in first.bins if code in text] == []


@pytest.mark.parametrize("vehicle", ["T2", "t1", "", "../T1"])
def test_the_export_of_a_vehicle_without_a_route_says_which_have_one(vehicle: str) -> None:
    with pytest.raises(NotFoundError, match=r"has no route in plan 6b1f3a52-.*; routes: T1$"):
        export(RECORD, NAMES, "gpx", NO_ROADS, vehicle)


def test_a_vehicle_on_its_way_starts_from_where_it_is() -> None:
    here = Underway(lon=107.01, lat=-6.23, free_at_s=600)
    record = kept(line_shift(vehicles=(truck("T1", underway=here),)))
    [run] = runs_of(record)
    assert run.stages[0].place == Point("underway", 107.01, -6.23)
    assert run.stages[-1].place == Point("depot:POOL", 107.0, -6.2)
