"""The readings of a batch as columns of numbers, in the order of the table's key."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import numpy.typing as npt

from angkut_backend.ingest.known import Places
from angkut_backend.ingest.times import microseconds
from angkut_backend.ingest.told import Floats, Ints, Told
from angkut_backend.quality.echoes import echoes_of_surface
from angkut_backend.quality.levels import derive_levels
from angkut_backend.quality.rules import STALE_AFTER, Flag

_STALE_US = STALE_AFTER // timedelta(microseconds=1)


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


def line_up(told: Told, places: Places) -> Table:
    """Put the readings of known devices in order, with what they mean.

    One order for all writers: no deadlocks. Of two with the same key the first is first.
    """
    order = np.lexsort((told.observed_at, places["device_id"]))
    order = order[places["device_id"][order] > 0]
    places = places[order]
    received_at = np.repeat(_arrivals(told), told.lengths)[order]
    observed_at = told.observed_at[order]
    echoes, echo_n = _echoes(told, order)
    distance_mm = echoes_of_surface(echoes, echo_n)
    reported_fill_pct = told.reported_fill_pct[order]
    reported = told.reported_flags[order]
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
    flags[received_at - observed_at > _STALE_US] |= Flag.STALE.value
    return Table(
        device_id=places["device_id"],
        observed_at=observed_at,
        received_at=received_at,
        seq=told.seq[order],
        echoes=echoes,
        echo_n=echo_n,
        distance_mm=distance_mm,
        reported_fill_pct=reported_fill_pct,
        reported_flags=reported,
        battery_mv=told.battery_mv[order],
        temp_c=told.temp_c[order],
        tilt_deg=told.tilt_deg[order],
        rssi_dbm=told.rssi_dbm[order],
        snr_db=told.snr_db[order],
        bin_id=places["bin_id"],
        fill_pct=fill_pct,
        flags=flags,
        score=score,
    )


def _echoes(told: Told, order: npt.NDArray[np.intp]) -> tuple[Ints, Ints]:
    """Return the echoes of some readings in an order, and how many each has."""
    n = np.maximum(told.echo_n, 0)
    firsts = np.cumsum(n) - n
    taken = n[order]
    # Where each echo is: behind the first one of its reading, as far as it is behind it here.
    at = np.repeat(firsts[order] - (np.cumsum(taken) - taken), taken) + np.arange(taken.sum())
    return told.echoes[at], told.echo_n[order]


def _arrivals(told: Told) -> Ints:
    """Return when the runs came: few times, because many come together."""
    times = [source.received_at for source in told.sources]
    distinct = list(set(times))
    counted = dict(zip(distinct, microseconds(distinct).tolist(), strict=True))
    return np.array([counted[time] for time in times], "i8")
