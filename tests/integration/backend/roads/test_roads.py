"""Real Indonesian streets through the real engine."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest

from angkut_backend.roads import engine, graph
from angkut_backend.roads.errors import RoadBuildError, RoadsUnavailableError
from angkut_backend.roads.service import Roads
from angkut_backend.roads.straight import haversine_m
from angkut_backend.roads.travel import UNREACHABLE, Point

pytestmark = pytest.mark.usefixtures("road_engine")

EXTRACT = Path(__file__).parents[3] / "instances" / "roads" / "balikpapan-kota-drive.osm.pbf"
NOW = datetime(2026, 1, 14, tzinfo=UTC)
#: On Jalan Jenderal Sudirman and around the town hall.
TOWN = [
    Point("bin:a", 116.8395, -1.2763),
    Point("bin:b", 116.8330, -1.2770),
    Point("bin:c", 116.8448, -1.2683),
]
AT_SEA = Point("bin:sea", 116.8500, -1.2900)


@pytest.fixture(scope="module")
def roads_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("roads")
    graph.build(EXTRACT, folder, now=NOW)
    return folder


@pytest.fixture
def roads(roads_dir: Path) -> Iterator[Roads]:
    yield Roads.open(roads_dir)
    engine._engine.cache_clear()


def test_ways_on_roads_are_longer_than_straight_and_not_the_same_both_ways(roads: Roads) -> None:
    travel, off = roads.travel(TOWN)

    metres = travel.legs["truck"].distance_m
    apart = ~np.eye(len(TOWN), dtype=bool)
    assert off == {}
    assert not travel.approximate
    assert "OpenStreetMap" in travel.source
    assert (metres[apart] >= haversine_m(TOWN)[apart] * 0.95).all()
    assert (metres != metres.T).any()


def test_a_place_off_the_roads_is_named_and_not_snapped_in_silence(roads: Roads) -> None:
    travel, off = roads.travel([*TOWN, AT_SEA])

    assert off["truck"] == ["bin:sea"]
    assert (travel.legs["truck"].distance_m[3, :3] == UNREACHABLE).all()
    assert (travel.legs["truck"].distance_m[:3, :3] < UNREACHABLE).all()


def test_a_few_places_off_the_roads_are_told_and_nothing_of_them_is_kept(
    roads: Roads, roads_dir: Path
) -> None:
    before = sorted((roads_dir / "matrices").glob("*"))

    off = roads.off([TOWN[0], AT_SEA])

    assert off == {"truck": ["bin:sea"], "small": ["bin:sea"]}
    assert sorted((roads_dir / "matrices").glob("*")) == before
    assert roads.off([AT_SEA]) == {"truck": ["bin:sea"], "small": ["bin:sea"]}
    assert roads.off(TOWN[:1]) == {}
    assert Roads(roads_dir, None).off([AT_SEA]) == {}


def test_a_motor_cart_and_a_truck_take_different_times(roads: Roads) -> None:
    travel, _ = roads.travel(TOWN)

    truck, small = travel.legs["truck"].duration_s, travel.legs["small"].duration_s
    assert (truck != small).any()


def test_the_same_points_are_answered_from_disk(roads: Roads, roads_dir: Path) -> None:
    first, _ = roads.travel(TOWN)
    files = sorted((roads_dir / "matrices").glob("*.npz"))
    for file in files:
        file.chmod(0o400)
    before = engine._engine.cache_info().misses + engine._engine.cache_info().hits

    again, _ = roads.travel(TOWN)

    assert engine._engine.cache_info().misses + engine._engine.cache_info().hits == before
    assert again.digest == first.digest


def test_places_that_are_known_are_not_asked_again_beside_new_ones(
    roads: Roads, roads_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(4)
    many = [
        Point(f"p{number}", 116.8395 + lon, -1.2763 + lat)
        for number, (lon, lat) in enumerate(rng.uniform(-0.004, 0.004, (20, 2)))
    ]
    spy = Mock(wraps=engine._table)
    monkeypatch.setattr(engine, "_table", spy)
    whole, whole_off = roads.travel([*many[:10], AT_SEA, *many[10:]])
    shutil.rmtree(roads_dir / "matrices")
    roads.travel([*many[2:], AT_SEA])
    spy.reset_mock()

    again, again_off = roads.travel([*many[:10], AT_SEA, *many[10:]])

    asked = [call.kwargs.get("sources") or call.kwargs["destinations"] for call in spy.mock_calls]
    assert [len(rows) for rows in asked] == [2] * 4
    assert again.digest == whole.digest
    assert again_off == whole_off
    assert "bin:sea" in whole_off["truck"]
    spy.reset_mock()
    fewer = roads.travel(many[5:9][::-1])[0].legs["small"].duration_s
    assert spy.mock_calls == []
    assert (fewer == whole.legs["small"].duration_s[5:9, 5:9][::-1, ::-1]).all()


@pytest.mark.parametrize("left", [b"not a matrix", b""], ids=["other", "empty"])
def test_a_broken_matrix_on_disk_is_asked_again(roads: Roads, roads_dir: Path, left: bytes) -> None:
    first, _ = roads.travel(TOWN[:2])
    for file in (roads_dir / "matrices").glob("*.npz"):
        file.chmod(0o600)
        file.write_bytes(left)

    assert roads.travel(TOWN[:2])[0].digest == first.digest


def test_the_line_on_the_map_follows_the_roads(roads: Roads) -> None:
    line = roads.line("truck", TOWN)

    assert not line.approximate
    assert len(line.coordinates) > 10
    assert line.coordinates[0] == pytest.approx((TOWN[0].lon, TOWN[0].lat), abs=5e-4)


@pytest.mark.parametrize("profile", graph.PROFILES)
def test_the_line_is_straight_only_where_no_road_leads_and_says_so(
    roads: Roads, profile: str
) -> None:
    a, b, c = TOWN
    sea = (AT_SEA.lon, AT_SEA.lat)

    line = roads.line(profile, [a, b, AT_SEA, c, a])

    assert line.approximate
    at = line.coordinates.index(sea)
    assert line.coordinates[at - 1 : at + 3] == [(b.lon, b.lat), sea, sea, (c.lon, c.lat)]
    assert line.coordinates[: at - 1] == roads.line(profile, [a, b]).coordinates
    assert line.coordinates[at + 3 :] == roads.line(profile, [c, a]).coordinates
    assert len(line.coordinates) > 20


def test_where_the_engine_finds_no_way_the_line_says_so(
    roads: Roads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "line", Mock(return_value=None))

    line = roads.line("truck", TOWN)

    assert line.approximate
    assert line.coordinates[0] == (TOWN[0].lon, TOWN[0].lat)
    assert line.coordinates[-1] == (TOWN[-1].lon, TOWN[-1].lat)


def test_more_places_than_the_engine_takes_at_once_are_drawn_on_roads(roads: Roads) -> None:
    many = TOWN * 334
    assert roads.graph is not None
    assert engine.line(roads.graph, "truck", many) is None

    line = roads.line("truck", many)

    assert not line.approximate
    assert len(line.coordinates) > 10 * len(many)


def test_without_a_network_travel_is_approximate(tmp_path: Path) -> None:
    roads = Roads.open(tmp_path)

    assert roads.travel(TOWN)[0].approximate
    line = roads.line("truck", TOWN)
    assert line.approximate
    assert line.coordinates == [(point.lon, point.lat) for point in TOWN]


def test_what_is_no_extract_is_refused_and_the_network_in_force_stays(
    roads_dir: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.osm.pbf"
    broken.write_bytes(b"no roads here")
    before = graph.current(roads_dir)

    told = r"^no roads .* give an .osm.pbf .* osrm-extract failed"
    with pytest.raises(RoadBuildError, match=told):
        graph.build(broken, roads_dir, now=NOW)
    with pytest.raises(RoadBuildError, match="no file"):
        graph.build(tmp_path / "missing.osm.pbf", roads_dir, now=NOW)

    assert graph.current(roads_dir) == before
    assert [one.name for one in roads_dir.iterdir() if one.name.startswith(".")] == []


def test_a_record_that_cannot_be_read_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "current.json").write_text("{")

    with pytest.raises(RoadsUnavailableError, match="angkut roads build"):
        Roads.open(tmp_path)
