"""How people call the places of a plan; the registry of today, for the record keeps codes only."""

from collections.abc import Mapping
from dataclasses import dataclass

from angkut_backend.db import Connection, load_queries
from angkut_backend.planning.records import PlanRecord

_SQL = load_queries("angkut_backend.planning.exports")


@dataclass(frozen=True, slots=True)
class BinName:
    """Where a bin stands."""

    site: str
    area: str


@dataclass(frozen=True, slots=True)
class Names:
    """Names by code. What left the registry since has none."""

    district: str
    city: str
    bins: Mapping[str, BinName]
    #: Depots and disposal sites.
    places: Mapping[str, str]


def names_of(conn: Connection, record: PlanRecord) -> Names:
    """Look the names up that a plan needs."""
    problem = record.problem
    codes = [code for route in record.plan.routes for code in route.bins]
    # What must be served and stays is named on the run sheet too.
    codes += [one.bin for one in record.plan.left if one.must]
    places = [one.code for one in problem.depots]
    places += [one.code for one in problem.disposal_sites]
    district = conn.execute(_SQL["district_names"], {"code": record.district}).fetchone()
    bins = conn.execute(_SQL["bin_names"], {"codes": codes}).fetchall()
    found = conn.execute(_SQL["place_names"], {"codes": places}).fetchall()
    return Names(
        district["name"] if district else record.district,
        district["city_name"] if district else "",
        {row["code"]: BinName(row["site"], row["area"]) for row in bins},
        {row["code"]: row["name"] for row in found},
    )
