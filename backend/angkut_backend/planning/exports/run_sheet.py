"""The run sheet of a vehicle: what its crew does, in order, to be ticked off."""

from collections.abc import Collection, Sequence

from angkut_backend.planning.exports.names import Names
from angkut_backend.planning.exports.navigation import run_links
from angkut_backend.planning.exports.runs import Run, Stage
from angkut_backend.planning.exports.sheet_parts import (
    BLANK,
    Code,
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
from angkut_backend.planning.exports.words import (
    CONTAINERS,
    IN,
    VEHICLES,
    Words,
    only_between,
    thousands,
    why,
)
from angkut_backend.planning.plan_document import InReason, StepKind
from angkut_backend.planning.problem import Bin, Vehicle
from angkut_backend.planning.records import PlanRecord

STOPS = (
    Words("No.", ""),
    Words("Jam", "Time"),
    Words("Kode", "Code"),
    Words("Lokasi", "Place"),
    Words("Wadah", "Container"),
    Words("Muatan", "Expected"),
    Words("Alasan", "Reason"),
    Words("✓", ""),
    Words("Catatan", "Remark"),
)


def run_sheet(record: PlanRecord, names: Names, run: Run) -> Sheet:
    """Return the sheet of a vehicle."""
    kind = VEHICLES.get(run.vehicle.kind, Words(run.vehicle.kind, run.vehicle.kind))
    several = len(run.trips()) > 1
    mine = [note for note in record.plan.notes if note.vehicle == run.vehicle.code]
    rows = notes_of(record, mine)
    codes: list[Code] = []
    locked = {one.bin for one in record.problem.locks}
    on_board_kg = run.stages[0].step.load_kg
    for trip, stages in run.trips().items():
        if several:
            rows.append(_trip(trip, stages))
        for stage in stages:
            rows.append(_row(record, names, run.vehicle, stage, on_board_kg, locked))
            on_board_kg = stage.step.load_kg
    for trip, links in run_links(run):
        for link in links:
            stops = [stage.position for stage in link.stages if stage.position]
            numbers = f"{stops[0]}-{stops[-1]}" if len(stops) > 1 else "".join(map(str, stops))
            goes_on = link.stages[-1].step.kind is not StepKind.STOP
            there = Words(numbers, numbers)
            if goes_on:
                after = [part for part in (numbers, "bongkar") if part]
                there = Words(", ".join(after), ", ".join([*after[:-1], "unload"]))
            codes.append(
                Code(link.url, Words(f"Ritase {trip}: {there.id}", f"trip {trip}: {there.en}"))
            )
    if not any(stage.bin for stage in run.stages):
        rows.append(remark("", "Tidak ada titik angkut", "no stops in this shift"))
    first, last = run.stages[0].step, run.stages[-1].step
    carried = [stage.step for stage in run.stages if stage.step.kind is StepKind.UNLOAD]
    bins = [stage.bin for stage in run.stages if stage.bin]
    return Sheet(
        Words("LEMBAR RUTE", "RUN SHEET"),
        run.vehicle.code,
        (
            (Words("Kendaraan", "Vehicle"), Words(f"{run.vehicle.code} ({kind.id})", kind.en)),
            (Words("Nomor polisi", "Plate"), BLANK),
            (Words("Sopir", "Driver"), BLANK),
            *facts_of(record, names, [run.vehicle]),
        ),
        marks_of(record),
        STOPS,
        tuple(rows),
        (
            (Words("Titik", "Stops"), str(len(bins))),
            (Words("Ritase", "Trips"), str(len(carried))),
            (Words("Jarak", "Way"), kilometres(sum(stage.step.distance_m for stage in run.stages))),
            (Words("Waktu", "Time"), hours(last.leave_s - first.leave_s)),
            (Words("Muatan", "Load"), f"{thousands(sum(one.load_kg for one in bins))} kg"),
        ),
        tuple(codes),
        (Words("Sopir", "Driver"), Words("Petugas TPA", "Site"), Words("Pengawas", "Supervisor")),
    )


def _trip(trip: int, stages: Sequence[Stage]) -> Row:
    bins = [stage.bin for stage in stages if stage.bin]
    kg = thousands(sum(one.load_kg for one in bins))
    return remark(
        "",
        f"RITASE {trip}: {len(bins)} titik, sekitar {kg} kg",
        f"trip {trip}: {len(bins)} stops, about {kg} kg",
    )


def _row(
    record: PlanRecord,
    names: Names,
    vehicle: Vehicle,
    stage: Stage,
    on_board_kg: int,
    locked: Collection[str],
) -> Row:
    step, one = stage.step, stage.bin
    at = clock(record, step.begin_s if step.kind is StepKind.STOP else step.arrive_s)
    name = names.places.get(step.code, step.code)
    if one is not None:
        found = names.bins.get(one.code)
        fill = "" if one.fill_pct is None else f", {one.fill_pct:.0f} %"
        return Row(
            (
                Words(str(stage.position), ""),
                Words(at, ""),
                Words(one.code, ""),
                Words(found.site, found.area) if found else BLANK,
                CONTAINERS.get(one.container, Words(one.container, "")),
                Words(f"{thousands(one.load_kg)} kg", f"{thousands(one.load_l)} l{fill}"),
                _both(_reason(stage, locked), _only(record, vehicle, one)),
                BLANK,
                BLANK,
            )
        )
    if step.kind is StepKind.UNLOAD:
        queue = round((step.begin_s - step.arrive_s) / 60)
        kg = thousands(on_board_kg)
        return remark(
            at,
            f"BONGKAR di {name} sekitar {kg} kg; antre sekitar {queue} menit; "
            f"keluar {clock(record, step.leave_s)}; timbang ____________ kg",
            f"unload at {name}: about {kg} kg; queue about {queue} min; weighed",
        )
    if step.kind is StepKind.BREAK:
        end = clock(record, step.leave_s)
        return remark(at, f"ISTIRAHAT sampai {end}", f"break until {end}")
    if step.kind is StepKind.START:
        where = name or "tempat terakhir"
        return remark(
            clock(record, step.leave_s),
            f"Berangkat dari {where}",
            f"leave {name or 'where it is'}",
        )
    return remark(at, f"Kembali di {name}", f"back at {name}")


def _only(record: PlanRecord, vehicle: Vehicle, one: Bin) -> Words:
    """Say when a bin can be emptied, as far as its vehicle drives at all."""
    shift = vehicle.shift
    spans = [
        (
            None if window.from_s <= shift.from_s else clock(record, window.from_s),
            None if window.to_s >= shift.to_s else clock(record, window.to_s),
        )
        for window in one.windows
        if window.to_s >= shift.from_s and window.from_s <= shift.to_s
    ]
    return BLANK if (None, None) in spans else only_between(spans)


def _reason(stage: Stage, locked: Collection[str]) -> Words:
    """Say why a bin is served, and that a person has put it here."""
    said = why(stage.served)
    if stage.step.code not in locked or said == IN[InReason.LOCKED]:
        return said
    return _both(said, IN[InReason.LOCKED])


def _both(one: Words, other: Words) -> Words:
    return Words(*("; ".join(filter(None, both)) for both in zip(one, other, strict=True)))
