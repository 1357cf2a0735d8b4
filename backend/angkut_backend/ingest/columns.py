"""Columns as parameters: arrays in PostgreSQL's binary form, packed whole instead of by value.

psycopg's own packing of a list costs more than all the rest of the Python here.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import psycopg
from psycopg.abc import AdaptContext, Buffer
from psycopg.adapt import Dumper
from psycopg.pq import Format

from angkut_backend.ingest.table import Table

#: Number of dimensions, whether some are null, type; length and first index follow if any.
_HEAD, _DIMENSION = struct.Struct("!iiI"), struct.Struct("!ii")
_NULL = b"\xff\xff\xff\xff"


@dataclass(frozen=True, slots=True)
class Packed:
    """A parameter of an array type, as PostgreSQL reads it."""

    data: bytes


class Int2s(Packed):
    """Of `smallint`."""


class Int4s(Packed):
    """Of `integer`."""


class Int8s(Packed):
    """Of `bigint`."""


class Float4s(Packed):
    """Of `real`."""


class Times(Packed):
    """Of `timestamptz`: microseconds since 2000."""


#: What PostgreSQL and numpy call the elements.
_ELEMENTS: dict[type[Packed], tuple[str, str]] = {
    Int2s: ("int2", ">i2"),
    Int4s: ("int4", ">i4"),
    Int8s: ("int8", ">i8"),
    Float4s: ("float4", ">f4"),
    Times: ("timestamptz", ">i8"),
}

_COLUMNS: dict[str, type[Packed]] = {
    "device_id": Int4s,
    "observed_at": Times,
    "received_at": Times,
    "seq": Int8s,
    "distance_mm": Float4s,
    "reported_fill_pct": Float4s,
    "reported_flags": Int4s,
    "battery_mv": Int4s,
    "temp_c": Float4s,
    "tilt_deg": Float4s,
    "rssi_dbm": Int2s,
    "snr_db": Float4s,
    "bin_id": Int4s,
    "fill_pct": Float4s,
    "flags": Int4s,
    "score": Float4s,
}


class _PackedDumper(Dumper):
    """Hands a packed array over as it is."""

    format = Format.BINARY

    def __init__(self, cls: type[Packed], context: AdaptContext | None = None) -> None:
        super().__init__(cls, context)
        self.oid = psycopg.adapters.types[_ELEMENTS[cls][0]].array_oid

    def dump(self, obj: Packed) -> Buffer:
        return obj.data


# Before any connection is opened: each copies the map of its time.
for _kind in _ELEMENTS:
    psycopg.adapters.register_dumper(_kind, _PackedDumper)


def packed_columns(table: Table) -> Mapping[str, Packed]:
    """Pack a table.

    Ragged arrays do not pass through unnest: all echoes are one array, and each reading says
    from where to where its own are.
    """
    n = np.maximum(table.echo_n, 0)
    ends = np.cumsum(n)
    return {
        **{
            name: packed(kind, getattr(table, name), table.nulls(name))
            for name, kind in _COLUMNS.items()
        },
        "echoes": packed(Int4s, table.echoes),
        "first_echo": packed(Int4s, ends - n + 1),
        "last_echo": packed(Int4s, ends, table.echo_n < 0),
    }


def packed(
    kind: type[Packed], values: npt.NDArray[Any], null: npt.NDArray[np.bool_] | None = None
) -> Packed:
    """Pack one column."""
    n = len(values)
    name, form = _ELEMENTS[kind]
    oid = psycopg.adapters.types[name].oid
    if not n:
        return kind(_HEAD.pack(0, 0, oid))
    some_null = null is not None and bool(null.any())
    head = _HEAD.pack(1, some_null, oid) + _DIMENSION.pack(n, 1)
    if null is None or not some_null:
        return kind(head + _items(values, form).tobytes())
    if null.all():
        return kind(head + _NULL * n)
    items = _items(np.where(null, 0, values), form)
    items["length"][null] = -1
    # Of a null only the length is sent.
    sent = np.ones((n, items.itemsize), bool)
    sent[null, 4:] = False
    return kind(head + items.view("u1").reshape(n, -1)[sent].tobytes())


def _items(values: npt.NDArray[Any], form: str) -> npt.NDArray[np.void]:
    items = np.empty(len(values), [("length", ">i4"), ("value", form)])
    items["length"] = items.itemsize - 4
    items["value"] = values
    return items
