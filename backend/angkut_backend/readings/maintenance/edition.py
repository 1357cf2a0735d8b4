"""Which edition of the storage this is."""

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
            Edition.PLAIN: "no TimescaleDB: readings are a plain table, right for a demo or a "
            "small pilot; the worker keeps the roll-ups and removes old readings row by row",
            Edition.APACHE: "TimescaleDB Apache edition: readings are a hypertable, old weeks are "
            "dropped whole; the worker keeps the roll-ups; nothing is compressed",
            Edition.TIMESCALE: "TimescaleDB Community edition: readings are a hypertable, "
            "compressed to a fifth after 14 days; roll-ups are continuous aggregates",
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
