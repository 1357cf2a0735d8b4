import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from angkut_broker.messages import Status
from angkut_broker.topics import Channel
from angkut_sim.live import LiveReport, live
from angkut_sim.simulation import SavedState
from parts.sim import RunningBroker, Subscriber, fleet_of, subscriber
from parts.waiting import wait_until

FLEET = fleet_of(20)


@contextmanager
def running_live(
    broker: RunningBroker, state_path: Path, *, speed: float = 60.0
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
        # Times are whole milliseconds, so the first may lie one before the beginning.
        assert all(began.timestamp() - 0.001 <= r.t.timestamp() for r in seen.readings)
        assert all(reading.t <= ended for reading in seen.readings)
        assert report.dropped_messages == 0
        assert len(seen.distinct) == len(seen.readings)
        wait_until(
            lambda: [m.message for m in seen.of(Channel.STATUS)].count(Status.OFFLINE) == 20,
            what="all to say goodbye",
        )


def test_a_restart_continues_counters_and_world(broker: RunningBroker, tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    with subscriber(broker) as seen:
        listen_until(seen, broker, path, 100)
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
        stopped = datetime.now(UTC)
        wait_until(lambda: (datetime.now(UTC) - stopped).total_seconds() > 1, what="a second")
        started = datetime.now(UTC)
        broker.start()
        wait_until(
            lambda: any(reading.t > started for reading in seen.readings), what="new readings"
        )
        wait_until(
            lambda: any(stopped < reading.t < started for reading in seen.readings),
            what="readings of the gap",
        )
        stop.set()
        report = future.result(timeout=30)
        wait_until(
            lambda: len(seen.distinct) >= report.published_readings, what="the last readings"
        )
        assert report.dropped_messages == 0
        assert report.connections > 20
