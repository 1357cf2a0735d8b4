from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from angkut_sim.waste import HEAP_LIMIT_PCT, SETTLED, Waste

VOLUMES_L = np.array([120.0, 660.0, 6000.0])
SHARE = st.floats(0, 1)
LITRES = st.floats(0, 3000)
INDEX = st.integers(0, 2)

Deed = Callable[[Waste], object]
DEEDS: st.SearchStrategy[Deed] = st.one_of(
    st.builds(
        lambda a, b, c: lambda waste: waste.throw_in(np.array([a, b, c])), LITRES, LITRES, LITRES
    ),
    st.builds(lambda s: lambda waste: waste.settle(s), st.floats(0, 1e6)),
    st.builds(lambda i, x: lambda waste: waste.leave_bulky(i, x), INDEX, LITRES),
    st.builds(lambda i, x: lambda waste: waste.pick(i, x), INDEX, SHARE),
    st.builds(lambda i, x: lambda waste: waste.press(i, x), INDEX, SHARE),
    st.builds(lambda i, x: lambda waste: waste.spill(i, x), INDEX, SHARE),
    st.builds(lambda i, x: lambda waste: waste.empty(i, x), INDEX, SHARE),
)


def bins(content_l: float = 0.0) -> Waste:
    return Waste.filled(VOLUMES_L, np.full(3, content_l))


@given(st.lists(DEEDS, max_size=40))
def test_what_arrived_is_in_the_bin_beside_it_collected_or_picked(deeds: list[Deed]) -> None:
    waste = bins(50)
    for deed in deeds:
        deed(waste)
        assert np.abs(waste.imbalance_l).max() < 1e-6
        assert (waste.content_l >= 0).all()
        assert (waste.beside_l >= 0).all()
        assert (waste.occupied_l >= -1e-9).all()
        assert (waste.occupied_l <= waste.content_l + 1e-9).all()
        assert (waste.level_pct <= HEAP_LIMIT_PCT + 1e-9).all()


def test_what_the_heap_does_not_hold_lies_beside_the_bin() -> None:
    waste = bins()
    waste.throw_in(np.array([200.0, 200.0, 200.0]))
    assert waste.level_pct.tolist() == pytest.approx([115, 200 / 6.6, 200 / 60])
    assert waste.beside_l.tolist() == pytest.approx([200 - 138, 0, 0])
    assert waste.overflowing.tolist() == [True, False, False]


def test_waste_settles_by_some_percent_and_no_further() -> None:
    waste = bins(100)
    waste.settle(24 * 3600)
    after_a_day = waste.occupied_l[0]
    waste.settle(30 * 86_400)
    assert 94 < after_a_day < 99
    assert waste.occupied_l[0] == pytest.approx(100 * SETTLED)
    assert waste.content_l[0] == 100


def test_settling_does_not_depend_on_how_often_one_looks() -> None:
    often, once = bins(100), bins(100)
    for _ in range(100):
        often.settle(600)
    once.settle(60_000)
    assert often.occupied_l.tolist() == pytest.approx(once.occupied_l.tolist())


def test_pressing_makes_room_and_takes_nothing() -> None:
    waste = bins(100)
    waste.press(0, 0.8)
    assert waste.occupied_l[0] == pytest.approx(80)
    waste.press(0, 0.1)
    assert waste.occupied_l[0] == pytest.approx(50)
    assert waste.content_l[0] == 100


def test_a_large_thing_does_not_go_into_a_small_bin() -> None:
    waste = bins()
    waste.leave_bulky(0, 90)
    waste.leave_bulky(1, 90)
    assert waste.beside_l.tolist() == [90, 0, 0]
    assert waste.content_l.tolist() == [0, 90, 0]


def test_a_crew_takes_what_lies_beside_the_bin_too() -> None:
    waste = bins()
    waste.throw_in(np.array([200.0, 0.0, 0.0]))
    assert waste.empty(0, 0.0) == pytest.approx(200)
    assert waste.level_pct[0] == waste.beside_l[0] == 0


def test_a_partial_emptying_leaves_a_share() -> None:
    waste = bins(100)
    assert waste.empty(1, 0.3) == pytest.approx(70)
    assert waste.content_l[1] == pytest.approx(30)
