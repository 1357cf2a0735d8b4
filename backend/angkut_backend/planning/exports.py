"""Plans in forms that other programs read: GeoJSON, GPX, CSV."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC
from xml.etree import ElementTree as ET

from angkut_backend.planning.plan_document import Route, Step, StepKind
from angkut_backend.planning.points import depot_point
from angkut_backend.planning.problem import Problem
from angkut_backend.planning.records import PlanRecord
from angkut_backend.roads.travel import Point, Profile

#: The way of a vehicle through points, lon/lat.
Line = Callable[[Profile, Sequence[Point]], list[tuple[float, float]]]

_GPX = "http://www.topografix.com/GPX/1/1"
#: A spreadsheet would take a text that begins so for a formula.
_FORMULA = ("=", "+", "-", "@")


def to_csv(record: PlanRecord) -> str:
    """Return a row a step, in the order of driving."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(
        ["vehicle", "position", "trip", "kind", "code", "lon", "lat", "arrive_utc", "begin_utc",
         "leave_utc", "begin_local", "distance_m", "load_l", "load_kg"]
    )  # fmt: skip
    for route in record.plan.routes:
        for position, step in enumerate(route.steps):
            place = _place(record.problem, route, step)
            times = [
                record.problem.moment(at).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
                for at in (step.arrive_s, step.begin_s, step.leave_s)
            ]
            local = record.problem.moment(step.begin_s).strftime("%H:%M")
            where = ("", "") if place is None else (place.lon, place.lat)
            row = [_plain(route.vehicle), position, step.trip, str(step.kind), _plain(step.code)]
            writer.writerow(
                [*row, *where, *times, local, step.distance_m, step.load_l, step.load_kg]
            )
    return out.getvalue()


def to_geojson(record: PlanRecord, line: Line) -> str:
    """Return a line for each vehicle and a point for each step with a place (RFC 7946)."""
    features: list[dict[str, object]] = []
    for route in record.plan.routes:
        profile = next(v.profile for v in record.problem.vehicles if v.code == route.vehicle)
        places = [place for _, place in _places(record.problem, route)]
        if len(places) > 1:
            coordinates = [list(at) for at in line(profile, places)]
            features.append(
                {
                    "type": "Feature",
                    "geometry": {"type": "LineString", "coordinates": coordinates},
                    "properties": {
                        "vehicle": route.vehicle,
                        "approximate": record.plan.provenance.approximate,
                    },
                }
            )
        for step, place in _places(record.problem, route):
            at = record.problem.moment(step.begin_s)
            features.append(
                {
                    "type": "Feature",
                    "geometry": {"type": "Point", "coordinates": [place.lon, place.lat]},
                    "properties": {
                        "vehicle": route.vehicle,
                        "kind": str(step.kind),
                        "code": step.code,
                        "trip": step.trip,
                        "begin_at": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                        "load_l": step.load_l,
                    },
                }
            )
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)


def to_gpx(record: PlanRecord) -> str:
    """Return a route for each vehicle (GPX 1.1), as navigation programs read it."""
    ET.register_namespace("", _GPX)
    root = ET.Element(f"{{{_GPX}}}gpx", {"version": "1.1", "creator": "Angkut"})
    for route in record.plan.routes:
        way = ET.SubElement(root, f"{{{_GPX}}}rte")
        ET.SubElement(way, f"{{{_GPX}}}name").text = route.vehicle
        for step, place in _places(record.problem, route):
            at = record.problem.moment(step.begin_s)
            point = ET.SubElement(
                way, f"{{{_GPX}}}rtept", {"lat": str(place.lat), "lon": str(place.lon)}
            )
            stamp = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            ET.SubElement(point, f"{{{_GPX}}}time").text = stamp
            ET.SubElement(point, f"{{{_GPX}}}name").text = step.code
            ET.SubElement(point, f"{{{_GPX}}}type").text = str(step.kind)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _places(problem: Problem, route: Route) -> Iterator[tuple[Step, Point]]:
    for step in route.steps:
        place = _place(problem, route, step)
        if place is not None:
            yield step, place


def _place(problem: Problem, route: Route, step: Step) -> Point | None:
    """Return where a step is; a break on the way is nowhere."""
    if step.kind is StepKind.STOP:
        one = next(one for one in problem.bins if one.code == step.code)
        return Point(one.code, one.lon, one.lat)
    if step.kind is StepKind.UNLOAD:
        site = next(site for site in problem.disposal_sites if site.code == step.code)
        return Point(site.code, site.lon, site.lat)
    if step.kind is StepKind.BREAK:
        return None
    vehicle = next(vehicle for vehicle in problem.vehicles if vehicle.code == route.vehicle)
    if step.kind is StepKind.START and vehicle.underway is not None:
        return Point("underway", vehicle.underway.lon, vehicle.underway.lat)
    depot = next(depot for depot in problem.depots if depot.code == vehicle.depot)
    return Point(depot_point(depot.code), depot.lon, depot.lat)


def _plain(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
