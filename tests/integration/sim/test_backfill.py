from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import median

import pytest

from angkut_broker.messages import Meta, Status
from angkut_broker.topics import Channel
from angkut_sim.backfill import BackfillReport, OnProgress, backfill
from angkut_sim.device import Sensor
from angkut_sim.errors import SimError, StalledError
from angkut_sim.fleet import Fleet
from angkut_sim.fleet_file import FleetDevice
from angkut_sim.simulation import SavedState
from angkut_sim.stretch import Stretch
from angkut_sim.truth_file import TruthRecorder
from angkut_sim.world import STEP_S
from parts.sim import RunningBroker, fleet_of, subscriber
from parts.waiting import wait_until

FLEET = fleet_of(20)
END = datetime.now(UTC).replace(microsecond=0)
START = END - timedelta(days=14)
SLOTS = 20 * 14 * 48


class Interruption(Exception):  # noqa: N818 - not an error: the test's own crash
    pass


def run(
    broker: RunningBroker,
    on_progress: OnProgress = lambda _done, _total: None,
    state_path: Path | None = None,
    on_truth: Callable[[Stretch], None] = lambda _stretch: None,
) -> BackfillReport:
    return backfill(
        FLEET,
        broker.address,
        start=START,
        end=END,
        interval_s=1800,
        seed=1,
        on_progress=on_progress,
        state_path=state_path,
        on_truth=on_truth,
    )


def test_what_is_published_arrives_from_each_device_in_time_order(broker: RunningBroker) -> None:
    with subscriber(broker) as seen:
        report = run(broker)
        wait_until(
            lambda: len(seen.readings) >= report.published_readings, what="all readings to arrive"
        )
        assert report.published_readings + report.silent_readings == SLOTS
        assert len(seen.distinct) == len(seen.readings) == report.published_readings
        assert all(message.refusal is None for message in seen.messages)
        assert {START <= reading.t < END for reading in seen.readings} == {True}
        for device in FLEET.devices:
            own = [reading for reading in seen.readings if reading.id == device.id]
            assert all(a.t < b.t for a, b in pairwise(own))


def test_each_device_has_its_own_session(broker: RunningBroker) -> None:
    with subscriber(broker) as seen:
        report = run(broker)
        assert report.connections == 20
        ids = Counter({device.id: 1 for device in FLEET.devices})

        def statuses(word: Status) -> Counter[str]:
            return Counter(
                message.topic.device_id
                for message in seen.of(Channel.STATUS)
                if message.topic and message.message is word
            )

        wait_until(lambda: statuses(Status.OFFLINE) == ids, what="all to say goodbye")
        assert statuses(Status.ONLINE) == ids
        metas = [m.message for m in seen.of(Channel.META) if isinstance(m.message, Meta)]
        assert Counter(meta.id for meta in metas) == ids


def test_progress_moves_from_the_start_and_ends_at_the_total(broker: RunningBroker) -> None:
    calls: list[tuple[int, int]] = []
    report = run(broker, lambda done, total: calls.append((done, total)))
    done = [call[0] for call in calls]
    assert {call[1] for call in calls} == {SLOTS}
    assert done[0] == 0
    assert done[-1] == SLOTS
    assert all(a <= b for a, b in pairwise(done))
    # Publishing begins long before everything is generated.
    assert sum(0 < each < SLOTS for each in done) > 20
    assert report.published_messages >= 20 * 3


def test_a_broker_restart_in_the_middle_loses_nothing(broker: RunningBroker) -> None:
    restarts = 0

    def restart_once(done: int, total: int) -> None:
        nonlocal restarts
        if not restarts and done > total / 3:
            restarts += 1
            broker.stop()
            broker.start()

    with subscriber(broker) as seen:
        report = run(broker, restart_once)
        wait_until(
            lambda: len(seen.distinct) >= report.published_readings, what="all readings to arrive"
        )
        assert restarts == 1
        assert report.connections > 20
        assert len(seen.distinct) == report.published_readings
        assert report.published_readings + report.silent_readings == SLOTS


