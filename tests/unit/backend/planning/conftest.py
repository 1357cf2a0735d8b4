"""A small shift that a person can follow: two trucks, a landfill, six bins on a line."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from angkut_backend.planning.draft import Draft
from angkut_backend.planning.greedy import CHOICES, Greedy
from angkut_backend.planning.instance import Instance
from angkut_backend.planning.points import points_of
from angkut_backend.planning.problem import Bin, Depot, DisposalSite, Problem, TimeWindow, Vehicle
from angkut_backend.planning.rules import Rules
from angkut_backend.planning.schedule import Scheduler
from angkut_backend.planning.takeover import take_over
from angkut_backend.roads.travel import Leg, Travel

HOUR_S = 3600


def line_shift(**changes: object) -> Problem:
    """Return the shift; places lie a kilometre apart in the order depot, B1 to B6, landfill."""
    shape: dict[str, Any] = {
        "district": "32.75.01",
        "shift_start": datetime(2026, 1, 14, 22, tzinfo=UTC),
        "timezone": "Asia/Jakarta",
        "depots": (Depot(code="POOL", lon=107.0, lat=-6.2),),
        "disposal_sites": (
            DisposalSite(
                code="TPA",
                lon=107.0,
                lat=-6.2 - 0.07,
                opening=TimeWindow(from_s=0, to_s=8 * HOUR_S),
                tipping_s=600,
                queue_s_by_hour=(900,) * 24,
            ),
        ),
        "vehicles": tuple(truck(code) for code in ("T1", "T2")),
        "bins": tuple(line_bin(number) for number in range(1, 7)),
    }
    return Problem(**(shape | changes))


def truck(code: str, **changes: object) -> Vehicle:
    shape: dict[str, Any] = {
        "code": code,
        "kind": "dump_truck",
        "depot": "POOL",
        "volume_l": 5_000,
        "payload_kg": 3_000,
        "shift": TimeWindow(from_s=0, to_s=8 * HOUR_S),
    }
    return Vehicle(**(shape | changes))


def line_bin(number: int, **changes: object) -> Bin:
    shape: dict[str, Any] = {
        "code": f"B{number}",
        "lon": 107.0,
        "lat": -6.2 - 0.01 * number,
        "container": "cart",
        "load_l": 1_000,
        "load_kg": 300,
        "service_s": 120,
        "prize_rp": 150_000,
    }
    return Bin(**(shape | changes))


def line_travel(problem: Problem) -> Travel:
    """Return travel at 36 km/h along the line: 0.01 degrees are a kilometre."""
    points = points_of(problem)
    place = np.array([point.lat for point in points]) / -0.01
    metres = np.rint(np.abs(place[:, None] - place[None, :]) * 1000).astype(np.int32)
    leg = Leg(metres, (metres // 10).astype(np.int32))
    return Travel.of(points, {"truck": leg, "small": leg}, source="line", approximate=False)


@pytest.fixture
def shift() -> Problem:
    return line_shift()


def greedy_draft(problem: Problem, travel: Travel) -> Draft:
    """Return the routes of the first greedy choice, with exact times."""
    rules = Rules(problem, travel)
    scheduler = Scheduler(rules)
    takeovers = {one.code: take_over(rules, scheduler, one) for one in problem.vehicles}
    instance = Instance.of(rules)
    orders = Greedy(instance, takeovers).orders(CHOICES[0])
    return Draft.of(instance, scheduler, takeovers, orders)
