import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from angkut_broker.codec import encode
from angkut_broker.messages import Ack, Command, Meta, Status
from angkut_broker.session import BrokerAddress, publish_all
from angkut_broker.topics import Channel
from angkut_sim.fault_plan import FaultPlan
from angkut_sim.labels import read_labels
from angkut_sim.live import LiveReport, live
from angkut_sim.simulation import SavedState
from parts.sim import PASSWORD, RunningBroker, Subscriber, fleet_of, subscriber, topic_of
from parts.waiting import wait_until

FLEET = fleet_of(20)
NO_FAULTS = FaultPlan.none()
#: A healthy clock is off by seconds.
CLOCK = timedelta(seconds=10)


@contextmanager
def running_live(
    broker: RunningBroker,
    state_path: Path,
    *,
    speed: float = 60.0,
    faults: FaultPlan = NO_FAULTS,
    labels_path: Path | None = None,
) -> Iterator[tuple[threading.Event, "Future[LiveReport]"]]:
    stop = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(
            live,
            FLEET,
            broker.address,
            seed=1,
            state_path=state_path,
            stop=stop,
            report_every_s=0.2,
            speed=speed,
            faults=faults,
            labels_path=labels_path,
        )
        try:
            yield stop, future
        finally:
            stop.set()


def listen_until(
    seen: Subscriber, broker: RunningBroker, path: Path, readings: int, speed: float = 60.0
) -> LiveReport:
    with running_live(broker, path, speed=speed) as (stop, future):
        wait_until(lambda: len(seen.readings) >= readings, what=f"{readings} readings")
        stop.set()
        return future.result(timeout=30)


def test_single_readings_of_now_arrive_from_all(broker: RunningBroker, tmp_path: Path) -> None:
    with subscriber(broker) as seen:
        began = datetime.now(UTC)
        report = listen_until(seen, broker, tmp_path / "state.json", 200)
        wait_until(
            lambda: len(seen.readings) == report.published_readings, what="the last readings"
        )
        ended = datetime.now(UTC)
        assert all(len(message.readings) == 1 for message in seen.of(Channel.TELEMETRY))
        assert all(message.refusal is None for message in seen.messages)
        assert report.connections == 20
        assert len({reading.id for reading in seen.readings}) >= 15
        assert all(began - CLOCK <= reading.t <= ended + CLOCK for reading in seen.readings)
        assert report.dropped_messages == 0
        assert len(seen.distinct) == len(seen.readings)
        wait_until(
            lambda: [m.message for m in seen.of(Channel.STATUS)].count(Status.OFFLINE) == 20,
            what="all to say goodbye",
        )


