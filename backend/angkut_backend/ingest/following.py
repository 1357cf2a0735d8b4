"""What follows from new readings: marks for the worker, and the state that the map shows."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from angkut_backend.ingest.columns import Float4s, Int4s, Packed, Times, packed
from angkut_backend.ingest.table import Table
from angkut_backend.ingest.told import Ints

_HOUR_US = 3_600_000_000


def following(table: Table) -> Mapping[str, Packed]:
    """Return the columns of `follow_readings`."""
    return _devices(table) | _hours(table) | _newest(table)


def _devices(table: Table) -> dict[str, Packed]:
    # By device and time: the first of each.
    first = np.flatnonzero(np.diff(table.device_id, prepend=0))
    return {
        "device_id": packed(Int4s, table.device_id[first]),
        "since": packed(Times, table.observed_at[first]),
    }


def _hours(table: Table) -> dict[str, Packed]:
    mounted = table.bin_id > 0
    # A bin and an hour in one number: hours since 2000 take 23 bits for a while.
    both = table.bin_id[mounted].astype("i8") << 32 | table.observed_at[mounted] // _HOUR_US
    both = np.unique(both)
    return {
        "hour_bin_id": packed(Int4s, both >> 32),
        "hour": packed(Times, (both & 0xFFFF_FFFF) * _HOUR_US),
    }


def _newest(table: Table) -> dict[str, Packed]:
    order = np.lexsort((table.observed_at, table.bin_id))
    order = order[table.bin_id[order] > 0]
    bins, seen = _last_of_each(table.bin_id, order)
    trusted = _among(bins, table.bin_id, order[~np.isnan(table.fill_pct[order])])
    powered = _among(bins, table.bin_id, order[~np.isnan(table.battery_mv[order])])
    return {
        "bin_id": packed(Int4s, bins),
        "seen_by": packed(Int4s, table.device_id[seen]),
        "seen_at": packed(Times, table.observed_at[seen]),
        "flags": packed(Int4s, table.flags[seen]),
        "battery_mv": packed(Int4s, table.battery_mv[powered], powered < 0),
        "trusted_at": packed(Times, table.observed_at[trusted], trusted < 0),
        "fill_pct": packed(Float4s, table.fill_pct[trusted], trusted < 0),
    }


def _last_of_each(bin_id: Ints, order: npt.NDArray[np.intp]) -> tuple[Ints, npt.NDArray[np.intp]]:
    """Return the bins of some readings, given by bin and time, and the last reading of each."""
    of_bin = bin_id[order]
    last = np.flatnonzero(np.diff(of_bin, append=0))
    return of_bin[last], order[last]


def _among(bins: Ints, bin_id: Ints, order: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Return the last one of some readings for each of these bins; -1: there is none."""
    found, last = _last_of_each(bin_id, order)
    rows = np.full(len(bins), -1, np.intp)
    rows[np.searchsorted(bins, found)] = last
    return rows
