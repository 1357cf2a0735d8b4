"""Writing the readings of a batch, with all that follows from them."""

from angkut_backend.db import BINS_CHANNEL, Connection, load_queries
from angkut_backend.ingest.batch import Batch
from angkut_backend.ingest.columns import packed_columns
from angkut_backend.ingest.copying import COLUMNS
from angkut_backend.ingest.known import KnownDevices, Places
from angkut_backend.ingest.ready import Ready
from angkut_backend.ingest.table import line_up

_SQL = load_queries("angkut_backend.ingest")
_COPY = _SQL["copy_readings"].replace("{columns}", ", ".join([*COLUMNS, "distances_mm"]))
_FOLLOW, _INSERT = (
    _SQL[name]
    .replace("{latest}", _SQL["latest"])
    .replace("{registry_version}", _SQL["registry_version"])
    for name in ("follow_readings", "insert_readings")
)


def insert_readings(conn: Connection, batch: Batch, devices: KnownDevices) -> tuple[int, Places]:
    """Write the readings of known devices; return how many were new, and where each device is."""
    told = batch.readings()
    while True:
        places = devices.find(conn, told)
        values = {
            **packed_columns(line_up(told, places)),
            "version": devices.version,
            "channel": BINS_CHANNEL,
        }
        row = conn.execute(_INSERT, values).fetchone()
        assert row is not None  # noqa: S101 - an aggregate always gives one row
        if row["version"] == devices.version:
            return row["stored"], places
        # Somebody changed the registry meanwhile: nothing was written.
        devices.forget()


def copy_readings(conn: Connection, batch: Batch, devices: KnownDevices) -> tuple[int, Places]:
    """Do the same in half the time, if all of them are new.

    Raises
    ------
    psycopg.errors.UniqueViolation
        One is in the database already, or twice among these.
    """
    ready = batch.ready
    while True:
        if ready is None or ready.remembered.version != devices.version:
            devices.find(conn, batch.readings())
            ready = Ready.of(batch.readings(), devices.remembered)
        row = conn.execute(_SQL["registry_version"]).fetchone()
        assert row is not None  # noqa: S101 - an aggregate always gives one row
        if row["version"] == devices.version:
            break
        devices.forget()
    if ready.rows_n:
        with conn.cursor() as cursor, cursor.copy(_COPY) as copy:
            copy.write(ready.data)
        conn.execute(_FOLLOW, {**ready.following, "channel": BINS_CHANNEL})
    return ready.rows_n, ready.places
