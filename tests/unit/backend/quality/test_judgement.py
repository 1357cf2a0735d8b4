"""What is known against a reading because of its neighbours."""

from datetime import timedelta

import pytest

from angkut_backend.quality import rules
from angkut_backend.quality.judgement import Reading, judge
from angkut_backend.quality.rules import Flag
from parts.levels import reading, series

SPIKE, RATE, STUCK = Flag.SPIKE, Flag.RATE_IMPOSSIBLE, Flag.STUCK
DAY = timedelta(days=1)


def flags(readings: list[Reading]) -> list[Flag]:
    return [Flag(found) for found in judge(readings, 0)]


@pytest.mark.parametrize("off", [95, 0])
def test_a_reading_that_stands_off_from_both_neighbours_is_a_spike(off: float) -> None:
    assert flags(series([50, 51, off, 51, 52])) == [0, 0, SPIKE, 0, 0]


@pytest.mark.parametrize("off", [95, 0])
def test_a_few_such_readings_in_a_row_are_an_impossible_rate(off: float) -> None:
    assert flags(series([50, 51, off, off, 51, 52])) == [0, 0, RATE, RATE, 0, 0]


def test_what_lies_between_spikes_is_no_excursion() -> None:
    assert flags(series([40, 0, 44, 45, 0, 0, 1])) == [0, SPIKE, 0, 0, 0, 0, 0]
    assert flags(series([8, 99, 8, 9, 99, 9])) == [0, SPIKE, 0, 0, SPIKE, 0]


def test_an_excursion_may_go_both_ways_and_the_bin_fills_meanwhile() -> None:
    assert flags(series([45, 46, 0, 99, 60, 61])) == [0, 0, RATE, RATE, 0, 0]


@pytest.mark.parametrize(
    "levels",
    [
        [70, 72, 75, 0, 1, 1],  # emptied
        [70, 72, 75, 30, 31, 31],  # emptied in part
        [10, 11, 60, 61, 62],  # a shop's cartons
        [60, 61, 98, 0, 1],  # the last bags, then the truck
        [50, 60, 50, 60, 50],  # soft waste
    ],
)
def test_filling_and_emptying_are_no_errors(levels: list[float]) -> None:
    assert not any(flags(series(levels)))


def test_the_readings_of_a_memory_share_the_counter_of_the_frame_that_brought_them() -> None:
    live, first, second, later = series([50, 50, 50, 50])
    told = Flag.HISTORY.value
    found = judge(
        [
            live._replace(seq=5),
            first._replace(seq=9, reported_flags=told),
            second._replace(seq=9, reported_flags=told),
            later._replace(seq=6),
        ],
        0,
    )
    assert not any(Flag(one) & (Flag.COPY | Flag.RESTARTED) for one in found)


def test_a_world_sixty_times_faster_than_the_clock_is_no_error() -> None:
    levels = [10.0 + 1.5 * n for n in range(60)] + [0.5 * n for n in range(20)]
    assert not any(flags(series(levels, every=timedelta(seconds=20))))


def test_a_bin_that_is_emptied_daily_is_no_error_at_six_readings_a_day() -> None:
    levels = [0, 25, 50, 75] * 6
    assert not any(flags(series(levels, every=timedelta(hours=6))))


def test_the_day_of_one_distance_is_stuck_from_its_first_reading() -> None:
    moving = [40 + 0.5 * n for n in range(10)]
    found = flags(series([*moving, *[70.0] * 49, *moving]))
    assert found == [0] * 10 + [STUCK] * 49 + [0] * 10


