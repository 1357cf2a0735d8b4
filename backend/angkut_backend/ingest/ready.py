"""Readings laid out for COPY, which may be done while the database writes the batch before."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from angkut_backend.ingest.columns import Packed
from angkut_backend.ingest.copying import copy_data
from angkut_backend.ingest.following import following
from angkut_backend.ingest.known import Places, Remembered
from angkut_backend.ingest.table import line_up
from angkut_backend.ingest.told import Told


@dataclass(frozen=True, slots=True)
class Ready:
    """A batch's readings as they are copied, made with what was remembered at that time."""

    remembered: Remembered
    places: Places
    rows_n: int
    data: bytes
    following: Mapping[str, Packed]

    @classmethod
    def of(cls, told: Told, remembered: Remembered) -> Self:
        """Lay readings out, all of whose devices are remembered.

        Raises
        ------
        KeyError
            A device is not remembered.
        """
        places = remembered.places(told)
        table = line_up(told, places)
        return cls(remembered, places, len(table.seq), copy_data(table), following(table))
