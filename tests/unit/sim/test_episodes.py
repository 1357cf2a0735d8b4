import math
from statistics import fmean, median

import pytest

from angkut_sim.device_clock import DeviceClock, offset_s
from angkut_sim.episodes import Episodes
from angkut_sim.fault_plan import FaultPlan
from angkut_sim.faults import CATALOGUE, Fault

START_S = 1_767_225_600.0
DAY_S = 86_400.0


def episodes(fault: Fault, device: str = "a", rate: float | None = None, seed: int = 1) -> Episodes:
    plan = FaultPlan.street()
    return Episodes(seed, device, fault, plan if rate is None else plan.with_rates({fault: rate}))


def test_they_begin_as_often_and_last_as_long_as_the_catalogue_says() -> None:
    found = [
        episode
        for number in range(300)
        for episode in episodes(Fault.DROPOUT, str(number)).between(START_S, START_S + 100 * DAY_S)
        if episode.from_s >= START_S
    ]
    spec = CATALOGUE[Fault.DROPOUT]
    assert len(found) == pytest.approx(300 * 100 * spec.rate, rel=0.1)
    hours = [(episode.until_s - episode.from_s) / 3600 for episode in found]
    assert median(hours) == pytest.approx(spec.median_h, rel=0.15)
    assert fmean(h > spec.median_h * math.exp(1.2816 * spec.sigma) for h in hours) < 0.13


def test_a_question_is_answered_alike_in_any_order() -> None:
    times = [START_S + hour * 3600 for hour in range(0, 90 * 24, 7)]
    forward = episodes(Fault.STUCK, rate=0.05)
    backward = episodes(Fault.STUCK, rate=0.05)
    there = [forward.active(at_s) for at_s in times]
    back = [backward.active(at_s) for at_s in reversed(times)]
    assert there == back[::-1]
    assert 0 < sum(one is not None for one in there) < len(times)


def test_asking_and_listing_agree() -> None:
    one = episodes(Fault.STUCK, rate=0.05)
    listed = list(one.between(START_S, START_S + 90 * DAY_S))
    for at_s in (START_S + hour * 3600 for hour in range(90 * 24)):
        goes_on = any(e.from_s <= at_s < e.until_s for e in listed)
        assert (one.active(at_s) is not None) == goes_on


def test_a_rate_of_nothing_has_none_and_seeds_differ() -> None:
    assert not list(episodes(Fault.STUCK, rate=0).between(0, START_S))
    first = list(episodes(Fault.DROPOUT).between(START_S, START_S + 300 * DAY_S))
    assert first != list(episodes(Fault.DROPOUT, seed=2).between(START_S, START_S + 300 * DAY_S))


def test_a_higher_rate_keeps_the_episodes_of_a_lower_one() -> None:
    few = list(episodes(Fault.REBOOT, rate=0.02).between(START_S, START_S + 300 * DAY_S))
    many = list(episodes(Fault.REBOOT, rate=0.2).between(START_S, START_S + 300 * DAY_S))
    assert {e.from_s for e in few} <= {e.from_s for e in many}
    assert len(many) > 5 * len(few)


def clock(fault: Fault, device: str) -> tuple[DeviceClock, float]:
    """A clock with that fault only, and when the fault begins."""
    made = DeviceClock(1, device, FaultPlan.none().with_rates({fault: 0.01}))
    for episode in made.labels(START_S, START_S + 2000 * DAY_S):
        if len(made.labels(episode.from_s - 1, episode.from_s + DAY_S)) == 1:
            return made, episode.from_s
    raise AssertionError(fault)


def test_a_healthy_clock_is_right_to_seconds() -> None:
    healthy = DeviceClock(1, "a", FaultPlan.none())
    assert all(
        abs(healthy.shows(t) - t) < 8 for t in range(int(START_S), int(START_S) + 500_000, 977)
    )


def test_a_lost_clock_counts_from_1970_or_2000() -> None:
    shown = set()
    for number in range(20):
        made, from_s = clock(Fault.CLOCK_LOST, str(number))
        shown.add(round(made.shows(from_s + 60.0) - 60.0))
    assert shown == {0, 946_684_800}


def test_a_zone_error_is_whole_hours() -> None:
    offsets = set()
    for number in range(40):
        made, from_s = clock(Fault.CLOCK_ZONE, str(number))
        offsets.add(round(made.shows(from_s + 1) - from_s - 1))
    assert offsets <= {h * 3600 for h in (7, 8, -7, -8, 1, -1)}
    assert len(offsets) >= 4


def test_a_clock_that_drifts_grows_wrong_at_a_constant_pace() -> None:
    paces = []
    for number in range(40):
        made, from_s = clock(Fault.CLOCK_DRIFT, str(number))
        hour, day = (made.shows(from_s + t) - from_s - t for t in (3600, DAY_S))
        assert day == pytest.approx(24 * hour, rel=1e-6)
        paces.append(day / DAY_S * 1e6)
    assert all(150 <= abs(pace) <= 800 for pace in paces)
    assert min(paces) < 0 < max(paces)


def test_the_offset_of_a_fault_is_what_the_clock_shows() -> None:
    made, from_s = clock(Fault.CLOCK_JUMP, "a")
    [episode] = [e for e in made.labels(from_s, from_s + 1) if e.from_s == from_s]
    assert made.shows(from_s + 30) - from_s - 30 == pytest.approx(offset_s(episode, from_s + 30))
