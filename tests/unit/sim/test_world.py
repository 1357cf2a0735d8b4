import math
from collections.abc import Callable
from datetime import UTC, date, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from angkut_sim.crews import Crews
from angkut_sim.days import DAY_S, Calendar, day_number, day_of, day_start_s, weekday_of
from angkut_sim.places import Place, PlaceKind
from angkut_sim.policies import FixedRounds, PlannedVisits, Policy, Threshold, View, Visit
from angkut_sim.stretch import Stretch
from angkut_sim.truth import Surface, Truth, TruthEvent, TruthKind
from angkut_sim.waste import HEAP_LIMIT_PCT
from angkut_sim.world import STEP_S, World
from angkut_sim.world_state import restore, save

#: Monday 2026-01-12, 00:00 WIB.
START_S = datetime(2026, 1, 11, 17, tzinfo=UTC).timestamp()
KINDS = list(PlaceKind)


def town(bins: int) -> list[Place]:
    return [
        Place(
            f"BKS-BT-{number:04d}",
            240.0,
            KINDS[number % len(KINDS)],
            site=f"L{number // 2}",
            floods=number % 4 == 0,
        )
        for number in range(bins)
    ]


def lived(
    places: list[Place],
    days: int,
    *,
    seed: int = 1,
    policy: Policy | None = None,
    crews: Crews | None = None,
) -> tuple[World, Stretch]:
    world = World(places, seed=seed, start_s=START_S, policy=policy, crews=crews)
    return world, world.advance(START_S + days * DAY_S)


def happened(stretch: Stretch, kind: TruthKind) -> list[TruthEvent]:
    return [each for each in stretch.happened if each.kind is kind]


def test_one_seed_gives_one_world_bit_by_bit() -> None:
    (_, one), (_, other) = lived(town(10), 20), lived(town(10), 20)
    assert one.level_pct.tobytes() == other.level_pct.tobytes()
    assert one.happened == other.happened


def test_another_seed_gives_another_world() -> None:
    assert (lived(town(5), 5)[1].level_pct != lived(town(5), 5, seed=2)[1].level_pct).any()


def test_another_bin_changes_nothing_for_the_others() -> None:
    _, few = lived(town(4), 14)
    _, many = lived(town(12), 14)
    assert few.level_pct.tobytes() == np.ascontiguousarray(many.level_pct[:, :4]).tobytes()


def test_how_often_one_looks_does_not_change_the_world() -> None:
    often, rarely = (World(town(6), seed=1, start_s=START_S) for _ in range(2))
    for hour in range(1, 10 * 24 + 1):
        often.advance(START_S + hour * 3600)
    rarely.advance(START_S + 10 * DAY_S)
    assert often.waste.level_pct.tolist() == rarely.waste.level_pct.tolist()
    assert often.emptied.tolist() == rarely.emptied.tolist()


def test_a_restart_goes_on_as_if_nothing_had_happened() -> None:
    through = World(town(6), seed=1, start_s=START_S, policy=Threshold())
    through.advance(START_S + 5 * DAY_S + 7 * 3600)
    again = World(town(6), seed=1, start_s=START_S, policy=Threshold())
    restore(again, save(through))
    assert (
        again.advance(START_S + 9 * DAY_S).happened == through.advance(START_S + 9 * DAY_S).happened
    )
    assert save(again) == save(through)


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    policy=st.sampled_from([None, Threshold(), Threshold(at_pct=50.0), PlannedVisits(())]),
    skipped=st.floats(0, 1),
    partial=st.floats(0, 1),
)
def test_what_arrived_is_in_the_bin_beside_it_collected_or_picked(
    seed: int, policy: Policy | None, skipped: float, partial: float
) -> None:
    crews = Crews(skipped_share=skipped, partial_share=partial)
    world, stretch = lived(town(5), 10, seed=seed, policy=policy, crews=crews)
    assert np.abs(world.waste.imbalance_l).max() < 1e-6
    taken = sum(each.amount_l for each in happened(stretch, TruthKind.COLLECTED))
    assert world.waste.collected_l.sum() == pytest.approx(taken)
    picked = sum(each.amount_l for each in happened(stretch, TruthKind.PICKED))
    assert world.waste.picked_l.sum() == pytest.approx(picked)
    assert stretch.level_pct.min() >= 0
    assert stretch.level_pct.max() <= HEAP_LIMIT_PCT * 1.0001


