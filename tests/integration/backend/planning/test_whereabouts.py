"""Where vehicles are reported to be, on real streets."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from angkut_backend.accounts.service import Role
from angkut_backend.db import Connection
from angkut_backend.roads import engine, graph
from parts.api import Api
from parts.levels_stored import NOW

from .test_endpoints import some_plan

pytestmark = pytest.mark.usefixtures("road_engine")

EXTRACT = Path(__file__).parents[3] / "instances" / "roads" / "balikpapan-kota-drive.osm.pbf"
TRUCK = "B 9001"
ON_A_STREET = {"lon": 116.8395, "lat": -1.2763}
AT_SEA = {"lon": 116.8500, "lat": -1.2900}


@pytest.fixture
def on_streets(api: Api, tmp_path: Path) -> Iterator[Api]:
    """The API with the road network of another town than its bins stand in."""
    graph.build(EXTRACT, tmp_path / "roads", now=NOW)
    settings = api.app.state.settings
    api.app.state.settings = settings.model_copy(update={"roads_dir": tmp_path / "roads"})
    yield api
    engine._engine.cache_clear()


def test_a_reported_place_without_a_road_is_refused_before_anybody_waits_for_a_plan(
    town: Connection, on_streets: Api
) -> None:
    plan = some_plan(town)
    client = on_streets.signed_in(Role.DISPATCHER)

    def report(**said: float) -> tuple[int, dict[str, list[dict[str, object]]]]:
        at = (plan.shift_start + timedelta(hours=2)).isoformat()
        body = {"at": at, "vehicles": [{"vehicle": TRUCK, **said}]}
        answer = client.post(f"/api/plans/{plan.plan_id}/progress", json=body)
        return answer.status_code, answer.json()

    status, there = report(**ON_A_STREET)
    refused, why = report(**AT_SEA)

    (truck,) = there["vehicles"]
    assert (status, truck["lon"], truck["lat"]) == (200, *ON_A_STREET.values())
    (fault,) = why["faults"]
    assert (refused, fault["why"], fault["code"]) == (422, "off_road", TRUCK)
    assert fault["field"] == "underway.vehicles"
    # What is only said of its load needs no road.
    assert report(load_kg=0, load_l=0)[0] == 200
