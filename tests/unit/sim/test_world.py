import math
from datetime import UTC, datetime
from statistics import fmean, median, stdev

import pytest

from angkut_sim import world
from angkut_sim.world import Bin, Habit, shape

#: Monday 2026-01-12, 00:00 WIB.
START_S = datetime(2026, 1, 11, 17, tzinfo=UTC).timestamp()
HALF_HOUR_S = 1800
WEEK_S = 7 * 86_400


def levels(seed: int, code: str, steps: int) -> list[float]:
    waste_bin = Bin(seed, code, START_S)
    return [waste_bin.advance(START_S + step * HALF_HOUR_S) for step in range(steps)]


def fills_and_hours(waste_bin: Bin, weeks: int) -> list[tuple[float, float]]:
    """Level at each emptying, and the hours since the one before."""
    found: list[tuple[float, float]] = []
    since_s, emptied = math.nan, 0
    at_s = START_S
    while at_s < START_S + weeks * WEEK_S:
        before = waste_bin.level_pct
        at_s += HALF_HOUR_S / 2
        waste_bin.advance(at_s)
        if waste_bin.emptied != emptied:
            if not math.isnan(since_s):
                found.append((before, (at_s - since_s) / 3600))
            emptied, since_s = waste_bin.emptied, at_s
    return found


def test_one_seed_gives_one_history() -> None:
    assert levels(1, "BKS-BT-0001", 500) == levels(1, "BKS-BT-0001", 500)


def test_another_seed_gives_another_history() -> None:
    assert levels(1, "BKS-BT-0001", 500) != levels(2, "BKS-BT-0001", 500)


def test_the_order_of_bins_does_not_matter() -> None:
    bins = [Bin(1, code, START_S) for code in ("a", "b")]
    together = [
        [each.advance(START_S + step * HALF_HOUR_S) for each in bins] for step in range(300)
    ]
    assert [row[0] for row in together] == levels(1, "a", 300)
    assert [row[1] for row in together] == levels(1, "b", 300)


def test_how_often_one_looks_does_not_change_the_world() -> None:
    often, rarely = Bin(1, "a", START_S), Bin(1, "a", START_S)
    for step in range(28 * 24 * 6):
        often.advance(START_S + (step + 1) * 600)
    rarely.advance(START_S + 28 * 86_400)
    assert often.emptied == rarely.emptied > 0
    assert often.level_pct == pytest.approx(rarely.level_pct, abs=0.01)


def test_the_past_changes_nothing() -> None:
    waste_bin = Bin(1, "a", START_S)
    level = waste_bin.advance(START_S + 7200)
    assert waste_bin.advance(START_S) == level


def test_fill_rates_between_bins_are_log_normal_as_measured() -> None:
    logs = [math.log(Habit.of(1, f"bin-{index}").rate_pct_h) for index in range(4000)]
    assert math.exp(median(logs)) == pytest.approx(1.46, rel=0.04)
    assert stdev(logs) == pytest.approx(0.52, abs=0.02)


def test_rates_vary_between_emptyings_as_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world, "HEAP_LIMIT_PCT", math.inf)
    spreads = []
    for index in range(30):
        rates = [
            fill / hours for fill, hours in fills_and_hours(Bin(1, f"bin-{index}", START_S), 8)
        ]
        if len(rates) >= 15:
            spreads.append(stdev(rates) / fmean(rates))
    assert len(spreads) >= 10
    assert median(spreads) == pytest.approx(world.INTERVAL_CV, abs=0.1)


def test_rounds_come_on_their_weekdays_in_the_morning() -> None:
    waste_bin = Bin(3, "round", START_S)
    weekdays, hours = set(), []
    emptied, at_s = 0, START_S
    while at_s < START_S + 4 * WEEK_S:
        at_s += HALF_HOUR_S
        waste_bin.advance(at_s)
        if waste_bin.emptied != emptied:
            emptied = waste_bin.emptied
            local = datetime.fromtimestamp(at_s + 7 * 3600, UTC)
            weekdays.add(local.weekday())
            hours.append(local.hour)
    assert weekdays == set(waste_bin.habit.weekdays)
    assert min(hours) >= 3
    assert max(hours) <= 12


def test_some_emptyings_are_partial_and_most_are_not() -> None:
    left = []
    for index in range(120):
        waste_bin, emptied, at_s = Bin(1, f"bin-{index}", START_S), 0, START_S
        while at_s < START_S + 4 * WEEK_S:
            before = waste_bin.level_pct
            at_s += 600
            waste_bin.advance(at_s)
            if waste_bin.emptied != emptied:
                emptied = waste_bin.emptied
                if before > 50:
                    # A bag or two may fall in within the ten minutes.
                    left.append(waste_bin.level_pct > 10)
    assert len(left) > 400
    assert 0.01 < fmean(left) < 0.1


def test_bins_overflow_sometimes_and_never_past_the_heap() -> None:
    seen = [level for index in range(40) for level in levels(1, f"bin-{index}", 28 * 48)]
    assert min(seen) >= 0
    assert 100 < max(seen) <= world.HEAP_LIMIT_PCT
    assert 0.01 < fmean(level > 100 for level in seen) < 0.15


def test_the_week_has_a_mean_rate_of_one() -> None:
    assert fmean(shape(START_S + hour * 3600) for hour in range(168)) == pytest.approx(1)


def test_waste_comes_by_day_more_than_by_night() -> None:
    noon, night = START_S + 13 * 3600, START_S + 3 * 3600
    assert shape(noon) > 1.3 * shape(night)


def test_a_saved_bin_goes_on_as_if_nothing_had_happened() -> None:
    through = Bin(1, "a", START_S)
    through.advance(START_S + 5 * 86_400 + 777)
    copy = Bin(99, "a", START_S)
    copy.habit = through.habit
    copy.restore(through.save())
    for step in range(500):
        at_s = START_S + 6 * 86_400 + step * HALF_HOUR_S
        assert copy.advance(at_s) == through.advance(at_s)
