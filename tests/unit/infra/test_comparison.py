"""Parts of a comparison: towns, schedules, sensors, counting, driving, differences."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest

from angkut_backend.planning.points import points_of
from angkut_backend.planning.problem import (
    Bin,
    Depot,
    DisposalSite,
    MustReason,
    Problem,
    TimeWindow,
    Vehicle,
)
from angkut_backend.planning.search import Budget
from angkut_backend.planning.solve import plan
from angkut_backend.roads.straight import straight_travel
from angkut_infra.comparison.chart import chart
from angkut_infra.comparison.choice import BadChoiceError, Choice
from angkut_infra.comparison.driven import Driven, drive
from angkut_infra.comparison.office import LEARN_DAYS, Morning
from angkut_infra.comparison.rounds import schedule
from angkut_infra.comparison.runs import Run, live
from angkut_infra.comparison.sensors import Record, Sensors
from angkut_infra.comparison.tally import Day, Figures, Tally
from angkut_infra.comparison.town import GRONINGEN_PCT_DAY, Containers, Town
from angkut_infra.comparison.verdict import Effect, Row, cheapest, difference
from angkut_infra.sites import find_site
from angkut_sim.days import DAY_S, day_start_s
from angkut_sim.places import Place
from angkut_sim.stretch import Stretch
from angkut_sim.truth import TruthEvent, TruthKind

PACK = find_site("bekasi-timur")
STEP_S = 600
START_S = float(day_start_s(20_000))


def stretch_of(
    level_pct: np.ndarray, events: list[TruthEvent], start_s: float = START_S
) -> Stretch:
    """Return a day of bins A, B, ... with these levels at the end of each step."""
    places = [Place(chr(ord("A") + row), 240.0) for row in range(level_pct.shape[1])]
    return Stretch(
        places=places,
        start_s=start_s,
        step_s=STEP_S,
        level_pct=level_pct.astype(np.float32),
        beside_l=np.zeros(level_pct.shape, np.float32),
        happened=events,
        ongoing=[],
        emptied_before_s=np.full(len(places), START_S - DAY_S),
        days={},
        weather={},
    )


def emptied(code: str, hour: float, before_pct: float, litres: float = 100.0) -> TruthEvent:
    at_s = START_S + hour * 3600
    return TruthEvent(TruthKind.COLLECTED, code, at_s, at_s, before_pct, 0.0, litres, 0.0)


def shift(*bins: Bin, container: str = "cart", volume_l: int = 2_000) -> Problem:
    return Problem(
        district="32.75.01",
        shift_start=datetime(2026, 1, 14, 22, tzinfo=UTC),
        timezone="Asia/Jakarta",
        depots=(Depot(code="POOL", lon=107.0, lat=-6.2),),
        disposal_sites=(
            DisposalSite(
                code="TPA",
                lon=107.0,
                lat=-6.27,
                opening=TimeWindow(from_s=0, to_s=8 * 3600),
                tipping_s=600,
                queue_s_by_hour=(900,) * 24,
            ),
        ),
        vehicles=(
            Vehicle(
                code="T1",
                kind="dump_truck",
                depot="POOL",
                containers=(container,),
                volume_l=volume_l,
                payload_kg=9_000,
                shift=TimeWindow(from_s=0, to_s=8 * 3600),
            ),
        ),
        bins=bins,
    )


def a_bin(number: int, litres: int = 400, container: str = "cart") -> Bin:
    return Bin(
        code=f"B{number}",
        lon=107.0,
        lat=-6.2 - 0.01 * number,
        container=container,
        load_l=litres,
        load_kg=50,
        service_s=60,
        must=MustReason.MANUAL,
    )


def morning_of(problem: Problem) -> Morning:
    travel = straight_travel(points_of(problem))
    return Morning(problem, travel, plan(problem, travel, Budget(iterations=20), 1), 0)


def a_day(number: int, km: float, late: int = 0) -> Day:
    return Day(
        day=number, bins=10, km=km, trips=1, truck_h=2.0, queue_h=0.5, over_h=0.0, stops=4,
        tonnes=1.0, emptyings=4, late=late, fill_pct=200.0, wasted=1, overflow_h=0.0, beside_h=0.0,
        gap_h=48.0, missed_must=0, fixed_areas=0,
    )  # fmt: skip


def test_containers_of_two_days_hold_two_days_and_groningens_fill_as_fast_as_its_mean() -> None:
    drawn, two_days, groningen = (Town(PACK, one, seed=5).rate_pct_h for one in Containers)
    assert (drawn > 100 / 24).any()
    assert two_days.max() == pytest.approx(100 / 48)
    assert np.array_equal(two_days[drawn < 100 / 48], drawn[drawn < 100 / 48])
    assert groningen.mean() == pytest.approx(GRONINGEN_PCT_DAY / 24)


def test_a_town_as_drawn_is_the_simulators_own() -> None:
    town = Town(PACK, Containers.DRAWN, seed=3)
    given = np.array([place.rate_l_h for place in town.places])
    volume_l = np.array([place.volume_l for place in town.places])
    assert np.allclose(100 * given / volume_l, town.rate_pct_h)


def test_rounds_come_as_often_as_their_name_says() -> None:
    town = Town(PACK, Containers.GRONINGEN, seed=1)
    rounds = schedule(town, 1, "3d")
    days = [rounds.due(day) for day in range(20_000, 20_006)]
    assert days[:3] == days[3:]
    assert set().union(*days[:3]) == set(range(len(town.places)))
    assert sum(len(due) for due in days[:3]) == len(town.places)


def test_rounds_planned_for_less_come_more_often_and_swapped_containers_have_their_own() -> None:
    town = Town(PACK, Containers.GRONINGEN, seed=1)
    week = range(20_000, 20_012)
    swapped = {n for n, one in enumerate(town.pack.bins) if one.container == "arm_roll_6m3"}

    def visits(knob: str, bins: set[int]) -> int:
        return sum(len(schedule(town, 1, knob).due(day) & bins) for day in week)

    everything = set(range(len(town.places)))
    assert visits("20", everything) > visits("40", everything) > visits("75", everything)
    assert visits("20/75", swapped) == visits("75", swapped) < visits("20", swapped)
    assert visits("20/75", everything - swapped) == visits("20", everything - swapped)


@pytest.mark.parametrize("text", ["best", "fixed:0", "fixed:5d", "threshold:101", "integrated:-1"])
def test_a_policy_that_makes_no_sense_is_refused_by_name(text: str) -> None:
    with pytest.raises(BadChoiceError, match=text.partition(":")[0]):
        Choice.read(text)


def test_a_knob_becomes_the_parameter_of_its_policy() -> None:
    assert Choice.read("threshold:45").parameters().threshold_pct == 45
    assert Choice.read("integrated:90000").parameters().overflow_rp == 90_000
    assert Choice.read("integrated").parameters() == Choice.read("fixed:20").parameters()


def test_sensors_err_alike_under_every_policy_and_see_the_truth_when_perfect() -> None:
    levels = np.tile(np.linspace(10, 60, 145)[:, None], (1, 40))
    records = []
    for sensors in (Sensors.PERFECT, Sensors.POOR, Sensors.POOR):
        record = Record(40, seed=2, sensors=sensors)
        for day in range(3):
            record.add(stretch_of(levels, [], START_S + day * DAY_S))
        records.append(record)
    perfect, one, other = (record.level_pct for record in records)
    assert np.allclose(perfect[:, -1], 60)
    assert np.array_equal(one, other, equal_nan=True)
    assert 0.2 < np.isnan(one).mean() < 0.7


def test_what_is_late_today_has_come_tomorrow() -> None:
    levels = np.tile(np.linspace(10, 60, 145)[:, None], (1, 200))
    record = Record(200, seed=2, sensors=Sensors.USUAL)
    record.add(stretch_of(levels, []))
    newest, before = np.isnan(record.level_pct[:, -1]), np.isnan(record.level_pct[:, -4])
    late = newest & ~before
    assert 2 <= late.sum() <= 25
    record.add(stretch_of(levels, [], START_S + DAY_S))
    assert not np.isnan(record.level_pct[late, 23]).any()


def test_a_sensor_that_holds_its_level_says_nothing() -> None:
    steps = np.linspace(20, 40, 145)[:, None]
    held = np.full_like(steps, 50.0)
    record = Record(2, seed=4, sensors=Sensors.USUAL)
    record._grade = replace(
        record._grade,
        noise_pct=0.0,
        silent_share=0.0,
        spike_share=0.0,
        late_share=0.0,
    )
    record.add(stretch_of(np.hstack([steps, held]), []))
    assert not np.isnan(record.level_pct[0]).any()
    assert np.isnan(record.level_pct[1, 12:]).all()


def test_a_bin_that_overflowed_before_the_truck_came_counts_even_when_it_sank_again() -> None:
    levels = np.full((145, 3), 50.0)
    levels[30:36, 0] = 101.0
    levels[61:, 0] = 0.0
    levels[61:, 1] = 0.0
    events = [emptied("A", 10, 95.0), emptied("B", 10, 99.0)]
    day = Tally().add(0, stretch_of(levels, events), morning_of(shift(a_bin(1))), drive_nothing())
    assert (day.emptyings, day.late) == (2, 1)
    assert day.overflow_h == pytest.approx(1.0)
    assert day.gap_h == pytest.approx(48 + 1 / 6)
    assert day.tonnes == pytest.approx(0.04)


def test_a_bin_that_is_full_over_midnight_is_late_the_next_day() -> None:
    full, after = np.full((145, 1), 100.0), np.full((145, 1), 90.0)
    after[61:] = 0.0
    tally, morning = Tally(), morning_of(shift(a_bin(1)))
    first = tally.add(0, stretch_of(full, []), morning, drive_nothing())
    event = replace(emptied("A", 34, 90.0))
    then = tally.add(1, stretch_of(after, [event], START_S + DAY_S), morning, drive_nothing())
    assert (first.emptyings, first.late) == (0, 0)
    assert first.overflow_h == pytest.approx(24.0)
    assert (then.emptyings, then.late) == (1, 1)
    assert Figures.of([first, then]).service_pct == 0


def drive_nothing() -> Driven:
    morning = morning_of(shift())
    return drive(morning.problem, morning.travel, morning.plan, {})


def test_bins_that_hold_what_was_expected_take_the_planned_way() -> None:
    morning = morning_of(shift(*(a_bin(number) for number in range(1, 6))))
    expected = {one.code: float(one.load_l) for one in morning.problem.bins}
    driven = drive(morning.problem, morning.travel, morning.plan, expected)
    totals = morning.plan.totals
    assert driven.km == pytest.approx(totals.distance_m / 1000)
    assert driven.truck_h == pytest.approx(totals.duration_s / 3600)
    assert driven.queue_h == pytest.approx(totals.queue_s / 3600)
    assert (driven.trips, driven.stops) == (totals.trips, totals.stops)


def test_a_vehicle_that_is_full_before_its_last_bin_tips_and_comes_back() -> None:
    morning = morning_of(shift(*(a_bin(number) for number in range(1, 6))))
    more = {one.code: 450.0 for one in morning.problem.bins}
    planned = drive(morning.problem, morning.travel, morning.plan, {})
    driven = drive(morning.problem, morning.travel, morning.plan, more)
    stops = [step.code for step in morning.plan.routes[0].steps if step.kind == "stop"]
    leg, row = morning.travel.legs["truck"].distance_m, morning.travel.index
    here, there = (row[f"bin:{code}"] for code in stops[-2:])
    tip = row["disposal:TPA"]
    extra_m = int(leg[here, tip]) + int(leg[tip, there]) - int(leg[here, there])
    assert driven.trips == planned.trips + 1
    assert driven.km - planned.km == pytest.approx(extra_m / 1000)
    assert driven.queue_h - planned.queue_h == pytest.approx(0.25)


def test_a_crew_that_finds_more_than_expected_works_past_the_end_of_its_shift() -> None:
    found = shift(*(a_bin(number) for number in range(1, 6)))
    morning = morning_of(found)
    more = {one.code: 450.0 for one in found.bins}
    end_s = morning.plan.routes[0].steps[-1].leave_s
    truck = found.vehicles[0]
    tight = truck.model_copy(update={"shift": truck.shift.model_copy(update={"to_s": end_s})})
    found = found.model_copy(update={"vehicles": (tight, *found.vehicles[1:])})
    planned = drive(found, morning.travel, morning.plan, {})
    driven = drive(found, morning.travel, morning.plan, more)
    assert planned.over_h == 0
    assert driven.over_h == pytest.approx(driven.truck_h - planned.truck_h)


def test_a_swapped_container_fills_the_vehicle_however_little_is_inside() -> None:
    bins = [a_bin(number, 6_000, "arm_roll_6m3") for number in (1, 2)]
    morning = morning_of(shift(*bins, container="arm_roll_6m3", volume_l=7_800))
    driven = drive(morning.problem, morning.travel, morning.plan, {"B1": 500.0, "B2": 500.0})
    assert driven.trips == morning.plan.totals.trips == 2


def test_differences_are_paired_by_week_and_seed() -> None:
    base = {seed: [a_day(n, 100.0 + 10 * seed) for n in range(28)] for seed in (1, 2)}
    less = {seed: [replace(day, km=day.km * 0.6) for day in days] for seed, days in base.items()}
    found = difference(less, base)
    assert found.km_pct is not None
    assert (found.km_pct.found, *(found.km_pct.interval or ())) == pytest.approx((-40,) * 3)
    assert found.service == Effect(0.0, (0.0, 0.0))


def test_an_interval_takes_four_weeks_and_a_percentage_takes_kilometres() -> None:
    base = {1: [a_day(n, 0.0) for n in range(21)]}
    found = difference({1: [a_day(n, 50.0) for n in range(21)]}, base)
    assert found.km_pct is None
    assert found.service == Effect(0.0, None)
    assert found.service.told("+.2f") == "+0.00"


def test_the_interval_of_a_difference_is_as_wide_as_weeks_differ() -> None:
    base = {1: [a_day(n, 100.0) for n in range(56)]}
    ours = {1: [a_day(n, 50.0 if n // 7 % 2 else 70.0, late=int(n == 3)) for n in range(56)]}
    found = difference(ours, base)
    assert found.km_pct is not None
    assert found.km_pct.found == pytest.approx(-40)
    low, high = found.km_pct.interval or (0.0, 0.0)
    assert -50 < low < -43
    assert -37 < high < -30
    assert found.service.found == pytest.approx(-100 / 224)
    assert (found.service.interval or (0.0, 1.0))[1] <= 0


def test_the_cheapest_point_is_looked_for_among_those_that_serve_well_enough() -> None:
    rows = [
        Row.of(Choice.read(f"fixed:{knob}"), {1: [a_day(0, km, late)]})
        for knob, km, late in (("20", 90.0, 0), ("30", 70.0, 0), ("75", 40.0, 1))
    ]
    found = cheapest(rows, rows[0].choice.policy, 99.5)
    assert found is not None
    assert found.choice.knob == "30"
    assert cheapest(rows[2:], rows[0].choice.policy, 99.5) is None
    drawn = chart(rows, "a < b")
    assert drawn.count("<circle") == 1 + len(rows)
    assert "a &lt; b" in drawn


def small_run(folder: Path, text: str, **changes: object) -> Run:
    run = Run(
        site=folder,
        choice=Choice.read(text),
        seed=1,
        days=2,
        containers=Containers.GRONINGEN,
        sensors=Sensors.USUAL,
        start=date(2026, 6, 1),
        iterations=10,
        roads_dir=folder / "roads",
    )
    return replace(run, **changes)  # type: ignore[arg-type]


def test_a_runs_file_changes_with_all_that_matters(small_pack: Path) -> None:
    one = small_run(small_pack, "threshold:60")
    assert one.name == small_run(small_pack, "threshold:60").name
    others = {
        replace(one, seed=2).name,
        replace(one, days=3).name,
        replace(one, sensors=Sensors.POOR).name,
        replace(one, choice=Choice.read("threshold:61")).name,
    }
    assert len(others | {one.name}) == 5


def test_poor_sensors_send_an_area_back_to_its_rounds(small_pack: Path) -> None:
    days = live(small_run(small_pack, "integrated", sensors=Sensors.POOR, days=6))
    assert LEARN_DAYS == 28
    assert sum(day.fixed_areas for day in days) > 0
    perfect = live(small_run(small_pack, "integrated", sensors=Sensors.PERFECT))
    assert sum(day.fixed_areas for day in perfect) == 0
