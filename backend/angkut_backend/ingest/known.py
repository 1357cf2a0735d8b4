"""Which devices there are and where they hang: remembered from batch to batch.

Looking this up in the statement that writes costs as much as the rest of it. What is remembered
is right as long as `version` is what the database says; the writing statement compares.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import numpy.typing as npt
from psycopg.rows import tuple_row

from angkut_backend.db import Connection, load_queries
from angkut_backend.ingest.told import Told

_SQL = load_queries("angkut_backend.ingest")

#: Devices remembered: some 50 MB. With more in one batch than fit, all are forgotten first.
_DEVICES_MAX = 200_000

#: A device, and one of its mountings; without a mounting `bin_id` is 0. Times are microseconds
#: since 2000, as PostgreSQL counts them.
Place = np.dtype(
    [
        ("device_id", "i4"),
        ("confirm", "?"),
        ("bin_id", "i4"),
        ("d_empty_mm", "i4"),
        ("d_full_mm", "i4"),
        ("offset_mm", "i4"),
        ("angle_cos", "f8"),
        ("since_us", "i8"),
        ("until_us", "i8"),
    ]
)
Places = npt.NDArray[np.void]

_EVER = (np.iinfo("i8").min, np.iinfo("i8").max)
#: What stands for a device that is unknown or retired.
_NOWHERE = (0, False, 0, 0, 0, 0, 1.0, *_EVER)


@dataclass(frozen=True, slots=True)
class Remembered:
    """Some devices as the registry had them; never changed, so that any thread may read it."""

    version: int | None
    #: Row of a device's newest mounting; the older ones and one for the rest of time follow.
    first: Mapping[str, int]
    rows: Places

    def places(self, told: Told) -> Places:
        """Return where the device of each reading was then; `device_id` 0: unknown or retired.

        Raises
        ------
        KeyError
            A device is not remembered.
        """
        first, at_us = self.first, told.observed_at
        rows = np.repeat([first[device] for device in told.devices], told.lengths)
        while True:
            places: Places = self.rows[rows]
            elsewhere = (at_us < places["since_us"]) | (at_us >= places["until_us"])
            if not elsewhere.any():
                return places
            rows += elsewhere  # one mounting back


_NOTHING = Remembered(None, {}, np.array([_NOWHERE], Place))


class KnownDevices:
    """What one writer remembers of the registry."""

    def __init__(self) -> None:
        self.remembered = _NOTHING
        #: Batches still to be written with care, because one held a reading that was there already.
        self.careful = 0

    @property
    def version(self) -> int | None:
        """Return what `registry_version` said of all that is remembered."""
        return self.remembered.version

    def forget(self) -> None:
        """Drop what is remembered: it is of an older version."""
        self.remembered = _NOTHING

    def find(self, conn: Connection, told: Told) -> Places:
        """Return where the device of each reading was then; `device_id` 0: unknown or retired."""
        wanted, known = set(told.devices), self.remembered.first
        missing = wanted - known.keys()
        if missing and (len(known) + len(missing) > _DEVICES_MAX or not self._learn(conn, missing)):
            self.forget()
            self._learn(conn, wanted)
        return self.remembered.places(told)

    def _learn(self, conn: Connection, devices: Collection[str]) -> bool:
        """Read some devices; `False` if what is remembered is of another version."""
        with conn.cursor(row_factory=tuple_row) as cursor:
            rows = cursor.execute(_SQL["known_devices"], {"devices": list(devices)}).fetchall()
        version, before = rows[0][0], self.remembered
        if before.version not in {None, version}:
            return False
        first = {**before.first, **dict.fromkeys(devices, 0)}
        places, n = [before.rows], len(before.rows)
        for name, of_device in groupby(rows, key=lambda row: row[1]):
            if name is None:  # none of them is known
                continue
            mountings = [row[2:] for row in of_device]
            device_id, confirm = mountings[0][:2]
            found = [mounting for mounting in mountings if mounting[2] is not None]
            found.append((device_id, confirm, *_NOWHERE[2:]))
            first[name] = n
            places.append(np.array(found, Place))
            n += len(found)
        self.remembered = Remembered(version, first, np.concatenate(places))
        return True
