"""Readings as columns: arrays in PostgreSQL's binary form, packed whole instead of by value.

psycopg's own packing of a list costs more than all the rest of the Python here.
"""

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import psycopg
from psycopg.abc import AdaptContext, Buffer
from psycopg.adapt import Dumper
from psycopg.pq import Format

from angkut_backend.ingest.batch import Received
from angkut_backend.ingest.known import Places
from angkut_backend.quality.echoes import echo_of_surface
from angkut_backend.quality.rules import reported_flags
from angkut_broker.reading import Reading

_EPOCH_S = datetime(2000, 1, 1, tzinfo=UTC).timestamp()
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


def reading_columns(
    readings: Sequence[tuple[Received, Reading]],
    observed_us: npt.NDArray[np.int64],
    places: Places,
) -> Mapping[str, Packed]:
    """Turn the readings of known devices into columns, in the order of the table's key.

    One order for all writers: no deadlocks. Of two with the same key the first is first.
    """
    order = np.lexsort((observed_us, places["device_id"]))
    order = order[places["device_id"][order] > 0]
    places = places[order]
    unmounted = places["bin_id"] == 0
    rows = [readings[i] for i in order.tolist()]
    told = [reading for _, reading in rows]
    echoes = [reading.d_mm for reading in told]
    ends = np.cumsum([len(of_one or ()) for of_one in echoes])
    starts = np.concatenate(([1], ends[:-1] + 1))
    return {
        "device_id": packed(Int4s, places["device_id"]),
        "observed_at": packed(Times, observed_us[order]),
        "received_at": packed(Times, _arrivals(rows)),
        "seq": packed(Int8s, np.array([reading.seq for reading in told], "i8")),
        # Ragged arrays do not pass through unnest: all echoes in one, and where each one's are.
        "echoes": packed(Int4s, np.array([mm for of_one in echoes for mm in of_one or ()], "i4")),
        "first_echo": packed(Int4s, starts[: len(rows)]),
        "last_echo": packed(Int4s, ends, np.array([of_one is None for of_one in echoes], bool)),
        "distance_mm": _optional(Float4s, [echo_of_surface(of_one) for of_one in echoes]),
        "fill_pct": _optional(Float4s, [reading.fill_pct for reading in told]),
        "reported": _optional(Int4s, [reported_flags(reading.faults) for reading in told]),
        "battery_mv": _optional(Int4s, [reading.bat_mv for reading in told]),
        "temp_c": _optional(Float4s, [reading.temp_c for reading in told]),
        "tilt_deg": _optional(Float4s, [reading.tilt_deg for reading in told]),
        "rssi_dbm": _optional(Int2s, [reading.rssi_dbm for reading in told]),
        "snr_db": _optional(Float4s, [reading.snr_db for reading in told]),
        "bin_id": packed(Int4s, places["bin_id"], unmounted),
        "d_empty_mm": packed(Int4s, places["d_empty_mm"], unmounted),
        "d_full_mm": packed(Int4s, places["d_full_mm"], unmounted),
        "offset_mm": packed(Int4s, places["offset_mm"], unmounted),
        "angle_deg": packed(Float4s, places["angle_deg"], unmounted),
    }


def microseconds(times: Iterable[datetime]) -> npt.NDArray[np.int64]:
    """Return aware times as PostgreSQL counts them: microseconds since 2000."""
    # Seconds since 1970 as a float are exact to the microsecond until 2106.
    seconds = np.array([time.timestamp() for time in times], "f8") - _EPOCH_S
    return np.rint(seconds * 1e6).astype("i8")


def _arrivals(rows: Sequence[tuple[Received, Reading]]) -> npt.NDArray[np.int64]:
    """Return when the readings came: few times, because many come together."""
    times = [source.received_at for source, _ in rows]
    distinct = list(set(times))
    counted = dict(zip(distinct, microseconds(distinct).tolist(), strict=True))
    return np.array([counted[time] for time in times], "i8")


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
    if null is not None and null.all():
        return kind(head + _NULL * n)
    items = np.empty(n, [("length", ">i4"), ("value", form)])
    items["length"] = items.itemsize - 4
    items["value"] = values
    if not some_null:
        return kind(head + items.tobytes())
    items["length"][null] = -1
    # Of a null only the length is sent.
    sent = np.ones((n, items.itemsize), bool)
    sent[null, 4:] = False
    return kind(head + items.view("u1").reshape(n, -1)[sent].tobytes())


def _optional(kind: type[Packed], values: Sequence[float | None]) -> Packed:
    # numpy makes None not-a-number, which no reading holds; whole numbers here are below 2**53.
    column = np.array(values, "f8")
    null = np.isnan(column)
    return packed(kind, np.nan_to_num(column) if null.any() else column, null)
