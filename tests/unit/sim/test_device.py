from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import fmean, median

import pytest

from angkut_broker.codec import decode, encode
from angkut_broker.messages import Event, EventKind, Telemetry
from angkut_broker.topics import Channel
from angkut_sim.device import Sensor
from angkut_sim.fault_plan import FaultPlan
from angkut_sim.faults import Fault
from angkut_sim.makes import MAKES
from angkut_sim.power import CAPACITY_J
from angkut_sim.truth import Surface
from parts.sim import fleet_of, topic_of

START = datetime(2026, 1, 12, tzinfo=UTC)
FLEET = fleet_of(240)
DEVICE = FLEET.devices[0]
SPAN_MM = DEVICE.d_empty_mm - DEVICE.d_full_mm
HALF_HOUR = timedelta(minutes=30)
NO_FAULTS = FaultPlan.none()


def sensor(plan: FaultPlan = NO_FAULTS, seed: int = 1, number: int = 0) -> Sensor:
    return Sensor(seed, FLEET.devices[number], START.timestamp(), plan)


def only(**rates: float) -> FaultPlan:
    return NO_FAULTS.with_rates(rates)


def readings(
    one: Sensor, level: float | Surface, count: int, every: timedelta = HALF_HOUR
) -> list[Telemetry]:
    taken = [one.reading(START + index * every, level) for index in range(count)]
    return [reading for reading in taken if reading is not None]


@pytest.mark.parametrize("level_pct", [0.0, 33.3, 80.0, 100.0])
def test_without_faults_the_median_echo_maps_back_to_the_level(level_pct: float) -> None:
    off = []
    for number in range(20):
        for reading in readings(sensor(number=number), level_pct, 100):
            if reading.d_mm and reading.d_mm[0] not in {0, 20, 65_535}:
                measured = 100 * (DEVICE.d_empty_mm - median(reading.d_mm)) / SPAN_MM
                off.append(measured - level_pct)
    assert len(off) > 1900
    # Uncorrected warmth makes 2 points, over-correction by a hot lid the same the other way.
    # A near surface answers twice now and then.
    assert sum(abs(each) > 6 for each in off) < 0.02 * len(off)
    assert abs(fmean(off)) < 1


def test_one_seed_gives_the_same_readings() -> None:
    street = FaultPlan.street()
    assert readings(sensor(street), 50.0, 300) == readings(sensor(street), 50.0, 300)
    assert readings(sensor(street), 50.0, 300) != readings(sensor(street, seed=2), 50.0, 300)


def test_a_stuck_sensor_repeats_what_it_measured_first() -> None:
    one = sensor(only(stuck=1.0))
    levels = [20 + n % 60 for n in range(1000)]
    held = []
    for index, level in enumerate(levels):
        reading = one.reading(START + index * HALF_HOUR, float(level))
        assert reading is not None
        if Fault.STUCK in one.blame:
            held.append(tuple(reading.d_mm or ()))
    assert len(held) > 200
    assert len(set(held)) < len(held) / 20


def test_dirt_on_the_membrane_shows_the_shortest_distance() -> None:
    one = sensor(only(film=1.0))
    shown = [r.d_mm for r in readings(one, 20.0, 600) if Fault.FILM in one.blame]
    assert shown
    assert all(30 <= echo < 35 for echoes in shown for echo in echoes or ())


def test_a_spike_is_one_reading_of_something_else() -> None:
    one = sensor(only(spike=0.05))
    wrong = 0
    for index in range(3000):
        reading = one.reading(START + index * HALF_HOUR, 50.0)
        assert reading is not None
        if one.blame == (Fault.SPIKE,):
            wrong += 1
            assert any(abs(echo - 600) > 200 for echo in reading.d_mm or ())
    assert wrong == pytest.approx(150, rel=0.3)


