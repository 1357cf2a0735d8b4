"""Two devices that change places, and what only looks like it."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from angkut_backend.device_health.rules import SWAP_BUCKET, SWAP_EVIDENCE
from angkut_backend.device_health.swaps import (
    Bucket,
    History,
    Level,
    exchange,
    filled_mm,
    find_swap,
    pace,
    signs_of_place,
)

START = datetime(2026, 3, 1, tzinfo=UTC)
HALF_HOUR = timedelta(minutes=30)
DAYS = 10
SLOTS = DAYS * 48
MIDDLE = SLOTS // 2 + 7
SWAPPED_AT = START + MIDDLE * HALF_HOUR


class Pair:
    """Two bins side by side, with a spot's signal and warmth each, and a device in each."""

    def __init__(
        self,
        *,
        rssi: tuple[float, float] = (-100.0, -92.0),
        noon: tuple[float, float] = (0.0, 8.0),
        start: tuple[float, float] = (20.0, 60.0),
        rates: tuple[float, float] = (0.4, 0.7),
        together: bool = True,
        seed: int = 1,
    ) -> None:
        self.rng = random.Random(seed)  # noqa: S311 - a simulation
        self.rssi, self.noon = rssi, noon
        self.levels: list[tuple[float, float]] = []
        now = list(start)
        for slot in range(SLOTS):
            for bin_ in (0, 1):
                now[bin_] += rates[bin_] * self.rng.expovariate(1.0)
                visit = 96 + (0 if together else 24 * bin_)
                if slot % 144 == visit or now[bin_] > 110:
                    now[bin_] = 0.0
            self.levels.append((now[0], now[1]))

    def histories(self, swapped_from: int | None) -> tuple[History, History]:
        one, other = (self._history(device, swapped_from) for device in (0, 1))
        return one, other

    def _history(self, device: int, swapped_from: int | None) -> History:
        levels, sums = [], dict[datetime, list[tuple[float, float]]]()
        for slot in range(SLOTS):
            at = START + slot * HALF_HOUR + timedelta(minutes=device)
            is_swapped = swapped_from is not None and slot >= swapped_from
            bin_ = 1 - device if is_swapped else device
            distance = 1200 - 10 * self.levels[slot][bin_] + self.rng.gauss(0, 8)
            levels.append(Level(device, at, distance))
            noon = self.noon[bin_] if 4 <= at.hour < 10 else 0.0
            bucket = at - (at - START) % SWAP_BUCKET
            sign = (self.rssi[bin_] + self.rng.gauss(0, 3), 28 + noon + self.rng.gauss(0, 0.5))
            sums.setdefault(bucket, []).append(sign)
        buckets = {
            at: Bucket(
                device, at, sum(s[0] for s in each) / len(each),
                sum(s[1] for s in each) / len(each), len(each),
            )
            for at, each in sums.items()
        }  # fmt: skip
        return History(device, buckets, levels)


@pytest.mark.parametrize("seed", range(6))
def test_a_swap_is_found_at_its_moment(seed: int) -> None:
    swap = find_swap(*Pair(seed=seed).histories(MIDDLE))
    assert swap is not None
    assert swap.devices == (0, 1)
    assert abs(swap.at - SWAPPED_AT) <= timedelta(hours=12)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("together", [True, False])
def test_two_bins_that_are_only_filled_and_emptied_are_no_swap(
    *, seed: int, together: bool
) -> None:
    assert find_swap(*Pair(seed=seed, together=together).histories(None)) is None


@pytest.mark.parametrize("seed", range(6))
def test_the_place_alone_gives_it_away_when_the_levels_are_alike(seed: int) -> None:
    pair = Pair(start=(40, 40), rates=(0.5, 0.5), seed=seed)
    pair.levels = [(level, level) for level, _ in pair.levels]
    assert find_swap(*pair.histories(MIDDLE)) is not None
    assert find_swap(*pair.histories(None)) is None


