"""Depots and disposal sites off the roads: without all of them no plan, without some a remark."""

from collections.abc import Mapping

import pytest

from angkut_backend.planning.assembly import NothingToPlanError
from angkut_backend.planning.notes import NoteCode
from angkut_backend.planning.off_roads import places_off_roads
from angkut_backend.planning.problem import Depot, DisposalSite, Problem, TimeWindow, Vehicle

from .conftest import HOUR_S, line_shift, truck


def site(code: str) -> DisposalSite:
    return DisposalSite(
        code=code,
        lon=107.0,
        lat=-6.3,
        opening=TimeWindow(from_s=0, to_s=8 * HOUR_S),
        tipping_s=600,
        queue_s_by_hour=(0,) * 24,
    )


def city(*vehicles: Vehicle) -> Problem:
    """Return a shift with two depots, a landfill and two transfer stations."""
    depots = tuple(Depot(code=code, lon=107.0, lat=-6.2) for code in ("POOL", "POOL-2"))
    return line_shift(
        depots=depots, disposal_sites=(site("TPA"), site("P-1"), site("P-2")), vehicles=vehicles
    )


def cart(code: str, **changes: object) -> Vehicle:
    return truck(code, **({"profile": "small", "disposal_sites": ("P-1", "P-2")} | changes))


TRUCK = truck("T1", disposal_sites=("TPA",))


def test_without_anything_off_the_roads_nothing_is_said() -> None:
    shift = city(TRUCK, cart("C1"))

    assert places_off_roads(shift, {}) == ()
    assert places_off_roads(shift, {"truck": ["bin:B1", "underway:T1"]}) == ()
    # Of the ways of small vehicles a truck needs none, and of a depot without vehicles nobody.
    assert places_off_roads(shift, {"small": ["disposal:TPA", "depot:POOL-2"]}) == ()
    assert places_off_roads(city(), {"truck": ["depot:POOL", "disposal:TPA"]}) == ()


@pytest.mark.parametrize(
    ("off", "said"),
    [
        ({"truck": ["depot:POOL"], "small": ["depot:POOL"]}, "depot POOL: no vehicle can leave"),
        ({"truck": ["disposal:TPA"]}, "disposal site TPA: T1 can unload nowhere"),
        (
            {"small": ["disposal:P-2", "disposal:P-1"]},
            "disposal site P-1, P-2: C1 can unload nowhere",
        ),
    ],
)
def test_a_shift_without_depot_or_without_a_place_to_unload_is_refused_by_name(
    off: Mapping[str, list[str]], said: str
) -> None:
    with pytest.raises(NothingToPlanError, match=f"no road within 50 m of {said}") as refused:
        places_off_roads(city(TRUCK, cart("C1")), off)

    assert (refused.value.status, refused.value.code) == (409, "nothing_to_plan")
    assert "correct the coordinates in the site pack, or build the road" in str(refused.value)


def test_all_disposal_sites_are_meant_where_a_vehicle_names_none() -> None:
    shift, codes = city(truck("T1")), ["disposal:TPA", "disposal:P-1", "disposal:P-2"]

    assert [one.place for one in places_off_roads(shift, {"truck": codes[:2]})] == ["P-1", "TPA"]
    with pytest.raises(NothingToPlanError, match="disposal site P-1, P-2, TPA"):
        places_off_roads(shift, {"truck": codes})


def test_what_others_can_do_without_is_remarked_once() -> None:
    shift = city(TRUCK, cart("C1"), cart("C2"), cart("C3", depot="POOL-2"))

    depot, transfer = places_off_roads(shift, {"small": ["disposal:P-2", "depot:POOL-2"]})

    assert (depot.code, depot.place) == (NoteCode.DEPOT_OFF_ROADS, "POOL-2")
    assert (transfer.code, transfer.place) == (NoteCode.DISPOSAL_OFF_ROADS, "P-2")
    assert depot.text.startswith("there is no road within 50 m of depot POOL-2: its vehicles stay;")
    assert "vehicles unload elsewhere; correct the coordinates" in transfer.text
