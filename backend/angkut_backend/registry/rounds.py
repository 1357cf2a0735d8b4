"""The city's fixed rounds, as the registry has them."""

from dataclasses import dataclass
from datetime import date

from angkut_backend.db import Connection, load_queries

_SQL = load_queries("angkut_backend.registry")


@dataclass(frozen=True, slots=True)
class RoundRow:
    """On which days of the week a site, or one bin of it, is emptied."""

    #: Code of the site or of the bin.
    place: str
    is_site: bool
    #: 1 is Monday; empty: not emptied by a round.
    weekdays: tuple[int, ...]
    vehicle: str | None
    valid_from: date
    #: Nobody surveyed these days.
    is_invented: bool


def list_rounds(conn: Connection) -> list[RoundRow]:
    """Return all rounds by place, the oldest first."""
    return [
        RoundRow(
            row["place"],
            row["is_site"],
            tuple(row["weekdays"]),
            row["vehicle"],
            row["valid_from"],
            row["is_invented"],
        )
        for row in conn.execute(_SQL["list_rounds"]).fetchall()
    ]
