import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from angkut_sim.errors import SimError
from angkut_sim.places import Place
from angkut_sim.policies import FixedRounds, PlannedVisits, Threshold, View, Visit

PLACES = [
    Place("A", 240.0, site="one"),
    Place("B", 240.0, site="one"),
    Place("C", 240.0, site="two"),
    Place("D", 240.0),
]
#: 09:00 WIB.
MORNING_S = datetime(2026, 1, 12, 2, tzinfo=UTC).timestamp()


def view(
    *reported: float,
    at_s: float = MORNING_S,
    hours_since: float = 10.0,
    planned: tuple[int, ...] = (),
) -> View:
    waiting = np.zeros(4, bool)
    waiting[list(planned)] = True
    return View(at_s, PLACES, np.array(reported), np.full(4, hours_since), waiting)


def bins(policy: Threshold, seen: View) -> list[int]:
    return [visit.bin for visit in policy.visits(seen)]


def test_a_threshold_visits_what_is_full_the_fullest_first() -> None:
    assert bins(Threshold(), view(10, 10, 80, 90)) == [3, 2]


def test_what_stands_beside_a_full_bin_goes_along_when_it_is_worth_it() -> None:
    assert bins(Threshold(), view(90, 50, 50, 50)) == [0, 1]
    assert bins(Threshold(), view(90, 30, 50, 50)) == [0]


def test_a_bin_without_a_site_has_no_neighbours() -> None:
    alone = [Place("X", 240.0), Place("Y", 240.0)]
    seen = View(MORNING_S, alone, np.array([90.0, 60.0]), np.zeros(2), np.zeros(2, bool))
    assert bins(Threshold(), seen) == [0]


def test_a_silent_sensor_is_not_taken_for_an_empty_bin() -> None:
    assert bins(Threshold(), view(np.nan, 0, 0, np.nan, hours_since=100.0)) == [0, 3]
    assert bins(Threshold(), view(np.nan, 0, 0, np.nan)) == []


def test_what_is_planned_already_is_not_planned_again() -> None:
    assert bins(Threshold(), view(90, 90, 90, 90, planned=(0, 2))) == [1, 3]


def test_at_night_nobody_starts() -> None:
    assert bins(Threshold(), view(90, 90, 90, 90, at_s=MORNING_S + 12 * 3600)) == []


def test_visits_are_spread_over_the_coming_hour() -> None:
    times = [visit.at_s - MORNING_S for visit in Threshold().visits(view(90, 91, 92, 93))]
    assert times == [0, 900, 1800, 2700]


def test_faster_bins_get_more_rounds() -> None:
    places = [Place(f"S{number}", 240.0) for number in range(60)]
    slow = FixedRounds.planned(places, np.full(60, 0.5), seed=1)
    fast = FixedRounds.planned(places, np.full(60, 6.0), seed=1)
    assert max(len(weekdays) for weekdays, _ in slow.rounds) <= 2
    assert min(len(weekdays) for weekdays, _ in fast.rounds) == 7


def test_a_plan_is_read_from_json_in_any_order(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    stops = [
        {"bin": "C", "at": "2026-01-12T10:30:00+07:00"},
        {"bin": "A", "at": "2026-01-12T02:15:00Z", "litres": 120},
    ]
    path.write_text(json.dumps(stops))
    policy = PlannedVisits.read(path, places=PLACES)
    assert list(policy.visits(view(0, 0, 0, 0))) == [Visit(0, MORNING_S + 900)]
    assert list(policy.visits(view(0, 0, 0, 0, at_s=MORNING_S + 3600))) == [
        Visit(2, MORNING_S + 5400)
    ]
    assert list(policy.visits(view(0, 0, 0, 0, at_s=MORNING_S - 3600))) == []


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("{", "not JSON"),
        ('{"bin": "A"}', "expected a list"),
        ('[{"bin": "A"}]', "item 0"),
        ('[{"bin": "A", "at": "2026-01-12T10:00:00+07:00"}, 7]', "item 1"),
        ('[{"bin": "A", "at": "tomorrow"}]', "ISO time"),
        ('[{"bin": "A", "at": "2026-01-12T10:00:00"}]', "no zone"),
        ('[{"bin": "Z", "at": "2026-01-12T10:00:00+07:00"}]', "no bin 'Z'"),
    ],
)
def test_a_broken_plan_is_named_by_file_and_item(tmp_path: Path, content: str, what: str) -> None:
    path = tmp_path / "plan.json"
    path.write_text(content)
    with pytest.raises(SimError, match=rf"plan\.json.*{what}"):
        PlannedVisits.read(path, places=PLACES)


def test_a_missing_plan_is_named(tmp_path: Path) -> None:
    with pytest.raises(SimError, match=r"cannot read the plan .*none\.json"):
        PlannedVisits.read(tmp_path / "none.json", places=PLACES)
