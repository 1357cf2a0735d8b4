"""Poor data in one area: that one keeps its fixed round, the others go by levels."""

from datetime import timedelta

import pytest

from angkut_backend.accounts.service import Role
from angkut_backend.db import Connection
from angkut_backend.planning.changes import Changes, UnderwayNow
from angkut_backend.planning.plan_document import OutReason
from angkut_backend.planning.policies import Policy
from angkut_backend.planning.problem import Bin, MustReason
from angkut_backend.planning.records import PlanRecord
from parts.api import Api

from .test_endpoints import some_plan
from .test_replans import replan

#: Half of the measured bins stand here.
SOUTH = "32.75.01.1002"


@pytest.fixture
def areas(town: Connection) -> Connection:
    """The town with its last twenty bins in an area of their own, whose round is due or not."""
    town.execute(
        "INSERT INTO area (district_id, code, name, common_name, boundary, source) "
        "SELECT district_id, %s, 'Margahayu', 'Margahayu', boundary, 'test' FROM area",
        [SOUTH],
    )
    town.execute(
        "INSERT INTO site (area_id, code, name, kind, lon, lat, source) "
        "SELECT area_id, 'TPS-' || n, 'TPS', 'tps', 107.02, -6.23, 'test' "
        "FROM area, generate_series(2, 3) AS n WHERE code = %s",
        [SOUTH],
    )
    # One of two sites in turn has its invented round each day.
    town.execute(
        "UPDATE bin SET site_id = (SELECT site_id FROM site WHERE code = 'TPS-' || "
        "2 + right(bin.code, 1)::int % 2) WHERE code >= 'T-020'"
    )
    town.commit()
    return town


def trust(conn: Connection, bins: int) -> None:
    """Have so many of the twenty bins levels that can be trusted."""
    conn.execute(
        "UPDATE rollup_hourly SET trusted_n = CASE WHEN place <= %s THEN n ELSE 0 END FROM ("
        "SELECT bin_id, row_number() OVER (ORDER BY code) AS place FROM bin WHERE code >= 'T-020'"
        ") AS far WHERE far.bin_id = rollup_hourly.bin_id",
        [bins],
    )
    conn.commit()


def south(made: PlanRecord) -> list[Bin]:
    return [one for one in made.problem.bins if one.area == SOUTH]


def test_only_the_area_of_which_little_is_known_keeps_its_round(areas: Connection) -> None:
    trust(areas, 12)
    known = some_plan(areas)
    trust(areas, 11)
    made = some_plan(areas)

    assert known.is_treated
    assert made.violations == []
    assert not made.is_treated
    assert {area["area"]: area["is_fixed"] for area in made.data_trust} == {
        "32.75.01.1001": False,
        SOUTH: True,
    }
    due = {one.code for one in south(made) if one.must is MustReason.SCHEDULE}
    assert len(due) == 10
    assert {one.code for one in south(made) if one.forbidden} == {
        one.code for one in south(made) if one.code not in due
    }
    served = {one.bin for one in made.plan.served}
    missed = {one.bin: one.reason for one in made.plan.left if one.bin in due}
    assert served & {one.code for one in south(made)} == due - missed.keys()
    assert set(missed.values()) <= {OutReason.NO_TIME, OutReason.NO_CAPACITY}
    north = [one for one in made.problem.bins if one.area != SOUTH]
    assert MustReason.SCHEDULE not in {one.must for one in north}
    assert any(one.prize_rp > 0 for one in north)
    assert {one.code: one.prize_rp for one in north} == {
        one.code: one.prize_rp for one in known.problem.bins if one.area != SOUTH
    }


def test_rules_of_levels_give_way_to_the_round_too(areas: Connection) -> None:
    trust(areas, 11)

    made = some_plan(areas, Policy.THRESHOLD)

    assert not made.is_treated
    assert {one.must for one in south(made)} == {None, MustReason.SCHEDULE}
    assert MustReason.SCHEDULE not in {one.must for one in made.problem.bins if one.area != SOUTH}


def test_that_a_day_is_not_treated_goes_with_the_plan_into_force_and_through_its_changes(
    areas: Connection, api: Api
) -> None:
    trust(areas, 11)
    made = some_plan(areas)
    client, driver = api.signed_in(Role.DISPATCHER), api.signed_in(Role.DRIVER)
    path = f"/api/plans/{made.plan_id}"

    assert client.post(f"{path}/accept").json()["is_treated"] is False
    client.post(f"{path}/publish").raise_for_status()
    (listed,) = driver.get("/api/plans").json()["plans"]
    assert listed["is_treated"] is False
    shown = {one["area"]: one for one in driver.get(path).json()["data_trust"]}
    assert (shown[SOUTH]["name"], shown[SOUTH]["trusted"], shown[SOUTH]["bins"]) == (
        "Margahayu", 11, 20,
    )  # fmt: skip
    tweaked = replan(areas, made.plan_id, Changes())
    assert (tweaked.is_treated, tweaked.data_trust) == (False, made.data_trust)

    # The sensors are heard again.
    trust(areas, 20)
    fresh = replan(areas, made.plan_id, Changes(fresh=True))
    at = made.shift_start + timedelta(hours=1)
    now = Changes(underway=UnderwayNow(at=at))
    underway = replan(areas, made.plan_id, now, hours=22)
    later = replan(areas, underway.plan_id, Changes(fresh=True), hours=22)

    assert fresh.is_treated
    # Levels decide from six on, but the round decided before.
    for one in (underway, later):
        assert not any(area["is_fixed"] for area in one.data_trust)
        assert not one.is_treated
    of_fresh = replan(areas, fresh.plan_id, now, hours=22)
    assert of_fresh.is_treated