def test_a_repeated_backfill_publishes_the_same_readings(broker: RunningBroker) -> None:
    with subscriber(broker) as seen:
        first = run(broker)
        second = run(broker)
        assert first.published_readings == second.published_readings
        wait_until(
            lambda: len(seen.readings) >= 2 * first.published_readings, what="both to arrive"
        )
        assert len(seen.distinct) == first.published_readings


def test_the_last_will_speaks_for_a_fleet_that_crashed(broker: RunningBroker) -> None:
    def crash(done: int, total: int) -> None:
        # Not before: on a slow machine a device may connect when others have said all they had.
        if done == total:
            raise Interruption

    with subscriber(broker) as seen:
        with pytest.raises(Interruption):
            run(broker, crash)
        wait_until(
            lambda: (
                {
                    message.topic.device_id
                    for message in seen.of(Channel.STATUS)
                    if message.topic and message.message is Status.OFFLINE
                }
                == {device.id for device in FLEET.devices}
            ),
            what="the last will of each device",
        )


def test_the_end_state_is_left_for_live(broker: RunningBroker, tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    run(broker, state_path=path)
    state = SavedState.load(path)
    assert state is not None
    assert state.world_s == END.timestamp()
    assert 0 <= END.timestamp() - state.world.at_s < STEP_S
    assert len(state.world.bins) == 20
    # Each lived up to its last slot.
    assert all(0 < END.timestamp() - (each.lived_s or 0) <= 1800 for each in state.sensors.values())


def test_what_is_reported_can_be_scored_against_the_truth(broker: RunningBroker) -> None:
    recorder = TruthRecorder(1)
    with subscriber(broker) as seen:
        report = run(broker, on_truth=recorder.add)
        wait_until(
            lambda: len(seen.readings) >= report.published_readings, what="all readings to arrive"
        )
    truth = recorder.finish()
    assert truth.at_s[0] <= START.timestamp()
    bins = {device.id: device for device in FLEET.devices}
    errors = []
    for reading in seen.readings:
        device = bins[reading.id]
        if reading.d_mm:
            span_mm = device.d_empty_mm - device.d_full_mm
            level = 100 * (device.d_empty_mm - median(reading.d_mm)) / span_mm
            errors.append(abs(level - truth.level(device.bin_code, reading.t.timestamp())))
    assert len(errors) > 0.8 * report.published_readings
    assert median(errors) < 5


def test_a_refused_device_is_named_with_the_broker_s_reason(broker: RunningBroker) -> None:
    device = FleetDevice(**FLEET.devices[0].model_dump() | {"password": "salah"})
    fleet_file = FLEET.model_copy(update={"devices": (device,)})
    sensor = Sensor(1, device, START.timestamp())
    with Fleet(fleet_file, [sensor.meta()], broker.address) as fleet:
        fleet.sessions[device.id].send(Channel.TELEMETRY, b"{}")
        with pytest.raises(StalledError, match=r"0 of 1 devices.*sim-0001: refused"):
            fleet.drain(stalled_after_s=2.0, on_progress=lambda: None)


def test_an_absent_broker_is_reported(broker: RunningBroker) -> None:
    broker.stop()
    device = FLEET.devices[0]
    fleet_file = FLEET.model_copy(update={"devices": (device,)})
    sensor = Sensor(1, device, START.timestamp())
    with Fleet(fleet_file, [sensor.meta()], broker.address) as fleet:
        fleet.sessions[device.id].send(Channel.TELEMETRY, b"{}")
        with pytest.raises(StalledError, match="refused"):
            fleet.drain(stalled_after_s=0.5, on_progress=lambda: None)


def test_an_empty_span_is_refused(broker: RunningBroker) -> None:
    with pytest.raises(SimError, match="nothing to backfill"):
        backfill(
            FLEET,
            broker.address,
            start=END,
            end=END,
            interval_s=1800,
            seed=1,
            on_progress=lambda _done, _total: None,
        )