def test_the_exchange_of_distances_counts_when_places_tell_nothing() -> None:
    pair = Pair(rssi=(-100, -100), noon=(0, 0), start=(10, 90), rates=(0.1, 0.05))
    pair.levels = [(15.0, 80.0)] * SLOTS
    one, other = pair.histories(MIDDLE)
    # A rise and a fall at once that fit: likely, but a truck and a shop can do that too.
    assert 5 < exchange(one, other, SWAPPED_AT) <= 10 < SWAP_EVIDENCE
    assert abs(signs_of_place(one, other, SWAPPED_AT)) < 2


def test_a_signal_that_changes_for_one_device_alone_is_no_swap() -> None:
    one, other = Pair(noon=(0, 0)).histories(None)
    changed = {
        at: bucket._replace(rssi_dbm=(bucket.rssi_dbm or 0) + (8.0 if at >= SWAPPED_AT else 0.0))
        for at, bucket in one.buckets.items()
    }
    assert find_swap(History(0, changed, one.levels), other) is None


def test_an_emptied_bin_beside_a_full_one_is_no_exchange() -> None:
    pair = Pair()
    pair.levels = [(80.0, 5.0)] * MIDDLE + [(2.0, 5.0)] * (SLOTS - MIDDLE)
    one, other = pair.histories(None)
    assert exchange(one, other, SWAPPED_AT) < 0


def test_little_is_no_evidence() -> None:
    empty = History(0, {}, [])
    one, other = Pair().histories(MIDDLE)
    assert find_swap(empty, empty) is None
    assert find_swap(empty, other) is None
    short = History(0, dict(list(one.buckets.items())[:3]), one.levels[:10])
    assert signs_of_place(short, other, SWAPPED_AT) == 0


def test_devices_that_report_no_signal_and_no_warmth_are_judged_by_distance_alone() -> None:
    one, other = Pair().histories(MIDDLE)
    bare = [
        History(
            history.device_id,
            {at: b._replace(rssi_dbm=None, temp_c=None) for at, b in history.buckets.items()},
            history.levels,
        )
        for history in (one, other)
    ]
    assert signs_of_place(bare[0], bare[1], SWAPPED_AT) == 0
    assert find_swap(bare[0], bare[1]) is None


def test_the_moment_is_bounded_by_what_both_sent() -> None:
    one, other = Pair(seed=3).histories(MIDDLE)
    # One of the two was silent from a day before until a day after.
    day = timedelta(days=1)
    quiet = History(
        1,
        {at: b for at, b in other.buckets.items() if abs(at - SWAPPED_AT) > day},
        [level for level in other.levels if abs(level.at - SWAPPED_AT) > day],
    )
    swap = find_swap(one, quiet)
    assert swap is not None
    assert swap.between[0] <= SWAPPED_AT <= swap.between[1]
    assert timedelta(days=1) < swap.between[1] - swap.between[0] < timedelta(days=3)


def test_what_comes_into_a_bin_is_counted_and_emptying_is_not() -> None:
    levels = [Level(0, START + n * HALF_HOUR, 1000.0 - 10 * (n % 96)) for n in range(192)]
    filled = filled_mm(levels)
    # 20 mm an hour; the bucket in which the bin was emptied counts less.
    assert sorted(filled.values())[len(filled) // 2] == pytest.approx(120)
    assert all(0 <= each <= 121 for each in filled.values())


def test_two_paces_that_change_places_are_some_evidence() -> None:
    slow, quick = ({START + n * SWAP_BUCKET: mm for n in range(40)} for mm in (20.0, 120.0))
    middle = START + 20 * SWAP_BUCKET
    left = {at: (slow if at < middle else quick)[at] for at in slow}
    right = {at: (quick if at < middle else slow)[at] for at in slow}
    assert pace(left, right, middle) == 3
    assert pace(slow, quick, middle) == -3
    assert pace(slow, slow, middle) == 0
    assert pace({}, quick, middle) == 0
