"""Plans of a city whose road network does not reach all its depots and disposal sites."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from angkut_backend.db import Connection
from angkut_backend.forecast.loading import districts
from angkut_backend.planning import records, service
from angkut_backend.planning.assembly import NothingToPlanError
from angkut_backend.planning.changes import Changes
from angkut_backend.planning.notes import NoteCode
from angkut_backend.planning.records import PlanRecord
from angkut_backend.roads import engine, graph
from angkut_backend.roads.service import Roads
from angkut_backend.roads.travel import Point, Profile, Travel
from parts.levels_stored import NOW

from .test_endpoints import some_plan
from .test_plans import order
from .test_replans import QUICK

EXTRACT = Path(__file__).parents[3] / "instances" / "roads" / "balikpapan-kota-drive.osm.pbf"


class RoadsApart(Roads):
    """Straight lines, with a second landfill that no road leads to."""

    def travel(self, points: Sequence[Point]) -> tuple[Travel, Mapping[Profile, Sequence[str]]]:
        found, _ = super().travel(points)
        return found, {"truck": ["disposal:TPA-2"]}


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Roads]:
    """The road network of another town than the bins stand in."""
    graph.build(EXTRACT, tmp_path, now=NOW)
    yield Roads.open(tmp_path)
    engine._engine.cache_clear()


def make(conn: Connection, roads: Roads) -> PlanRecord:
    district = districts(conn)[0]
    return service.make(conn, district, order(), roads, uuid4(), actor="account:ana", now=NOW)


def replan(conn: Connection, of: UUID, roads: Roads) -> PlanRecord:
    return service.replan(
        conn, of, Changes(), QUICK, 1, roads, uuid4(), actor="account:ana", now=NOW
    )


@pytest.mark.usefixtures("road_engine")
def test_a_network_of_another_town_is_refused_with_the_depot_it_does_not_reach(
    town: Connection, elsewhere: Roads
) -> None:
    parent = some_plan(town)

    with pytest.raises(NothingToPlanError, match="no road within 50 m of depot POOL"):
        make(town, elsewhere)
    with pytest.raises(NothingToPlanError, match="no road within 50 m of depot POOL"):
        replan(town, parent.plan_id, elsewhere)

    assert [one.plan_id for one in records.list_plans(town)] == [parent.plan_id]


def test_one_of_two_landfills_off_the_roads_is_remarked_in_the_plan_and_in_its_changes(
    town: Connection,
) -> None:
    town.execute(
        "INSERT INTO disposal_site (district_id, code, name, lon, lat, opens_at, closes_at, "
        "tipping_min, queue_min, source) SELECT district_id, 'TPA-2', name, lon + 0.5, lat, "
        "opens_at, closes_at, tipping_min, queue_min, source FROM disposal_site"
    )
    roads = RoadsApart(Path("none"), None)

    made = make(town, roads)
    changed = replan(town, made.plan_id, roads)

    for one in (made, changed):
        assert one.plan.routes
        assert [(note.code, note.place) for note in one.plan.notes] == [
            (NoteCode.DISPOSAL_OFF_ROADS, "TPA-2")
        ]
