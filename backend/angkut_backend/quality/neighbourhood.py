"""What must be known of a device to judge what is new: its readings from there on, some before."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import args_row

from angkut_backend.db import Connection, load_queries
from angkut_backend.quality.emptyings import seen_from
from angkut_backend.quality.judgement import Reading, judged_from

_SQL = load_queries("angkut_backend.quality")

#: Readings before the new ones at the first try, and how many more at each further one. The
#: first is nearly always enough; a stuck sensor needs a day.
_BEFORE = 12
_BEFORE_FACTOR = 8
#: Nothing looks further back than this many readings: a day of one every five seconds.
_BEFORE_MAX = 20_000
#: New readings of one device that are judged at once; what is left is marked again.
FORWARD_MAX = 1000


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """The readings of one device around what is new, by time."""

    device_id: int
    readings: list[Reading]
    #: Those from this index on are judged.
    start: int
    #: Emptyings are seen again after this reading.
    anchor: int
    #: From then on readings are left; `None`: these are all.
    left_from: datetime | None


def load(conn: Connection, since: Mapping[int, datetime]) -> list[Neighbourhood]:
    """Read the neighbourhoods of devices, each with new readings from its own time on."""
    after = _by_device(_read(conn, "readings_since", since, FORWARD_MAX))
    found = []
    waiting, limit = dict(since), _BEFORE
    while waiting:
        before = _by_device(_read(conn, "readings_before", waiting, limit))
        for device_id in list(waiting):
            old, new = before[device_id], after[device_id]
            complete = len(old) < limit or limit >= _BEFORE_MAX
            start = judged_from(old, complete=complete)
            anchor = None if start is None else seen_from(old, start, complete=complete)
            if start is not None and anchor is not None:
                left_from = new[-1].observed_at if len(new) >= FORWARD_MAX else None
                found.append(Neighbourhood(device_id, old + new, start, anchor, left_from))
                del waiting[device_id]
        limit = min(limit * _BEFORE_FACTOR, _BEFORE_MAX)
    return found


def _read(conn: Connection, query: str, since: Mapping[int, datetime], limit: int) -> list[Reading]:
    with conn.cursor(row_factory=args_row(Reading), binary=True) as cursor:
        values = {"device_id": list(since), "since": list(since.values()), "limit": limit}
        return cursor.execute(_SQL[query], values).fetchall()


def _by_device(readings: Iterable[Reading]) -> defaultdict[int, list[Reading]]:
    groups: defaultdict[int, list[Reading]] = defaultdict(list)
    for reading in readings:
        groups[reading.device_id].append(reading)
    return groups
