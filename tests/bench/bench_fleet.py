"""What a fleet in one process costs: memory and processor time a device, by count and interval.

    .venv/bin/python tests/bench/bench_fleet.py --devices 1000 5000 --every-s 60 300

Each device has an MQTT session of its own at a real Mosquitto as shipped, with credentials. Per
count: how fast they connect, what they take while they are only there, and under each load. The
broker and this process share the machine; both are printed.
"""

import argparse
import gc
import heapq
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from angkut_broker.codec import encode
from angkut_broker.topics import Channel
from angkut_sim.device import Sensor
from angkut_sim.dice import Dice
from angkut_sim.fleet import Fleet
from angkut_sim.fleet_file import FleetFile
from bench import places
from parts import programs
from parts.sim import RunningBroker, fleet_of, running_broker

_PAGE_KB = os.sysconf("SC_PAGE_SIZE") // 1024


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process has taken."""

    cpu_s: float
    rss_kb: int

    @classmethod
    def of(cls, pid: int) -> "Usage":
        """Look at a process."""
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        return cls(places.cpu_s(pid), pages * _PAGE_KB)


def main() -> None:
    """Measure and print."""
    options = _options()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, Python {sys.version.split()[0]}")
    for count in options.devices:
        fleet_file = fleet_of(count)
        with (
            tempfile.TemporaryDirectory(prefix="angkut-fleet-") as folder,
            running_broker(
                "mosquitto", programs.find("mosquitto"), Path(folder), fleet_file
            ) as broker,
        ):
            for line in _measure(fleet_file, broker, options.every_s, options.seconds):
                print(line, flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--devices", type=int, nargs="+", default=[1000, 5000])
    parser.add_argument(
        "--every-s", type=float, nargs="+", default=[300.0, 60.0], help="intervals to try"
    )
    parser.add_argument("--seconds", type=float, default=60.0, help="time for each load")
    return parser.parse_args()


def _measure(
    fleet_file: FleetFile, broker: RunningBroker, intervals: Sequence[float], seconds: float
) -> Iterator[str]:
    assert broker.process is not None
    count, pid = len(fleet_file.devices), broker.process.pid
    gc.collect()
    before = Usage.of(os.getpid())
    at_s = time.time()
    sensors = [Sensor(1, device, at_s) for device in fleet_file.devices]
    for sensor in sensors:
        # The first reading looks back for faults that still last; it comes once.
        sensor.reading(datetime.fromtimestamp(at_s, UTC), 50.0)
    models = Usage.of(os.getpid())
    with Fleet(fleet_file, [sensor.meta() for sensor in sensors], broker.address) as fleet:
        empty = Usage.of(pid)
        began_s = time.monotonic()
        while fleet.connected < count or fleet.unacknowledged:
            fleet.run_once(0.1)
        connect_s = time.monotonic() - began_s
        gc.collect()
        after, theirs = Usage.of(os.getpid()), Usage.of(pid)
        yield f"\n{count:,} devices, each with a session of its own"
        yield f"  connected in {connect_s:.1f} s: {count / connect_s:,.0f} a second"
        yield (
            f"  memory a device: session {(after.rss_kb - models.rss_kb) / count:.1f} kB, "
            f"model {(models.rss_kb - before.rss_kb) / count:.1f} kB; "
            f"broker {(theirs.rss_kb - empty.rss_kb) / count:.1f} kB; "
            f"this process {after.rss_kb / 1024:,.0f} MB in all"
        )
        yield (
            f"  {'every':>8} {'messages/s':>11} {'CPU here':>9} {'a device':>10} "
            f"{'a message':>10} {'CPU broker':>11} {'latest':>8} {'up':>6}"
        )
        for every_s in (0.0, *intervals):
            yield _load(fleet, sensors, every_s, seconds, pid)


def _load(fleet: Fleet, sensors: Sequence[Sensor], every_s: float, seconds: float, pid: int) -> str:
    """Let all report every so often (0: never) for a while; return a line of the table."""
    dice, count = Dice(1), len(sensors)
    due = [(dice.uniform(0.0, every_s), index) for index in range(count)] if every_s else []
    heapq.heapify(due)
    mine, theirs, sent = Usage.of(os.getpid()), Usage.of(pid), fleet.tally.messages
    began_s, latest_s = time.monotonic(), 0.0
    while (elapsed_s := time.monotonic() - began_s) < seconds:
        while due and due[0][0] <= elapsed_s:
            planned_s, index = due[0]
            latest_s = max(latest_s, elapsed_s - planned_s)
            heapq.heapreplace(due, (planned_s + every_s, index))
            sensor = sensors[index]
            reading = sensor.reading(datetime.now(UTC), 50.0)
            if reading is not None:
                session = fleet.sessions[sensor.device.id]
                session.send(Channel.TELEMETRY, encode(reading), readings=1)
        fleet.run_once(min(0.2, max(0.0, due[0][0] - elapsed_s)) if due else 0.2)
    own_s = Usage.of(os.getpid()).cpu_s - mine.cpu_s
    broker_s = Usage.of(pid).cpu_s - theirs.cpu_s
    messages = fleet.tally.messages - sent
    each = f"{1e6 * own_s / messages:.0f} us" if messages and every_s else ""
    return (
        f"  {f'{every_s:g} s' if every_s else 'silent':>8} {messages / seconds:>11,.1f} "
        f"{100 * own_s / seconds:>8.1f}% {1e6 * own_s / seconds / count:>7.2f} us/s"
        f" {each:>8} {100 * broker_s / seconds:>10.1f}% {1000 * latest_s:>5.0f} ms "
        f"{fleet.connected:>6}"
    )


if __name__ == "__main__":
    main()
