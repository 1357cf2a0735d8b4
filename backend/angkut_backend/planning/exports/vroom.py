"""A plan as the answer of VROOM would look (its docs/API.md, "Output"), with steps of our own.

VROOM knows no trips. Unloading is a step of a type of its own, `tip`: its waiting time is the
queue, its service the tipping, and the load is nothing after it. Ids are numbers in VROOM: bins
and vehicles are counted from 1 in the order of the problem, and codes are descriptions.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from angkut_backend.planning.exports.names import Names
from angkut_backend.planning.exports.runs import Run, Stage, runs_of, utc
from angkut_backend.planning.plan_document import StepKind
from angkut_backend.planning.records import PlanRecord

_TYPES = {
    StepKind.START: "start",
    StepKind.STOP: "job",
    StepKind.UNLOAD: "tip",
    StepKind.BREAK: "break",
    StepKind.END: "end",
}
#: Of a route, and added up over all of them.
_SUMS = ("cost", "setup", "service", "duration", "waiting_time", "priority", "distance")


def to_vroom(record: PlanRecord, names: Names) -> str:
    """Return the plan: seconds, metres, litres and kg, longitude first, cost in rupiah.

    Times of arrival are seconds since 1970, durations are of driving alone.
    """
    ids = {one.code: number for number, one in enumerate(record.problem.bins, start=1)}
    vehicles = {one.code: number for number, one in enumerate(record.problem.vehicles, start=1)}
    routes = [
        _route(record, run, vehicles[run.vehicle.code], ids, names) for run in runs_of(record)
    ]
    places = {one.code: [one.lon, one.lat] for one in record.problem.bins}
    unassigned = [
        {
            "id": ids[one.bin],
            "type": "job",
            "location": places[one.bin],
            "description": one.bin,
            "reason": str(one.reason),
            "must": str(one.must) if one.must else None,
        }
        for one in record.plan.left
    ]
    document = {
        "code": 0,
        "summary": {
            **{name: sum(route[name] for route in routes) for name in _SUMS},
            "routes": len(routes),
            "unassigned": len(unassigned),
            "delivery": [0, 0],
            "pickup": [sum(route["pickup"][unit] for route in routes) for unit in (0, 1)],
            "violations": [
                {"cause": one.code, "description": f"{one.where}: {one.detail}"}
                for one in record.violations
            ],
        },
        "unassigned": unassigned,
        "routes": routes,
        "angkut": {
            "plan_id": str(record.plan_id),
            "district": record.district,
            "shift_start": utc(record.shift_start),
            "policy": str(record.policy),
            "readings_as_of": utc(record.readings_as_of),
            "approximate": record.plan.provenance.approximate,
        },
    }
    return json.dumps(document, ensure_ascii=False)


def _route(
    record: PlanRecord, run: Run, vehicle: int, ids: Mapping[str, int], names: Names
) -> dict[str, Any]:
    steps = _steps(record, run, ids, names)
    first, last = run.stages[0].step, run.stages[-1].step
    metres = sum(stage.step.distance_m for stage in run.stages)
    hours = (last.leave_s - first.leave_s) / 3600
    by_use = run.vehicle.rp_per_km * metres / 1000 + run.vehicle.rp_per_hour * hours
    bins = [stage.bin for stage in run.stages if stage.bin is not None]
    return {
        "vehicle": vehicle,
        "description": run.vehicle.code,
        "cost": round(run.vehicle.rp_fixed + by_use),
        "setup": 0,
        "service": sum(step["service"] for step in steps),
        "duration": steps[-1]["duration"],
        "waiting_time": sum(step["waiting_time"] for step in steps),
        "priority": 0,
        "distance": metres,
        "delivery": [0, 0],
        "pickup": [sum(one.load_l for one in bins), sum(one.load_kg for one in bins)],
        "steps": steps,
        "violations": [],
    }


def _steps(
    record: PlanRecord, run: Run, ids: Mapping[str, int], names: Names
) -> Sequence[dict[str, Any]]:
    found = []
    driven_s = driven_m = 0
    before = run.stages[0]
    for stage in run.stages:
        step = stage.step
        driven_s += max(step.arrive_s - before.step.leave_s, 0)
        driven_m += step.distance_m
        before = stage
        row: dict[str, Any] = {
            "type": _TYPES[step.kind],
            "arrival": round(record.problem.moment(step.arrive_s).timestamp()),
            "duration": driven_s,
            "setup": 0,
            "service": step.leave_s - step.begin_s,
            "waiting_time": step.begin_s - step.arrive_s,
            "load": [step.load_l, step.load_kg],
            "distance": driven_m,
            "violations": [],
            "description": _description(stage, names),
            "trip": stage.trip,
        }
        if stage.place is not None:
            row["location"] = [stage.place.lon, stage.place.lat]
        if stage.bin is not None:
            row["id"] = row["job"] = ids[stage.bin.code]
        elif step.kind is StepKind.BREAK:
            row["id"] = 1  # a vehicle has one break at most
        found.append(row)
    return found


def _description(stage: Stage, names: Names) -> str:
    step = stage.step
    if step.kind is StepKind.UNLOAD:
        return f"unload at {names.places.get(step.code, step.code)}"
    return step.code or str(step.kind)