@pytest.mark.parametrize("number", range(12))
def test_every_make_says_in_its_own_way_that_it_hears_nothing(number: int) -> None:
    one = sensor(only(no_echo=1.0), number=number)
    silent = [r for r in readings(one, 50.0, 400) if r.d_mm in ([], [0], [20], [65_535])]
    assert len(silent) > 20
    code = one.make.no_echo_mm
    assert {tuple(r.d_mm or ()) for r in silent} == {() if code is None else (code,)}
    assert {tuple(r.faults or ()) for r in silent} == {
        ("no_echo",) if one.make.names_faults else ()
    }


def test_the_street_has_all_makes() -> None:
    assert {sensor(number=n).make.model for n in range(60)} == {make.model for make in MAKES}


def test_a_silent_device_counts_on_unless_it_begins_anew() -> None:
    restarts = gaps = 0
    for number in range(30):
        taken = readings(sensor(only(dropout=0.1), number=number), 50.0, 28 * 48)
        for before, after in pairwise(taken):
            if after.t - before.t > 3 * HALF_HOUR:
                gaps += 1
                restarts += after.seq < before.seq
                missed = (after.t - before.t) / HALF_HOUR - 1
                assert after.seq < before.seq or after.seq - before.seq - 1 == missed
    assert 0.3 < restarts / gaps < 0.7


def test_part_of_a_fleet_is_silent_at_any_time() -> None:
    at = START + timedelta(days=28)
    silent = sum(sensor(FaultPlan.street(), number=n).reading(at, 50.0) is None for n in range(240))
    assert 4 <= silent <= 45


def test_a_copy_repeats_all_but_the_time() -> None:
    taken = readings(sensor(only(copy=0.1)), 50.0, 500)
    copies = [(a, b) for a, b in pairwise(taken) if a.seq == b.seq]
    assert len(copies) == pytest.approx(50, rel=0.4)
    assert all(b == a.model_copy(update={"t": b.t}) for a, b in copies)


def test_a_reboot_begins_the_counter_anew() -> None:
    taken = readings(sensor(only(reboot=0.2)), 50.0, 30 * 48)
    restarts = sum(b.seq <= a.seq for a, b in pairwise(taken))
    assert 2 <= restarts <= 12


def test_an_absent_probe_says_so_in_degrees() -> None:
    taken = readings(sensor(only(probe_absent=1.0)), 50.0, 10)
    assert {reading.temp_c for reading in taken} == {327.6}


def test_a_flat_battery_stays_for_days_and_a_new_one_begins_anew() -> None:
    one = sensor(only(battery_dead=1.0))
    one.battery.used_j = 0.999 * CAPACITY_J
    taken = readings(one, 50.0, 200 * 48)
    assert len(taken) < 200 * 48 - 24
    levels = [reading.bat_mv or 0 for reading in taken]
    assert min(levels) < 3000
    assert levels[-1] > 3550
    assert [b.seq for a, b in pairwise(taken) if b.seq < a.seq] == [1]


def test_without_that_fault_a_flat_battery_is_changed_at_once() -> None:
    one = sensor()
    one.battery.used_j = 0.999 * CAPACITY_J
    assert len(readings(one, 50.0, 100 * 48)) == 100 * 48


def test_it_is_warmer_at_noon_than_at_night() -> None:
    by_hour: dict[int, list[float]] = {}
    for reading in readings(sensor(), 50.0, 14 * 48):
        assert reading.temp_c is not None
        by_hour.setdefault((reading.t.hour + 7) % 24, []).append(reading.temp_c)
    assert fmean(by_hour[13]) > fmean(by_hour[3]) + 5


def test_signal_and_warmth_belong_to_the_place_where_it_hangs() -> None:
    partner = FLEET.devices[1]
    here, there = sensor(), sensor()
    own = [here.reading(START + n * HALF_HOUR, 50.0) for n in range(96)]
    strange = [there.reading(START + n * HALF_HOUR, 50.0, mount=partner) for n in range(96)]
    for level in (own, strange):
        assert all(level)
    rssi = [fmean(r.rssi_dbm or 0 for r in side if r) for side in (own, strange)]
    expected = here.place(partner).rssi_dbm - here.place(DEVICE).rssi_dbm
    assert rssi[1] - rssi[0] == pytest.approx(expected, abs=1.5)