def test_two_policies_meet_the_same_waste_and_the_same_people() -> None:
    fixed, fixed_truth = lived(town(60), 21)
    other, other_truth = lived(town(60), 21, policy=Threshold())
    assert fixed.waste.arrived_l.tolist() == other.waste.arrived_l.tolist()
    assert fixed.waste.collected_l.tolist() != other.waste.collected_l.tolist()
    for kind in (TruthKind.BULKY, TruthKind.PICKED, TruthKind.LID_OPEN, TruthKind.KNOCKED_OVER):
        times = [
            sorted((e.bin_code, e.at_s) for e in happened(truth, kind))
            for truth in (fixed_truth, other_truth)
        ]
        assert times[0] == times[1]
        assert times[0]


def test_rounds_come_on_their_weekdays_in_the_morning() -> None:
    world, stretch = lived(town(20), 28)
    policy = world.policy
    assert isinstance(policy, FixedRounds)
    seen: dict[str, set[int]] = {}
    for each in happened(stretch, TruthKind.COLLECTED):
        seen.setdefault(each.bin_code, set()).add(weekday_of(day_of(each.at_s)))
        assert 4 <= (each.at_s - day_start_s(day_of(each.at_s))) / 3600 < 13
    for place, (weekdays, _) in zip(world.places, policy.rounds, strict=True):
        assert seen[place.code] == set(weekdays)


def test_bins_of_one_site_are_visited_on_one_round() -> None:
    world, _ = lived(town(20), 1)
    policy = world.policy
    assert isinstance(policy, FixedRounds)
    for one, other in zip(policy.rounds[::2], policy.rounds[1::2], strict=True):
        assert one[0] == other[0]
        assert 0 < other[1] - one[1] < 600


def test_a_threshold_lets_bins_fill_more_and_overflow_less_than_fixed_rounds() -> None:
    figures = {}
    for name, policy in (("fixed", None), ("threshold", Threshold())):
        _, stretch = lived(town(100), 28, policy=policy)
        fills = [each.before_pct for each in happened(stretch, TruthKind.COLLECTED)]
        figures[name] = (np.median(fills), (stretch.level_pct >= 100).mean())
    assert figures["threshold"][0] > figures["fixed"][0] + 10
    assert figures["threshold"][1] < figures["fixed"][1]


def test_a_plan_is_carried_out_near_its_times_and_nothing_else() -> None:
    stops = tuple(Visit(number % 4, START_S + number * 5 * 3600 + 100) for number in range(1, 20))
    sure = Crews(skipped_share=0.0, partial_share=0.0)
    _, stretch = lived(town(4), 6, policy=PlannedVisits(stops), crews=sure)
    came = happened(stretch, TruthKind.COLLECTED)
    assert [each.bin_code for each in came] == [f"BKS-BT-{stop.bin:04d}" for stop in stops]
    assert all(abs(e.at_s - s.at_s) < 4000 for e, s in zip(came, stops, strict=True))
    assert {each.share_left for each in came} == {0.0}


def test_nobody_comes_without_a_visit_and_all_bins_overflow() -> None:
    world, stretch = lived(town(20), 40, policy=PlannedVisits(()))
    assert not happened(stretch, TruthKind.COLLECTED)
    assert (world.waste.level_pct > 75).all()
    assert {each.kind for each in stretch.ongoing} == {TruthKind.OVERFLOW}
    assert world.waste.beside_l.sum() > 0


def test_overflow_is_told_from_its_first_moment_to_its_last() -> None:
    _, stretch = lived(town(40), 28)
    hours = sum(
        (min(each.until_s, stretch.span_s[1]) - each.at_s) / 3600
        for each in (*stretch.happened, *stretch.ongoing)
        if each.kind is TruthKind.OVERFLOW
    )
    over = (stretch.level_pct >= 100) | (stretch.beside_l > 0)
    assert hours == pytest.approx(over.sum() * STEP_S / 3600)
    assert hours > 0


def test_visits_fail_and_stay_partial_as_often_as_asked() -> None:
    crews = Crews(skipped_share=0.2, partial_share=0.3)
    _, stretch = lived(town(100), 28, crews=crews)
    came, failed = happened(stretch, TruthKind.COLLECTED), happened(stretch, TruthKind.SKIPPED)
    blocked = sum(each.note == "blocked" for each in failed)
    assert blocked / (blocked + len(came)) == pytest.approx(0.2, abs=0.03)
    left = [each.share_left for each in came]
    assert np.mean(np.array(left) > 0) == pytest.approx(0.3, abs=0.03)
    assert max(left) <= 0.5
    assert all(each.after_pct <= each.before_pct for each in came)


