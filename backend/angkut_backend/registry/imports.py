"""A sheet of devices held against the registry, and written: all of it or nothing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from angkut_backend.db import Connection, Row, load_queries
from angkut_backend.registry.service import NewDevice, add_device
from angkut_backend.registry.sheet import Fault, Sheet, SheetRow
from angkut_broker.credentials import Verifiers
from angkut_broker.topics import Topic

_SQL = load_queries("angkut_backend.registry")

#: Seconds between two readings where the sheet says nothing.
DEFAULT_INTERVAL_S = 1800

OnProgress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What writing a sheet would do."""

    #: Devices to register, some of them to mount.
    new: tuple[SheetRow, ...]
    #: Devices that are registered just as the sheet says.
    as_before: tuple[SheetRow, ...]
    #: Of the sheet itself and against the registry, by line.
    faults: tuple[Fault, ...]


def plan(conn: Connection, sheet: Sheet, *, reserved: str) -> Plan:
    """Hold a sheet against the registry; changes nothing.

    A device that is registered must be as the sheet says: an import adds, so that repeating one is
    harmless. `reserved` is the user name of ingest at the broker.
    """
    bins = [row.bin_code for row in sheet.rows if row.bin_code is not None]
    devices = [row.device_id for row in sheet.rows]
    places = {row["code"] for row in conn.execute(_SQL["known_bins"], {"codes": bins})}
    known = {
        row["external_id"]: row for row in conn.execute(_SQL["registered"], {"devices": devices})
    }
    taken = {
        row["code"]: row["external_id"]
        for row in conn.execute(_SQL["open_mountings"], {"codes": bins, "devices": []})
    }
    new: list[SheetRow] = []
    as_before: list[SheetRow] = []
    faults = list(sheet.faults)
    for row in sheet.rows:
        found = list(_against(row, known.get(row.device_id), places, taken, reserved))
        faults += [Fault(row.line, row.device_id, column, text) for column, text in found]
        if not found:
            (as_before if row.device_id in known else new).append(row)
    return Plan(tuple(new), tuple(as_before), tuple(sorted(faults)))


def write(
    conn: Connection,
    rows: Sequence[SheetRow],
    verifiers: Mapping[str, Verifiers],
    *,
    now: datetime,
    actor: str,
    on_progress: OnProgress,
) -> dict[str, Topic]:
    """Register the new devices of a plan; return their telemetry topics by id.

    Part of the caller's transaction. `verifiers` has one for each device id.

    Raises
    ------
    ConflictError
        Somebody was faster since the plan was made; nothing should be committed.

    """
    topics = {}
    for done, row in enumerate(rows):
        on_progress(done, len(rows))
        device = NewDevice(
            external_id=row.device_id,
            bin_code=row.bin_code,
            hanging=row.hanging,
            interval_s=row.interval_s or DEFAULT_INTERVAL_S,
            model=row.model,
            mounted_at=now,
        )
        topics[row.device_id] = add_device(conn, device, verifiers[row.device_id], actor=actor)
    on_progress(len(rows), len(rows))
    return topics


def _against(
    row: SheetRow, known: Row | None, places: set[str], taken: Mapping[str, str], reserved: str
) -> list[tuple[str, str]]:
    """Say by column what the registry has against a line."""
    found = []
    if row.device_id == reserved:
        found.append(("device_id", "is the name of ingest at the broker; choose another"))
    if row.bin_code is not None and row.bin_code not in places:
        found.append(("bin", f"there is no bin {row.bin_code}; compare with its label"))
    if known is not None:
        return found + _differences(row, known)
    there = taken.get(row.bin_code or "")
    if there is not None:
        remedy = f"`angkut devices unmount {row.bin_code}`"
        found.append(("bin", f"{row.bin_code} has device {there}; end that first: {remedy}"))
    return found


def _differences(row: SheetRow, known: Row) -> list[tuple[str, str]]:
    if known["retired_at"] is not None:
        remedy = f"`angkut devices add --id {row.device_id}` brings it back"
        return [("device_id", f"{row.device_id} is retired; {remedy}")]
    if row.bin_code != known["bin_code"] and row.bin_code is not None:
        there = f"hangs in {known['bin_code']}" if known["bin_code"] else "is in stock"
        remedy = f"`angkut devices mount {row.device_id} {row.bin_code}`"
        return [("bin", f"{row.device_id} {there}, not in {row.bin_code}; use {remedy}")]
    found = []
    for column in ("interval_s", "model"):
        said = getattr(row, column)
        if said is not None and said != known[column]:
            text = f"{said} differs from {known[column]}, which the device itself may have said; "
            found.append((column, text + "leave the cell empty"))
    if row.hanging is not None and not row.hanging.is_recorded_as(known):
        remedy = f"`angkut devices correct --bin {row.bin_code}`"
        text = f"the measures differ from those recorded; to mend a mistake use {remedy}"
        found.append(("empty_mm", text))
    return found
