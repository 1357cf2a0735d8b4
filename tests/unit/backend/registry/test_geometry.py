"""Which area a point belongs to, where official polygons overlap or leave slivers."""

import pytest

from angkut_backend.registry.site.geometry import Boundary, area_of, distance_m


def square(west: float, east: float) -> Boundary:
    return Boundary(
        (
            (
                (
                    (west, -6.01),
                    (east, -6.01),
                    (east, -6.0),
                    (west, -6.0),
                    (west, -6.01),
                ),
            ),
        )
    )


#: The second overlaps the first by 22 m; between the second and the third lie 44 m.
AREAS = {"b": square(107.0098, 107.02), "a": square(107.0, 107.01), "c": square(107.0204, 107.03)}


@pytest.mark.parametrize(
    ("lon", "code"),
    [
        (107.005, "a"),
        (107.0099, "a"),
        (107.0101, "b"),
        (107.0201, "b"),
        (107.0203, "c"),
        (107.0304, "c"),
        (107.0305, None),
        (106.9, None),
    ],
)
def test_the_lowest_code_wins_an_overlap_and_the_nearest_a_sliver(
    lon: float, code: str | None
) -> None:
    assert area_of((lon, -6.005), AREAS) == code


def test_no_areas_hold_no_point() -> None:
    assert area_of((107.0, -6.0), {}) is None


def test_a_hole_is_outside() -> None:
    outer = square(107.0, 107.03).polygons[0][0]
    hole = square(107.01, 107.02).polygons[0][0]
    ring = Boundary(((outer, hole),))
    assert ring.contains((107.005, -6.005))
    assert not ring.contains((107.015, -6.005))


def test_distance_to_a_side_and_to_a_corner_in_metres() -> None:
    area = square(107.0, 107.01)
    assert area.distance_m((107.005, -6.005)) == 0
    assert area.distance_m((107.011, -6.005)) == pytest.approx(110.6, abs=0.2)
    assert area.distance_m((107.011, -5.999)) == pytest.approx(156.8, abs=0.3)


def test_distance_agrees_with_the_known_one_from_the_district_to_the_landfill() -> None:
    assert distance_m((107.019135, -6.242149), (107.0035, -6.3475)) == pytest.approx(
        11_800, rel=0.01
    )


def test_a_boundary_is_written_back_as_it_was_read() -> None:
    area = square(107.0, 107.01)
    assert area.geojson() == {"type": "Polygon", "coordinates": area.polygons[0]}
    two = Boundary(area.polygons + square(107.02, 107.03).polygons)
    assert two.geojson()["type"] == "MultiPolygon"
    assert two.bbox == (107.0, -6.01, 107.03, -6.0)
