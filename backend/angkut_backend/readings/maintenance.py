"""The only module that knows which edition of the storage it stands on."""

from enum import StrEnum

from angkut_backend.db import Connection


class Edition(StrEnum):
    """What the database can do."""

    PLAIN = "plain"
    APACHE = "apache"
    TIMESCALE = "timescale"

    @property
    def meaning(self) -> str:
        """One sentence for the doctor."""
        return {
            Edition.PLAIN: "PostgreSQL without TimescaleDB: readings are a plain table, "
            "right for a demo or a small pilot",
            Edition.APACHE: "TimescaleDB Apache edition: readings are a hypertable; "
            "no compression, no continuous aggregates",
            Edition.TIMESCALE: "TimescaleDB Community edition: readings are a hypertable; "
            "compression and continuous aggregates are available",
        }[self]


def edition(conn: Connection) -> Edition:
    """Ask the database itself; readable by any role, no trial and error."""
    row = conn.execute(
        "SELECT current_setting('timescaledb.license', true) AS license, "
        "EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') AS installed"
    ).fetchone()
    if row is None or not row["installed"]:
        return Edition.PLAIN
    return Edition.TIMESCALE if row["license"] == "timescale" else Edition.APACHE


def install(conn: Connection) -> Edition:
    """Make the readings a hypertable where the extension is preloaded, else index a plain table."""
    preloaded = conn.execute(
        "SELECT current_setting('shared_preload_libraries') LIKE '%timescaledb%' AS yes"
    ).fetchone()
    if preloaded and preloaded["yes"]:
        conn.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
    found = edition(conn)
    if found is Edition.PLAIN:
        conn.execute(
            "CREATE INDEX IF NOT EXISTS readings_observed_brin ON readings USING brin (observed_at)"
        )
        return found
    conn.execute("DROP INDEX IF EXISTS readings_observed_brin")
    # 7 days: the current chunk's index stays in memory up to 10,000 bins at 10 minutes.
    conn.execute(
        "SELECT create_hypertable('readings', by_range('observed_at', INTERVAL '7 days'), "
        "create_default_indexes => false, if_not_exists => true, migrate_data => true)"
    )
    return found
