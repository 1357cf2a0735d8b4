"""Trips of a plan on the map, along the streets of a network that may lack some of them."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from angkut_backend.db import Connection
from angkut_backend.forecast.loading import districts
from angkut_backend.planning import service
from angkut_backend.planning.exports.maps import to_geojson
from angkut_backend.planning.exports.names import names_of
from angkut_backend.planning.records import PlanRecord
from angkut_backend.roads import engine, graph
from angkut_backend.roads.service import Roads
from parts.levels_stored import NOW

from .test_plans import order

pytestmark = pytest.mark.usefixtures("road_engine")

EXTRACT = Path(__file__).parents[3] / "instances" / "roads" / "balikpapan-kota-drive.osm.pbf"
#: On Jalan Jenderal Sudirman, and in the bay.
STREET, SEA = (116.8395, -1.2763), (116.8500, -1.2900)


@pytest.fixture
def roads(tmp_path: Path) -> Iterator[Roads]:
    graph.build(EXTRACT, tmp_path, now=NOW)
    yield Roads.open(tmp_path)
    engine._engine.cache_clear()


@pytest.fixture
def record(town: Connection, roads: Roads) -> PlanRecord:
    """A plan of some trips; bins, depot and landfill are in the streets of the extract."""
    town.execute("UPDATE bin SET lon = %s, lat = %s", STREET)
    town.execute("UPDATE depot SET lon = 116.8330, lat = -1.2770")
    town.execute("UPDATE disposal_site SET lon = 116.8448, lat = -1.2683")
    town.execute("UPDATE vehicle SET volume_l = 3000")
    district = districts(town)[0]
    return service.make(town, district, order(), roads, uuid4(), actor="account:ana", now=NOW)


def lines(conn: Connection, record: PlanRecord, roads: Roads) -> list[dict[str, Any]]:
    document = json.loads(to_geojson(record, names_of(conn, record), roads))
    assert document["plan"]["approximate"] is False
    return [one for one in document["features"] if one["geometry"]["type"] == "LineString"]


def test_a_trip_along_streets_is_as_exact_as_the_plan(
    town: Connection, record: PlanRecord, roads: Roads
) -> None:
    found = lines(town, record, roads)

    assert found
    for one in found:
        assert one["properties"]["approximate"] is False
        assert len(one["geometry"]["coordinates"]) > 10


def test_a_trip_to_where_the_network_has_no_street_is_marked_and_the_others_are_not(
    town: Connection, record: PlanRecord, roads: Roads
) -> None:
    last = record.plan.routes[0].bins[-1]
    moved = tuple(
        one.model_copy(update={"lon": SEA[0], "lat": SEA[1]}) if one.code == last else one
        for one in record.problem.bins
    )
    problem = record.problem.model_copy(update={"bins": moved})

    found = lines(town, replace(record, problem=problem), roads)

    marked = [list(SEA) in one["geometry"]["coordinates"] for one in found]
    assert [one["properties"]["approximate"] for one in found] == marked
    assert True in marked
    assert False in marked