def test_a_device_stamps_with_its_own_clock() -> None:
    one = sensor(only(clock_zone=1.0))
    reading = one.reading(START, 50.0)
    assert reading is not None
    assert reading.t == START
    assert abs(one.stamped(reading).t - START) >= timedelta(hours=1)
    assert one.stamped(reading).seq == reading.seq


def test_an_adaptive_make_hurries_when_the_bin_is_nearly_full() -> None:
    adaptive = next(one for n in range(50) if (one := sensor(number=n)).make.adaptive)
    plain = next(one for n in range(50) if not (one := sensor(number=n)).make.adaptive)
    for level, hurries in ((20.0, False), (90.0, True)):
        readings(adaptive, level, 20)
        readings(plain, level, 20)
        assert adaptive.wait_s() == (900 if hurries else 1800)
        assert plain.wait_s() == 1800
        assert adaptive.meta().interval_s == 1800


def test_a_saved_sensor_goes_on_with_the_same_readings() -> None:
    street = FaultPlan.street().with_rates({"stuck": 0.2, "copy": 0.05, "radio_loss": 0.1})
    through = sensor(street)
    readings(through, 40.0, 100)
    copy = sensor(street)
    copy.restore(through.save())
    for index in range(100, 600):
        now = START + index * HALF_HOUR
        assert copy.reading(now, 40.0) == through.reading(now, 40.0)
        assert copy.wait_s() == through.wait_s()


def test_every_reading_is_within_the_contract() -> None:
    plan = FaultPlan.street().with_rates(
        {"stuck": 0.1, "no_echo": 0.2, "spike": 0.2, "film": 0.1, "probe_absent": 0.5}
    )
    surfaces = [
        Surface(fill_pct=115, rough_pct=8, soft=0.3),
        Surface(fill_pct=50, lid_open=True),
        Surface(fill_pct=50, tilt_deg=85.0),
        Surface(fill_pct=0, near_pct=99.0, rain_mm_h=40, flooded=True),
    ]
    for number in range(30):
        one = sensor(plan, number=number)
        for index in range(100):
            reading = one.reading(START + index * HALF_HOUR, surfaces[index % 4])
            if reading is None:
                continue
            payload = encode(reading)
            decoded = decode(
                topic_of(reading.id, Channel.TELEMETRY), payload, now=START + timedelta(days=3)
            )
            assert decoded.refusal is None
            assert decoded.ignored == 0


def events(one: Sensor, level: float | Surface, count: int) -> list[Event]:
    one.reading(START, level)
    found = [one.event(START, 3600) for _ in range(count)]
    return [event for event in found if event is not None]


def test_events_are_rare_and_decode() -> None:
    found = events(sensor(), 50.0, 24 * 365 * 4)
    for event in found:
        topic = topic_of(event.id, Channel.EVENT)
        assert decode(topic, encode(event), now=START).refusal is None
    kinds = [event.kind for event in found]
    assert kinds.count(EventKind.LID) == pytest.approx(730, rel=0.15)
    assert 20 < kinds.count(EventKind.TILT) < 80
    assert 0 < kinds.count(EventKind.FIRE) < 10


def test_lid_and_tilt_follow_what_is_true() -> None:
    one = sensor()
    states = [
        Surface(fill_pct=50),
        Surface(fill_pct=50, lid_open=True),
        Surface(fill_pct=50, tilt_deg=80.0),
        Surface(fill_pct=50, tilt_deg=80.0),
        Surface(fill_pct=50),
    ]
    said = [(event.kind, event.value) for state in states for event in events(one, state, 2)]
    assert said == [
        (EventKind.LID, 1.0),
        (EventKind.LID, 0.0),
        (EventKind.TILT, 80.0),
        (EventKind.TILT, 0.0),
    ]


def test_meta_decodes() -> None:
    meta = sensor().meta()
    decoded = decode(topic_of(DEVICE.id, Channel.META), encode(meta), now=START)
    assert decoded.message == meta
    assert decoded.ignored == 0