def test_a_restart_continues_counters_and_world(broker: RunningBroker, tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    with subscriber(broker) as seen:
        first = listen_until(seen, broker, path, 100)
        wait_until(lambda: len(seen.readings) == first.published_readings, what="the last readings")
        between = SavedState.load(path)
        report = listen_until(seen, broker, path, len(seen.readings) + 100)
        assert report.published_readings >= 60
        after = SavedState.load(path)
        assert between is not None
        assert after is not None
        assert after.world_s > between.world_s
        pairs = [(reading.id, reading.seq) for reading in seen.readings]
        # A copy repeats its counter now and then; had they begun anew, all would be there twice.
        assert len(set(pairs)) > 0.95 * len(pairs)


def test_bins_fill_and_are_emptied_before_the_watcher_s_eyes(
    broker: RunningBroker, tmp_path: Path
) -> None:
    path = tmp_path / "state.json"
    with subscriber(broker) as seen:
        listen_until(seen, broker, path, 100)
        before = SavedState.load(path)
        # A second is a day.
        listen_until(seen, broker, path, len(seen.readings) + 200, speed=86_400)
    after = SavedState.load(path)
    assert before is not None
    assert after is not None
    bins = [(before.world.bins[code], now) for code, now in after.world.bins.items()]
    assert sum(now.emptied - then.emptied for then, now in bins) > 0
    assert any(now.occupied_l != then.occupied_l for then, now in bins)


def test_a_broker_that_comes_late_gets_what_was_measured_before(
    broker: RunningBroker, tmp_path: Path
) -> None:
    with subscriber(broker) as seen, running_live(broker, tmp_path / "state.json") as running:
        stop, future = running
        wait_until(lambda: len(seen.readings) >= 20, what="the first readings")
        broker.stop()
        before = list(seen.readings)
        stopped = datetime.now(UTC)
        wait_until(lambda: (datetime.now(UTC) - stopped).total_seconds() > 1, what="a second")
        started = datetime.now(UTC)
        broker.start()
        # A fast clock may have stamped what came before with a later time.
        wait_until(
            lambda: any(reading.t > started for reading in seen.readings[len(before) :]),
            what="new readings",
        )
        wait_until(
            lambda: any(stopped < one.t < started for one in seen.readings[len(before) :]),
            what="readings of the gap",
        )
        stop.set()
        report = future.result(timeout=30)
        wait_until(
            lambda: len(seen.distinct) >= report.published_readings, what="the last readings"
        )
        assert report.dropped_messages == 0
        # Each that was heard before had connected, and somebody did again.
        assert report.connections > len({reading.id for reading in before})


def test_a_device_obeys_a_command_answers_and_tells_its_new_interval(
    broker: RunningBroker, tmp_path: Path
) -> None:
    device = FLEET.devices[4].id
    command = Command(v=1, cmd_id="c-1", cmd="interval", args={"seconds": 600})
    server = BrokerAddress("127.0.0.1", broker.port, "worker", PASSWORD)
    with subscriber(broker) as seen, running_live(broker, tmp_path / "state.json") as running:
        wait_until(lambda: len(seen.of(Channel.META)) >= 20, what="all to connect")
        # Twice, as a server does that heard no answer.
        message = (topic_of(device, Channel.CMD), encode(command))
        assert publish_all(server, [message, message], timeout_s=30) == [True, True]
        wait_until(lambda: len(seen.of(Channel.ACK)) >= 2, what="both answers")
        answers = [m.message for m in seen.of(Channel.ACK) if isinstance(m.message, Ack)]
        assert [(a.id, a.cmd_id, a.ok) for a in answers] == [(device, "c-1", True)] * 2

        def intervals() -> list[int | None]:
            metas = [m.message for m in seen.of(Channel.META) if isinstance(m.message, Meta)]
            return [meta.interval_s for meta in metas if meta.id == device]

        wait_until(lambda: len(intervals()) >= 2, what="the new meta")
        assert intervals() == [1800, 600]
        running[0].set()
        running[1].result(timeout=30)
    state = SavedState.load(tmp_path / "state.json")
    assert state is not None
    assert state.sensors[device].interval_s == 600


def test_an_update_restarts_the_device_with_the_new_firmware(
    broker: RunningBroker, tmp_path: Path
) -> None:
    device = FLEET.devices[4].id
    command = Command(v=1, cmd_id="c-2", cmd="update", args={"fw": "2.0.0"})
    server = BrokerAddress("127.0.0.1", broker.port, "worker", PASSWORD)
    with subscriber(broker) as seen, running_live(broker, tmp_path / "state.json") as running:
        wait_until(lambda: len(seen.of(Channel.META)) >= 20, what="all to connect")
        message = (topic_of(device, Channel.CMD), encode(command))
        assert publish_all(server, [message], timeout_s=30) == [True]

        def versions() -> list[str | None]:
            metas = [m.message for m in seen.of(Channel.META) if isinstance(m.message, Meta)]
            return [meta.fw for meta in metas if meta.id == device]

        # Once when it is done, once after connecting anew.
        wait_until(lambda: versions().count("2.0.0") >= 2, what="the new firmware, twice")
        running[0].set()
        assert running[1].result(timeout=30).connections == 21
        answers = [m.message for m in seen.of(Channel.ACK) if isinstance(m.message, Ack)]
        assert [(answer.ok, answer.final) for answer in answers] == [(True, False), (True, None)]


def test_what_was_wrong_is_in_the_labelled_log(broker: RunningBroker, tmp_path: Path) -> None:
    faults = NO_FAULTS.with_rates({"spike": 0.5, "duplicate": 0.5})
    path = tmp_path / "labels.jsonl"
    with (
        subscriber(broker) as seen,
        running_live(broker, tmp_path / "state.json", faults=faults, labels_path=path) as running,
    ):
        wait_until(lambda: len(seen.readings) >= 200, what="200 readings")
        running[0].set()
        report = running[1].result(timeout=30)
        wait_until(lambda: len(seen.readings) >= report.published_readings, what="the last")
    spikes = {
        (label.device_id, datetime.fromisoformat(label.details["t"]))
        for label in read_labels(path)
        if label.fault.value == "spike"
    }
    # Every other one; and as many came twice as were labelled by nobody: the key absorbs them.
    assert 0.3 < len(spikes & seen.distinct) / len(seen.distinct) < 0.7
    assert 1.2 < len(seen.readings) / len(seen.distinct) < 1.8
