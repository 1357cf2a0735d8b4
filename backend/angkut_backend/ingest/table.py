"""The readings of a batch as columns of numbers, in the order of the table's key."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import numpy.typing as npt

from angkut_backend.ingest.batch import Received
from angkut_backend.ingest.known import Places
from angkut_backend.ingest.times import microseconds
from angkut_backend.quality.echoes import echo_of_surface
from angkut_backend.quality.levels import derive_levels
from angkut_backend.quality.rules import STALE_AFTER, Flag, reported_flags
from angkut_broker.reading import Reading

_STALE_US = STALE_AFTER // timedelta(microseconds=1)

Floats = npt.NDArray[np.floating]
Ints = npt.NDArray[np.integer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Columns of `readings`; not-a-number stands for null, in `bin_id` 0."""

    device_id: Ints
    #: Microseconds since 2000.
    observed_at: Ints
    received_at: Ints
    seq: Ints
    #: All echoes, one reading's after the other's, and how many each has; -1: no list was sent.
    echoes: Ints
    echo_n: Ints
    distance_mm: Floats
    reported_fill_pct: Floats
    #: 0 where the device says nothing.
    reported_flags: Ints
    battery_mv: Floats
    temp_c: Floats
    tilt_deg: Floats
    rssi_dbm: Floats
    snr_db: Floats
    bin_id: Ints
    fill_pct: Floats
    flags: Ints
    score: Floats

    def nulls(self, name: str) -> npt.NDArray[np.bool_] | None:
        """Tell which values of a column are null; `None`: it cannot have any."""
        values: Ints | Floats = getattr(self, name)
        null: npt.NDArray[np.bool_] | None = None
        if name in {"bin_id", "reported_flags"}:
            null = values == 0
        elif values.dtype.kind == "f":
            null = np.isnan(values)
        return null


def line_up(
    readings: Sequence[tuple[Received, Reading]], observed_us: Ints, places: Places
) -> Table:
    """Turn the readings of known devices into columns, with what they mean.

    One order for all writers: no deadlocks. Of two with the same key the first is first.
    """
    order = np.lexsort((observed_us, places["device_id"]))
    order = order[places["device_id"][order] > 0]
    places = places[order]
    rows = [readings[i] for i in order.tolist()]
    told = [reading for _, reading in rows]
    lists = [reading.d_mm for reading in told]
    received_us = _arrivals(rows)
    observed_us = observed_us[order]
    echo_n = np.array([-1 if one is None else len(one) for one in lists], "i8")
    distance_mm = _numbers([echo_of_surface(one) for one in lists])
    reported_fill_pct = _numbers([reading.fill_pct for reading in told])
    reported = np.array([reported_flags(reading.faults) or 0 for reading in told], "i4")
    fill_pct, flags, score = derive_levels(
        echo_n=echo_n,
        distance_mm=distance_mm,
        reported_fill_pct=reported_fill_pct,
        reported_flags=reported,
        is_mounted=places["bin_id"] > 0,
        d_empty_mm=places["d_empty_mm"],
        d_full_mm=places["d_full_mm"],
        offset_mm=places["offset_mm"],
        angle_cos=places["angle_cos"],
    )
    # Known already here, so that a history is not written once more when it is judged.
    flags[received_us - observed_us > _STALE_US] |= Flag.STALE.value
    return Table(
        device_id=places["device_id"],
        observed_at=observed_us,
        received_at=received_us,
        seq=np.array([reading.seq for reading in told], "i8"),
        echoes=np.array([mm for one in lists for mm in one or ()], "i4"),
        echo_n=echo_n,
        distance_mm=distance_mm,
        reported_fill_pct=reported_fill_pct,
        reported_flags=reported,
        battery_mv=_numbers([reading.bat_mv for reading in told]),
        temp_c=_numbers([reading.temp_c for reading in told]),
        tilt_deg=_numbers([reading.tilt_deg for reading in told]),
        rssi_dbm=_numbers([reading.rssi_dbm for reading in told]),
        snr_db=_numbers([reading.snr_db for reading in told]),
        bin_id=places["bin_id"],
        fill_pct=fill_pct,
        flags=flags,
        score=score,
    )


def _numbers(values: Sequence[float | None]) -> Floats:
    # numpy makes None not-a-number, which no reading holds; whole numbers here are below 2**53.
    return np.array(values, "f8")


def _arrivals(rows: Sequence[tuple[Received, Reading]]) -> Ints:
    """Return when the readings came: few times, because many come together."""
    times = [source.received_at for source, _ in rows]
    distinct = list(set(times))
    counted = dict(zip(distinct, microseconds(distinct).tolist(), strict=True))
    return np.array([counted[time] for time in times], "i8")
