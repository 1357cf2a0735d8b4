"""Readings in the form of COPY, whole: the quickest way into a table, as long as all are new."""

import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from angkut_backend.ingest.table import Table

_START = b"PGCOPY\n\xff\r\n\0" + struct.pack("!ii", 0, 0)
_END = struct.pack("!h", -1)
#: Type of the elements of `distances_mm`.
_INT4_OID = 23

#: Columns that COPY names, in this order, and after them `distances_mm`, which has no fixed length.
COLUMNS = {
    "device_id": ">i4",
    "observed_at": ">i8",
    "received_at": ">i8",
    "seq": ">i8",
    "distance_mm": ">f4",
    "reported_fill_pct": ">f4",
    "reported_flags": ">i4",
    "battery_mv": ">i4",
    "temp_c": ">f4",
    "tilt_deg": ">f4",
    "rssi_dbm": ">i2",
    "snr_db": ">f4",
    "bin_id": ">i4",
    "fill_pct": ">f4",
    "flags": ">i4",
    "score": ">f4",
}


def copy_data(table: Table) -> bytes:
    """Return what COPY FROM STDIN (FORMAT BINARY) wants to read.

    All rows are laid out alike, with room for the longest list of echoes; what is null or not
    used is left out of each. What is null in all, as with devices of one kind, has no room at all.
    """
    echoes_max = int(table.echo_n.max(initial=0))
    nulls = {name: _nulls(table, name) for name in COLUMNS}
    rows = np.empty(len(table.seq), _layout(nulls, echoes_max))
    rows["columns"] = len(COLUMNS) + 1
    unsent: list[tuple[str, npt.NDArray[np.bool_]]] = []
    for name, form in COLUMNS.items():
        null = nulls[name]
        if null is True:
            rows[f"{name} length"] = -1
            continue
        rows[f"{name} length"] = np.dtype(form).itemsize
        values: npt.NDArray[Any] = getattr(table, name)
        if null is not False:
            rows[f"{name} length"][null] = -1
            values = np.where(null, 0, values)
            unsent.append((name, null))
        rows[name] = values
    _lay_out_echoes(table, rows, echoes_max)
    n = table.echo_n
    if not unsent and echoes_max and (n == echoes_max).all():
        return _START + rows.tobytes() + _END
    unsent += [("array", n < 0), ("dimension", n <= 0)]
    unsent += [(f"echo {at}", n <= at) for at in range(echoes_max)]
    return _START + _without(rows, unsent) + _END


def _nulls(table: Table, name: str) -> npt.NDArray[np.bool_] | bool:
    """Tell which values of a column are null, or that all or none are."""
    null = table.nulls(name)
    if null is None or not null.any():
        return False
    return True if null.all() else null


def _layout(
    nulls: Mapping[str, npt.NDArray[np.bool_] | bool], echoes_max: int
) -> np.dtype[np.void]:
    fields: list[Any] = [("columns", ">i2")]
    for name, form in COLUMNS.items():
        fields.append((f"{name} length", ">i4"))
        if nulls[name] is not True:
            fields.append((name, form))
    # An array: its length in bytes; dimensions, whether some are null, type; then, if there are
    # any, their number, the first one's index, and each with its length.
    fields += [("array length", ">i4"), ("array", ">i4", (3,)), ("dimension", ">i4", (2,))]
    fields += [(f"echo {at}", ">i4", (2,)) for at in range(echoes_max)]
    return np.dtype(fields)


def _lay_out_echoes(table: Table, rows: npt.NDArray[np.void], echoes_max: int) -> None:
    n = table.echo_n
    some = n > 0
    rows["array length"] = np.select([some, n == 0], [20 + 8 * n, 12], -1)
    rows["array"] = 0, 0, _INT4_OID
    rows["array"][:, 0] = some
    rows["dimension"] = 0, 1
    rows["dimension"][:, 0] = n
    firsts = np.cumsum(np.maximum(n, 0)) - np.maximum(n, 0)
    for at in range(echoes_max):
        has = n > at
        rows[f"echo {at}"] = 4, 0
        rows[f"echo {at}"][has, 1] = table.echoes[firsts[has] + at]


def _without(
    rows: npt.NDArray[np.void], unsent: Sequence[tuple[str, npt.NDArray[np.bool_]]]
) -> bytes:
    """Return the rows without some of their fields."""
    sent = np.ones((len(rows), rows.itemsize), bool)
    places: Mapping[str, Any] = rows.dtype.fields or {}
    for name, where in unsent:
        form, at = places[name][:2]
        sent[where, at : at + form.itemsize] = False
    return rows.view("u1").reshape(sent.shape)[sent].tobytes()
