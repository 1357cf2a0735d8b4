"""Travel without roads: longer than straight, never silent about it."""

import numpy as np
import pytest

from angkut_backend.roads.straight import haversine_m, straight_travel
from angkut_backend.roads.travel import Leg, Point, Travel

POOL = Point("depot:POOL", 107.0076, -6.2508)
LANDFILL = Point("disposal:TPA", 107.0035, -6.3475)


def test_a_degree_of_latitude_is_111_kilometres() -> None:
    metres = haversine_m([Point("a", 107, -6), Point("b", 107, -7)])

    assert metres[0, 1] == pytest.approx(111_195, abs=5)
    assert metres[0, 0] == 0


def test_ways_are_longer_than_straight_and_relatively_longer_when_short() -> None:
    near = Point("bin:near", POOL.lon + 0.003, POOL.lat)
    points = [POOL, LANDFILL, near]
    ratio = straight_travel(points).legs["truck"].distance_m / np.maximum(haversine_m(points), 1)

    assert ratio[0, 1] == pytest.approx(1.3, abs=0.01)
    assert ratio[0, 2] == pytest.approx(1.9, abs=0.01)


def test_straight_travel_is_marked_as_approximate() -> None:
    assert straight_travel([POOL, LANDFILL]).approximate


def test_the_digest_names_the_content() -> None:
    same = straight_travel([POOL, LANDFILL])
    other = straight_travel([POOL, Point("disposal:TPA", 107.0, -6.3475)])

    assert straight_travel([POOL, LANDFILL]).digest == same.digest
    assert other.digest != same.digest


def test_two_points_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="same name"):
        straight_travel([POOL, POOL])


def test_a_matrix_of_the_wrong_size_is_refused() -> None:
    small = Leg(np.zeros((1, 1), dtype=np.int32), np.zeros((1, 1), dtype=np.int32))

    with pytest.raises(ValueError, match="not square"):
        Travel.of([POOL, LANDFILL], {"truck": small}, source="", approximate=False)