def test_what_trucks_can_haul_in_a_day_is_a_limit() -> None:
    _, free = lived(town(50), 14)
    _, short = lived(town(50), 14, crews=Crews(haul_l_a_day=1500.0))
    hauled: dict[int, list[float]] = {}
    for each in happened(short, TruthKind.COLLECTED):
        hauled.setdefault(int((each.at_s + 3 * 3600) // DAY_S), []).append(each.amount_l)
    # The load that fills the last truck may be too large for it.
    assert all(sum(loads[:-1]) < 1500 for loads in hauled.values())
    assert "trucks full" in {each.note for each in happened(short, TruthKind.SKIPPED)}
    assert len(happened(short, TruthKind.COLLECTED)) < len(happened(free, TruthKind.COLLECTED))


def test_a_flood_stops_waste_and_trucks_in_low_streets_only() -> None:
    places = [Place(f"B{n}", 240.0, site=f"L{n}", floods=n < 60) for n in range(120)]
    start = day_number(date(2026, 1, 1))
    probe = World(places, seed=3, start_s=day_start_s(start))
    days = range(start, start + 3000)
    flooded = next(day for day in days if probe.book.weather.day(day).flood.sum() > 5)
    world = World(places, seed=3, start_s=day_start_s(flooded - 3))
    stretch = world.advance(day_start_s(flooded + 4))
    floods = [e for e in stretch.happened if e.kind is TruthKind.FLOODED]
    assert {each.bin_code for each in floods} == {place.code for place in places if place.floods}
    assert all(each.until_s - each.at_s >= 3600 for each in floods)
    for each in happened(stretch, TruthKind.COLLECTED):
        under = [f for f in floods if f.bin_code == each.bin_code]
        assert not any(f.at_s + STEP_S < each.at_s < f.until_s - STEP_S for f in under)
    during = (floods[0].at_s + floods[0].until_s) / 2
    assert stretch.surface("B0", during).flooded
    assert not stretch.surface("B100", during).flooded


def test_lebaran_shows_in_what_arrives() -> None:
    feast = day_number(date(2026, 3, 21))
    calendar = Calendar.of([(date(2026, 3, 21), "idul_fitri"), (date(2026, 3, 22), "idul_fitri")])
    places = [Place(f"B{n}", 660.0, PlaceKind.MARKET) for n in range(60)]
    begin, end = day_start_s(feast), day_start_s(feast + 2)
    arrived = []
    for each in (None, calendar):
        world = World(places, seed=1, start_s=begin, calendar=each)
        before = world.waste.arrived_l.sum()
        world.advance(end)
        arrived.append(world.waste.arrived_l.sum() - before)
    assert arrived[1] < 0.5 * arrived[0]


def test_a_surface_tells_what_people_left() -> None:
    _, stretch = lived(town(60), 28)
    truth: Truth = stretch
    signs: dict[TruthKind, Callable[[Surface], bool]] = {
        TruthKind.LID_OPEN: lambda s: s.lid_open,
        TruthKind.BAG_LEANED: lambda s: s.near_pct is not None and s.near_pct > s.fill_pct,
        TruthKind.KNOCKED_OVER: lambda s: s.tilt_deg > 45,
    }
    for kind, shows in signs.items():
        events = happened(stretch, kind)
        assert events
        assert all(shows(truth.surface(e.bin_code, e.at_s + 1)) for e in events)
    lid = [truth.surface(c, START_S + h * 3600).lid_open for c in truth.codes for h in range(672)]
    assert 0.002 < np.mean(lid) < 0.03


def test_a_truck_ends_what_leans() -> None:
    hours = range(5, 600)
    stops = tuple(Visit(number, START_S + hour * 3600) for hour in hours for number in (0, 1))
    _, stretch = lived(town(2), 25, policy=PlannedVisits(stops))
    collected = happened(stretch, TruthKind.COLLECTED)
    for leaned in happened(stretch, TruthKind.BAG_LEANED):
        next_s = min(
            (c.at_s for c in collected if c.bin_code == leaned.bin_code and c.at_s > leaned.at_s),
            default=math.inf,
        )
        if next_s + 1 < min(leaned.until_s, stretch.span_s[1]):
            after = stretch.surface(leaned.bin_code, next_s + 1)
            assert after.near_pct is None or after.near_pct != pytest.approx(leaned.before_pct)


def test_outside_its_span_a_stretch_says_nothing() -> None:
    _, stretch = lived(town(2), 1)
    first, last = stretch.span_s
    assert stretch.surface("BKS-BT-0000", first).fill_pct == stretch.level_pct[0, 0]
    assert stretch.surface("BKS-BT-0000", last - 1).fill_pct == stretch.level_pct[-1, 0]
    for outside in (first - 1, last):
        with pytest.raises(ValueError, match="outside the stretch"):
            stretch.surface("BKS-BT-0000", outside)


def test_a_policy_that_asks_at_odd_times_is_refused() -> None:
    class Odd:
        every_s = 1000

        def visits(self, view: View) -> list[Visit]:
            raise AssertionError(view)

    with pytest.raises(ValueError, match="every 600 s"):
        World(town(1), seed=1, start_s=START_S, policy=Odd())
