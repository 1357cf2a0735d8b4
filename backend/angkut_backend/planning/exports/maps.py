"""A plan for maps and navigation programs: GeoJSON (RFC 7946) and GPX 1.1."""

import json
import re
from typing import Any
from xml.etree import ElementTree as ET

from angkut_backend.planning.exports.names import Names
from angkut_backend.planning.exports.navigation import geo_uri, trip_links
from angkut_backend.planning.exports.runs import Run, Stage, runs_of, utc
from angkut_backend.planning.plan_document import StepKind
from angkut_backend.planning.records import PlanRecord
from angkut_backend.roads.service import Roads

_GPX = "http://www.topografix.com/GPX/1/1"
#: XML 1.0 has no way to write these.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
APPROXIMATE = "perkiraan, jalan lurus / approximate, straight lines"


def to_geojson(record: PlanRecord, names: Names, roads: Roads) -> str:
    """Return a line for each trip of each vehicle, and a point for each step with a place.

    `position` counts the bins of a vehicle from 1, as locks do. Times are UTC.
    """
    features: list[dict[str, Any]] = []
    for run in runs_of(record):
        features += _lines(record, run, roads)
        features += [
            _point(record, run, stage, names) for stage in run.stages if stage.place is not None
        ]
    document = {
        "type": "FeatureCollection",
        "plan": {
            "plan_id": str(record.plan_id),
            "district": record.district,
            "shift_start": utc(record.shift_start),
            "policy": str(record.policy),
            "readings_as_of": utc(record.readings_as_of),
            "approximate": record.plan.provenance.approximate,
        },
        "features": features,
    }
    return json.dumps(document, ensure_ascii=False)


def to_gpx(record: PlanRecord, names: Names) -> bytes:
    """Return a route for each vehicle, as navigation programs read it."""
    ET.register_namespace("", _GPX)
    root = ET.Element(_tag("gpx"), {"version": "1.1", "creator": "Angkut"})
    mark = f"; {APPROXIMATE}" if record.plan.provenance.approximate else ""
    about = ET.SubElement(root, _tag("metadata"))
    day = record.problem.moment(0)
    _text(about, "name", f"{names.district} {day:%Y-%m-%d}")
    _text(about, "desc", f"Angkut {record.plan_id}, {record.policy}{mark}")
    _text(about, "time", utc(record.created_at))
    for number, run in enumerate(runs_of(record), start=1):
        way = ET.SubElement(root, _tag("rte"))
        _text(way, "name", run.vehicle.code)
        if mark:
            _text(way, "desc", APPROXIMATE)
        _text(way, "number", str(number))
        for stage in run.stages:
            if stage.place is None:
                continue
            # Plain decimals: XML Schema's have no exponent.
            at = {"lat": f"{stage.place.lat:.7f}", "lon": f"{stage.place.lon:.7f}"}
            point = ET.SubElement(way, _tag("rtept"), at)
            _text(point, "time", utc(record.problem.moment(stage.step.begin_s)))
            _text(point, "name", stage.step.code or str(stage.step.kind))
            name = _name(stage, names)
            if name:
                _text(point, "desc", name)
            _text(point, "type", str(stage.step.kind))
    content: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return content + b"\n"


def _lines(record: PlanRecord, run: Run, roads: Roads) -> list[dict[str, Any]]:
    """Return the way of each trip, from where the one before ended."""
    found = []
    before = None
    for trip, stages in run.trips().items():
        places = [stage.place for stage in stages if stage.place is not None]
        way = [before, *places] if before is not None else places
        before = places[-1] if places else before
        if len(way) < 2:
            continue
        line = roads.line(run.vehicle.profile, way)
        properties = {
            "kind": "trip",
            "vehicle": run.vehicle.code,
            "trip": trip,
            "position": None,
            "bin": None,
            "bins": sum(stage.bin is not None for stage in stages),
            "distance_m": sum(stage.step.distance_m for stage in stages),
            # Where the network here has no way the line is straight, even if the plan's had one.
            "approximate": record.plan.provenance.approximate or line.approximate,
            "navigation": [link.url for link in trip_links(stages)],
        }
        coordinates = [_position(lon, lat) for lon, lat in line.coordinates]
        found.append(
            _feature(
                f"{run.vehicle.code} trip {trip}",
                {"type": "LineString", "coordinates": coordinates},
                properties,
            )
        )
    return found


def _point(record: PlanRecord, run: Run, stage: Stage, names: Names) -> dict[str, Any]:
    step, place, one = stage.step, stage.place, stage.bin
    assert place is not None  # noqa: S101 - the caller leaves out steps without a place
    properties = {
        "kind": str(step.kind),
        "vehicle": run.vehicle.code,
        "trip": stage.trip,
        "position": stage.position,
        "bin": one.code if one else None,
        "code": step.code,
        "name": _name(stage, names),
        "arrive_at": utc(record.problem.moment(step.arrive_s)),
        "begin_at": utc(record.problem.moment(step.begin_s)),
        "leave_at": utc(record.problem.moment(step.leave_s)),
        "load_l": step.load_l,
        "load_kg": step.load_kg,
        "fill_pct": one.fill_pct if one else None,
        "reason": str(stage.served.reason) if stage.served else None,
        "must": str(stage.served.must) if stage.served and stage.served.must else None,
        "approximate": record.plan.provenance.approximate,
        "geo": geo_uri(place, step.code),
    }
    geometry = {"type": "Point", "coordinates": _position(place.lon, place.lat)}
    return _feature(f"{run.vehicle.code} {stage.number}", geometry, properties)


def _feature(name: str, geometry: dict[str, Any], properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "Feature", "id": name, "geometry": geometry, "properties": properties}


def _position(lon: float, lat: float) -> list[float]:
    """Return a position to ten centimetres, longitude first."""
    return [round(lon, 6), round(lat, 6)]


def _name(stage: Stage, names: Names) -> str | None:
    if stage.step.kind is StepKind.STOP:
        found = names.bins.get(stage.step.code)
        return f"{found.site}, {found.area}" if found else None
    return names.places.get(stage.step.code)


def _tag(name: str) -> str:
    return f"{{{_GPX}}}{name}"


def _text(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, _tag(name)).text = _NOT_XML.sub("", text)
