"""Writing the readings of a batch, with all that follows from them."""

from collections.abc import Sequence

from angkut_backend.db import BINS_CHANNEL, Connection, load_queries
from angkut_backend.ingest.batch import Received
from angkut_backend.ingest.columns import packed_columns
from angkut_backend.ingest.copying import COLUMNS, copy_data
from angkut_backend.ingest.following import following
from angkut_backend.ingest.known import KnownDevices, Places
from angkut_backend.ingest.table import line_up
from angkut_backend.ingest.times import microseconds
from angkut_broker.reading import Reading

_SQL = load_queries("angkut_backend.ingest")
_COPY = _SQL["copy_readings"].replace("{columns}", ", ".join([*COLUMNS, "distances_mm"]))
_FOLLOW, _INSERT = (
    _SQL[name]
    .replace("{latest}", _SQL["latest"])
    .replace("{registry_version}", _SQL["registry_version"])
    for name in ("follow_readings", "insert_readings")
)

Readings = Sequence[tuple[Received, Reading]]


def insert_readings(
    conn: Connection, readings: Readings, devices: KnownDevices
) -> tuple[int, Places]:
    """Write the readings of known devices; return how many were new, and where each device is."""
    ids = [reading.id for _, reading in readings]
    observed_us = microseconds(reading.t for _, reading in readings)
    while True:
        places = devices.find(conn, ids, observed_us)
        values = {
            **packed_columns(line_up(readings, observed_us, places)),
            "version": devices.version,
            "channel": BINS_CHANNEL,
        }
        row = conn.execute(_INSERT, values).fetchone()
        assert row is not None  # noqa: S101 - an aggregate always gives one row
        if row["version"] == devices.version:
            return row["stored"], places
        # Somebody changed the registry meanwhile: nothing was written.
        devices.forget()


def copy_readings(
    conn: Connection, readings: Readings, devices: KnownDevices
) -> tuple[int, Places]:
    """Do the same in half the time, if all of them are new.

    Raises
    ------
    psycopg.errors.UniqueViolation
        One is in the database already, or twice among these.
    """
    ids = [reading.id for _, reading in readings]
    observed_us = microseconds(reading.t for _, reading in readings)
    while True:
        places = devices.find(conn, ids, observed_us)
        row = conn.execute(_SQL["registry_version"]).fetchone()
        assert row is not None  # noqa: S101 - an aggregate always gives one row
        if row["version"] == devices.version:
            break
        devices.forget()
    table = line_up(readings, observed_us, places)
    if len(table.seq):
        with conn.cursor() as cursor, cursor.copy(_COPY) as copy:
            copy.write(copy_data(table))
        conn.execute(_FOLLOW, {**following(table), "channel": BINS_CHANNEL})
    return len(table.seq), places
