"""Readings in the form of COPY, whole: the quickest way into a table, as long as all are new."""

import struct
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

    All rows are laid out alike, with room for the longest list of echoes, and what is null or
    not used is left out of each.
    """
    echoes_max = max(int(table.echo_n.max(initial=0)), 1)
    rows = np.empty(len(table.seq), _layout(echoes_max))
    sent = np.ones((len(rows), rows.itemsize), bool)
    rows["columns"] = len(COLUMNS) + 1
    at = 2
    for name, form in COLUMNS.items():
        values: npt.NDArray[Any] = getattr(table, name)
        size = np.dtype(form).itemsize
        rows[f"{name} length"] = size
        null = table.nulls(name)
        if null is None or not null.any():
            rows[name] = values
        else:
            rows[f"{name} length"][null] = -1
            rows[name] = np.where(null, 0, values)
            sent[null, at + 4 : at + 4 + size] = False
        at += 4 + size
    _lay_out_echoes(table, rows, sent[:, at:])
    return _START + rows.view("u1").reshape(len(rows), -1)[sent].tobytes() + _END


def _layout(echoes_max: int) -> np.dtype[np.void]:
    fields: list[Any] = [("columns", ">i2")]
    for name, form in COLUMNS.items():
        fields += [(f"{name} length", ">i4"), (name, form)]
    # An array: its length in bytes, dimensions, whether some are null, type; then, if there are
    # any, their number, the first one's index, and each with its length.
    fields += [
        ("array", ">i4", (4,)),
        ("dimension", ">i4", (2,)),
        ("echoes", ">i4", (echoes_max, 2)),
    ]
    return np.dtype(fields)


def _lay_out_echoes(table: Table, rows: npt.NDArray[np.void], sent: npt.NDArray[np.bool_]) -> None:
    n, most = table.echo_n, rows["echoes"].shape[1]
    some = n > 0
    rows["array"] = np.stack(
        [
            np.select([some, n == 0], [20 + 8 * n, 12], -1),
            some,
            np.zeros_like(n),
            n * 0 + _INT4_OID,
        ],
        axis=1,
    )
    rows["dimension"] = np.stack([n, np.ones_like(n)], axis=1)
    used = np.arange(most) < n[:, None]
    millimetres = np.zeros(used.shape, "i4")
    millimetres[used] = table.echoes
    rows["echoes"][:, :, 0] = 4
    rows["echoes"][:, :, 1] = millimetres
    sent[n < 0, 4:16] = False
    sent[~some, 16:24] = False
    sent[:, 24:] = used.repeat(8, axis=1)