def frozen(echoes: list[int], count: int) -> list[Reading]:
    usual = [reading(n, 40 + 0.5 * n) for n in range(10)]
    level = (1200 - sorted(echoes)[len(echoes) // 2]) / 10
    return usual + [reading(10 + n, level, echoes=list(echoes)) for n in range(count)]


@pytest.mark.parametrize("echoes", [[700, 703, 698], [240, 238, 250, 240]])
def test_echoes_that_repeat_one_and_all_are_stuck_within_hours(echoes: list[int]) -> None:
    assert flags(frozen(echoes, 5)) == [0] * 15
    assert flags(frozen(echoes, 6)) == [0] * 10 + [STUCK] * 6


@pytest.mark.parametrize("echoes", [[700], [30, 30, 30, 30], [1000, 1000]])
def test_echoes_that_are_all_alike_may_be_a_full_bin_or_a_coarse_sensor(echoes: list[int]) -> None:
    assert not any(flags(frozen(echoes, 20)))


def test_echoes_that_repeat_in_quick_succession_prove_nothing() -> None:
    quick = [reading(n, 50, every=timedelta(minutes=1), echoes=[700, 703]) for n in range(100)]
    assert not any(flags(quick[:100]))
    assert all(
        flag == STUCK
        for flag in flags(
            quick
            + [
                reading(100 + n, 50, every=timedelta(minutes=1), echoes=[700, 703])
                for n in range(30)
            ]
        )
    )


def test_a_full_bin_that_waits_for_the_truck_is_not_stuck_for_days() -> None:
    assert not any(flags(series([100.0] * 240)))
    assert flags(series([100.0] * 241)) == [STUCK] * 241


@pytest.mark.parametrize("levels", [[70.0] * 48, [70.0, 70.3] * 40])
def test_a_shorter_run_or_the_noise_of_a_sensor_is_not_stuck(levels: list[float]) -> None:
    assert not any(flags(series(levels)))


def test_silence_does_not_prove_that_a_sensor_is_stuck() -> None:
    assert not any(flags(series([50.0] * 20, every=timedelta(hours=7))))


@pytest.mark.parametrize(
    ("echoes", "flag"),
    [
        ([600, 1100], Flag.DOUBLE_ECHO),
        ([300, 850, 1400], Flag.DOUBLE_ECHO),
        ([830, 870], 0),
        ([840, 850, 1700], 0),
        ([850], 0),
    ],
)
def test_echoes_that_contradict_one_another_are_not_believed(echoes: list[int], flag: Flag) -> None:
    assert flags([reading(0, 35, echoes=echoes)]) == [flag]


def test_a_measurement_sent_again_under_a_new_time_is_a_copy() -> None:
    first = reading(0, 50)
    later = first.observed_at + timedelta(minutes=7)
    again = first._replace(observed_at=later, received_at=later)
    assert flags([first, again]) == [0, Flag.COPY]


def test_a_counter_that_begins_anew_is_noted_and_costs_no_trust() -> None:
    found = flags([reading(0, 50, seq=900), reading(1, 51, seq=1), reading(2, 52, seq=2)])
    assert found == [0, Flag.RESTARTED, 0]
    assert rules.score(Flag.RESTARTED) == 1


def test_a_device_that_does_not_count_is_no_error() -> None:
    assert not any(flags([reading(n, 50 + n, seq=0) for n in range(3)]))


def test_a_clock_that_runs_ahead_is_noted() -> None:
    ahead = timedelta(minutes=3)
    assert flags([reading(0, 50, late=-ahead)]) == [Flag.CLOCK_SKEW]


def test_a_constant_delay_is_a_slow_clock_and_a_late_burst_is_not() -> None:
    slow = [reading(n, 50, late=timedelta(hours=7)) for n in range(3)]
    assert flags(slow) == [0, Flag.CLOCK_SKEW, Flag.CLOCK_SKEW]
    burst = [reading(n, 50, late=timedelta(minutes=30 * (10 - n))) for n in range(10)]
    assert not any(flags(burst))


def test_what_arrives_after_a_day_is_stale_but_true() -> None:
    assert flags([reading(0, 50, late=DAY)]) == [0]
    assert flags([reading(0, 50, late=2 * DAY)]) == [Flag.STALE]
    assert not Flag.STALE & rules.DISTRUST


@pytest.mark.parametrize(("battery_mv", "flag"), [(3100, Flag.LOW_BATTERY), (3200, 0), (0, 0)])
def test_a_battery_in_its_last_weeks_is_noted(battery_mv: int, flag: Flag) -> None:
    assert flags([reading(0, 50, battery_mv=battery_mv)]) == [flag]


def test_the_score_is_between_nothing_and_one() -> None:
    for bits in range(2 ** len(Flag)):
        found = rules.score(bits)
        assert (found == 0) == bool(bits & rules.DISTRUST)
        assert 0 <= found <= 1
