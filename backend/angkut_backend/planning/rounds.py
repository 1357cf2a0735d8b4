"""The city's fixed rounds: whose is due on a day. Invented where the registry has none."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from angkut_backend.db import Connection, load_queries

_SQL = load_queries("angkut_backend.planning")

Origin = Literal["registry", "invented"]

#: For people, with a plan in which fixed rounds decide and the city has said nothing of them.
INVENTED_NOTE = (
    "the fixed rounds are invented (every second day, half of the sites each day): "
    "put the city's own into rounds.csv of the site pack"
)


@dataclass(frozen=True, slots=True)
class Rounds:
    """The rounds in force on one day."""

    day: date
    #: Days of the week by bin, 1 is Monday; empty where no round of the district has begun.
    weekdays: Mapping[str, frozenset[int]]

    @classmethod
    def on(cls, conn: Connection, district_id: int, day: date) -> "Rounds":
        """Read the rounds in force on a local day: a bin's own before its site's, the newest."""
        rows = conn.execute(_SQL["rounds"], {"district_id": district_id, "day": day}).fetchall()
        found: dict[str, frozenset[int]] = {}
        for row in rows:
            found[row["code"]] = found.get(row["code"], frozenset()) | set(row["weekdays"])
        return cls(day, found)

    @property
    def origin(self) -> Origin:
        """Say whose rounds these are."""
        return "registry" if self.weekdays else "invented"

    def is_due(self, bin_code: str, site_id: int) -> bool:
        """Tell whether a bin's round comes; where the city has rounds, a bin without has none."""
        if not self.weekdays:
            return is_round_day(site_id, self.day)
        return self.day.isoweekday() in self.weekdays.get(bin_code, frozenset())


def are_invented(parameters: Mapping[str, Any], data_trust: list[dict[str, Any]]) -> bool:
    """Tell of a kept plan whether invented rounds decided anywhere."""
    return parameters.get("rounds") == "invented" and any(one["is_fixed"] for one in data_trust)


def is_round_day(site_id: int, day: date) -> bool:
    """Tell whether a site's round is due where the city's are not known.

    Invented: every second day, half of the sites each day.
    """
    return (site_id + day.toordinal()) % 2 == 0
