"""The summary of a plan: who drives, and what must be served and is not."""

from collections.abc import Sequence

from angkut_backend.planning.exports.names import Names
from angkut_backend.planning.exports.runs import Run
from angkut_backend.planning.exports.sheet_parts import (
    BLANK,
    Row,
    Sheet,
    clock,
    facts_of,
    hours,
    kilometres,
    marks_of,
    notes_of,
    remark,
)
from angkut_backend.planning.exports.words import MUST, OUT, VEHICLES, Words, thousands
from angkut_backend.planning.plan_document import StepKind
from angkut_backend.planning.records import PlanRecord

VEHICLE_TABLE = (
    Words("Kendaraan", "Vehicle"),
    Words("Jenis", "Kind"),
    Words("Berangkat-kembali", "Out and back"),
    Words("Titik", "Stops"),
    Words("Ritase", "Trips"),
    Words("Jarak", "Way"),
    Words("Muatan", "Load"),
)


def summary(record: PlanRecord, names: Names, runs: Sequence[Run]) -> Sheet:
    """Return the summary; vehicles without stops are named in it too."""
    driving = {run.vehicle.code: run for run in runs}
    rows = []
    for vehicle in record.problem.vehicles:
        kind = VEHICLES.get(vehicle.kind, Words(vehicle.kind, vehicle.kind))
        run = driving.get(vehicle.code)
        bins = [stage.bin for stage in run.stages if stage.bin] if run else []
        if run is None or not bins:
            cells = [Words("tidak bertugas", "no stops"), *([Words("", "")] * 4)]
        else:
            times = [
                clock(record, at)
                for at in (run.stages[0].step.leave_s, run.stages[-1].step.leave_s)
            ]
            unloads = sum(stage.step.kind is StepKind.UNLOAD for stage in run.stages)
            metres = sum(stage.step.distance_m for stage in run.stages)
            texts = (
                "-".join(times),
                str(len(bins)),
                str(unloads),
                kilometres(metres),
                f"{thousands(sum(one.load_kg for one in bins))} kg",
            )
            cells = [Words(text, "") for text in texts]
        rows.append(Row((Words(vehicle.code, ""), kind, *cells)))
    rows += _left(record, names)
    rows += notes_of(record, record.plan.notes)
    totals = record.plan.totals
    return Sheet(
        Words("RINGKASAN RENCANA", "PLAN SUMMARY"),
        Words("Ringkasan", "Summary").id,
        facts_of(record, names, record.problem.vehicles),
        marks_of(record),
        VEHICLE_TABLE,
        tuple(rows),
        (
            (Words("Titik", "Stops"), str(totals.stops)),
            (Words("Ritase", "Trips"), str(totals.trips)),
            (Words("Jarak", "Way"), kilometres(totals.distance_m)),
            (Words("Waktu", "Time"), hours(totals.duration_s)),
            (Words("Muatan", "Load"), f"{thousands(totals.load_kg)} kg"),
        ),
        signatures=(Words("Dibuat", "Made by"), Words("Disetujui", "Approved")),
    )


def _left(record: PlanRecord, names: Names) -> list[Row]:
    left = [one for one in record.plan.left if one.must]
    if not left:
        return []
    head = f"WAJIB TETAPI TIDAK TERANGKUT ({len(left)})"
    rows = [remark("", head, "must be served and stay")]
    for one in left:
        name = names.bins.get(one.bin)
        place = f", {name.site}, {name.area}" if name else ""
        must, out = MUST[one.must] if one.must else BLANK, OUT[one.reason]
        text = f"{one.bin}{place}: {must.id}; {out.id}"
        rows.append(remark("", text, f"{must.en}; {out.en}"))
    return rows
