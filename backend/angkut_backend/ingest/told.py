"""What devices told, as columns: one pass over the readings for each field, the rest by numpy.

A reading is an object only from its decoding to here, so that thousands of them that wait for the
database are a few arrays.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import chain, compress
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt

from angkut_backend.ingest.times import microseconds
from angkut_backend.quality.rules import reported_flags
from angkut_broker.reading import Reading

if TYPE_CHECKING:
    from angkut_backend.ingest.batch import Received

Floats = npt.NDArray[np.floating]
Ints = npt.NDArray[np.integer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Readings in the order in which they came; not-a-number stands for null.

    They come in runs: some of one device, one after the other in one message.
    """

    #: Of each run: its message, its device, and how many readings it has.
    sources: Sequence["Received"]
    devices: Sequence[str]
    lengths: Ints
    #: Microseconds since 2000.
    observed_at: Ints
    seq: Ints
    #: All echoes, one reading's after the other's, and how many each has; -1: no list was sent.
    echoes: Ints
    echo_n: Ints
    reported_fill_pct: Floats
    #: 0 where the device says nothing.
    reported_flags: Ints
    battery_mv: Floats
    temp_c: Floats
    tilt_deg: Floats
    rssi_dbm: Floats
    snr_db: Floats

    def __len__(self) -> int:
        return len(self.seq)

    @classmethod
    def of(cls, runs: Sequence[tuple["Received", str, Sequence[Reading]]]) -> Self:
        """Take the columns out of some runs of readings."""
        readings = [reading for _, _, run in runs for reading in run]
        lists = [reading.d_mm for reading in readings]
        return cls(
            sources=[source for source, _, _ in runs],
            devices=[device for _, device, _ in runs],
            lengths=np.array([len(run) for _, _, run in runs], "i8"),
            observed_at=microseconds([reading.t for reading in readings]),
            seq=np.array([reading.seq for reading in readings], "i8"),
            echoes=np.fromiter(chain.from_iterable(filter(None, lists)), "i4"),
            echo_n=_lengths(lists),
            reported_fill_pct=_numbers([reading.fill_pct for reading in readings]),
            reported_flags=_flags([reading.faults for reading in readings]),
            battery_mv=_numbers([reading.bat_mv for reading in readings]),
            temp_c=_numbers([reading.temp_c for reading in readings]),
            tilt_deg=_numbers([reading.tilt_deg for reading in readings]),
            rssi_dbm=_numbers([reading.rssi_dbm for reading in readings]),
            snr_db=_numbers([reading.snr_db for reading in readings]),
        )

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Put what came one after the other into one."""
        if not parts:
            return cls.of(())
        return cls(
            sources=list(chain.from_iterable(part.sources for part in parts)),
            devices=list(chain.from_iterable(part.devices for part in parts)),
            **{name: np.concatenate([getattr(part, name) for part in parts]) for name in _ARRAYS},
        )

    def runs(self, some: npt.NDArray[np.bool_]) -> Iterator[tuple["Received", str]]:
        """Return message and device of some of the runs."""
        return compress(zip(self.sources, self.devices, strict=True), some.tolist())

    def run_starts(self) -> Ints:
        """Return where the runs begin."""
        return np.cumsum(self.lengths) - self.lengths


_ARRAYS = tuple(field.name for field in fields(Told) if field.name not in {"sources", "devices"})


def _numbers(values: Sequence[float | None]) -> Floats:
    # numpy makes None not-a-number, which no reading holds; whole numbers here are below 2**53.
    return np.fromiter(values, "f8", len(values))


def _lengths(lists: Sequence[Sequence[int] | None]) -> Ints:
    if None in lists:
        return np.array([-1 if one is None else len(one) for one in lists], "i8")
    return np.fromiter(map(len, lists), "i8", len(lists))  # type: ignore[arg-type]


def _flags(faults: Sequence[Sequence[str] | None]) -> Ints:
    if not any(faults):
        return np.zeros(len(faults), "i4")
    return np.array([reported_flags(codes) or 0 for codes in faults], "i4")
