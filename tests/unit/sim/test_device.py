from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import fmean, median, stdev

import pytest

from angkut_broker.codec import decode, encode
from angkut_broker.messages import EventKind, Telemetry
from angkut_broker.topics import Channel
from angkut_sim.device import BLIND_ZONE_MM, NOISE_MM, Sensor
from parts.sim import fleet_of, topic_of

START = datetime(2026, 1, 12, tzinfo=UTC)
DEVICE = fleet_of(1).devices[0]
SPAN_MM = DEVICE.d_empty_mm - DEVICE.d_full_mm


def readings(level_pct: float, count: int, seed: int = 1) -> list[Telemetry]:
    sensor = Sensor(seed, DEVICE, START.timestamp())
    taken = [
        sensor.reading(START + index * timedelta(minutes=30), level_pct) for index in range(count)
    ]
    return [reading for reading in taken if reading is not None]


@pytest.mark.parametrize("level_pct", [0.0, 33.3, 80.0, 100.0])
def test_the_median_echo_maps_back_to_the_level(level_pct: float) -> None:
    wrong = 0
    taken = readings(level_pct, 1000)
    for reading in taken:
        if not reading.d_mm:
            wrong += 1
            continue
        measured_pct = 100 * (DEVICE.d_empty_mm - median(reading.d_mm)) / SPAN_MM
        wrong += abs(measured_pct - level_pct) > 100 * 4 * NOISE_MM / SPAN_MM
    assert wrong < 0.02 * len(taken)


def test_echoes_scatter_as_much_as_promised() -> None:
    echoes = [echo for reading in readings(50.0, 2000) for echo in reading.d_mm or ()]
    near = [echo for echo in echoes if abs(echo - 600) < 60]
    assert stdev(near) == pytest.approx(NOISE_MM, abs=0.5)
    assert 0 < len(echoes) - len(near) < 0.02 * len(echoes)


def test_a_reading_has_none_to_four_echoes() -> None:
    counts = {len(reading.d_mm or ()) for reading in readings(50.0, 3000)}
    assert counts == {0, 1, 2, 3, 4}


def test_nothing_is_measured_in_the_blind_zone() -> None:
    echoes = [echo for reading in readings(115.0, 500) for echo in reading.d_mm or ()]
    assert min(echoes) == BLIND_ZONE_MM


def test_one_seed_gives_the_same_readings() -> None:
    assert readings(50.0, 300) == readings(50.0, 300)
    assert readings(50.0, 300) != readings(50.0, 300, seed=2)


def test_a_silent_device_counts_on() -> None:
    taken = readings(50.0, 28 * 48)
    gaps = [after.seq - before.seq - 1 for before, after in pairwise(taken)]
    assert max(gaps) >= 4
    assert 0 < sum(gaps) < 0.3 * 28 * 48


def test_part_of_a_fleet_is_silent_at_any_time() -> None:
    at = START + timedelta(days=28)
    silent = 0
    for device in fleet_of(240).devices:
        sensor = Sensor(1, device, START.timestamp())
        silent += sensor.reading(at, 50.0) is None
    assert 4 <= silent <= 30


def test_the_battery_falls_slowly_and_is_changed_when_flat() -> None:
    sensor = Sensor(1, DEVICE, START.timestamp())
    levels = []
    for week in range(52 * 5):
        reading = sensor.reading(START + timedelta(weeks=week), 10.0)
        levels.append(reading.bat_mv if reading else None)
    known = [level for level in levels if level is not None]
    assert 2900 < min(known) < 3100
    assert max(known) > 3600
    assert fmean(level > 3500 for level in known) > 0.8


def test_it_is_warmer_at_noon_than_at_night() -> None:
    by_hour: dict[int, list[float]] = {}
    for reading in readings(50.0, 14 * 48):
        assert reading.temp_c is not None
        by_hour.setdefault((reading.t.hour + 7) % 24, []).append(reading.temp_c)
    assert fmean(by_hour[13]) > fmean(by_hour[3]) + 5


def test_a_saved_sensor_goes_on_with_the_same_readings() -> None:
    through = Sensor(1, DEVICE, START.timestamp())
    for index in range(100):
        through.reading(START + index * timedelta(minutes=30), 40.0)
    copy = Sensor(1, DEVICE, START.timestamp())
    copy.restore(through.save())
    for index in range(100, 400):
        now = START + index * timedelta(minutes=30)
        assert copy.reading(now, 40.0) == through.reading(now, 40.0)


def test_events_are_rare_and_decode() -> None:
    sensor = Sensor(1, DEVICE, START.timestamp())
    kinds: list[EventKind] = []
    for hour in range(24 * 365 * 4):
        event = sensor.event(START, 3600)
        if event is None:
            continue
        decoded = decode(topic_of(DEVICE.id, Channel.EVENT), encode(event), now=START)
        assert decoded.refusal is None, (hour, decoded.refusal)
        kinds.append(event.kind)
    assert kinds.count(EventKind.LID) == pytest.approx(730, rel=0.15)
    assert 20 < kinds.count(EventKind.TILT) < 80
    assert 0 < kinds.count(EventKind.FIRE) < 10


def test_meta_decodes() -> None:
    meta = Sensor(1, DEVICE, START.timestamp()).meta()
    decoded = decode(topic_of(DEVICE.id, Channel.META), encode(meta), now=START)
    assert decoded.message == meta
    assert decoded.ignored == 0
