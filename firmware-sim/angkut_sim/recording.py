"""A device over months, without a broker: what would arrive when, and the labels beside it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from angkut_broker.messages import Telemetry
from angkut_sim.device import Sensor
from angkut_sim.dice import Dice
from angkut_sim.fault_plan import FaultPlan
from angkut_sim.faults import Fault
from angkut_sim.fleet_file import FleetDevice
from angkut_sim.labelling import Labeller
from angkut_sim.labels import Label
from angkut_sim.mounts import Mounts
from angkut_sim.truth import Surface

#: What a sensor in a bin (printed code) has below it at a time (s since 1970 UTC).
See = Callable[[str, float], Surface | float]
#: A timer of a device is this much early or late, s (standard deviation).
_TIMER_S = 2.0


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message as it arrives at the server."""

    at_s: float
    device_id: str
    readings: tuple[Telemetry, ...]


@dataclass(slots=True)
class Recording:
    """What one device sent, by time of arrival, and what was wrong with it."""

    deliveries: list[Delivery] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    measured: int = 0


def record(
    devices: Sequence[FleetDevice],
    see: See,
    *,
    plan: FaultPlan,
    seed: int,
    start_s: float,
    end_s: float,
) -> Iterator[Recording]:
    """Let each device live from `start_s` to `end_s` (s since 1970 UTC), one after the other."""
    mounts = Mounts(seed, devices, plan)
    for device in devices:
        yield _Life(device, see, mounts, plan, seed, start_s, end_s).recording


class _Life:
    """The life of one device; all happens while it is made."""

    def __init__(
        self,
        device: FleetDevice,
        see: See,
        mounts: Mounts,
        plan: FaultPlan,
        seed: int,
        start_s: float,
        end_s: float,
    ) -> None:
        self._sensor = sensor = Sensor(seed, device, start_s, plan)
        self._device = device
        self._dice = Dice.seeded(seed, device.id, "timer")
        self._kept: list[Telemetry] = []
        self._labeller = Labeller(sensor)
        self.recording = Recording()
        at_s = start_s + self._dice.uniform(0.0, device.interval_s)
        while at_s < end_s:
            mount = mounts.mount(device, at_s)
            at = datetime.fromtimestamp(round(at_s, 3), UTC)
            reading = sensor.reading(at, see(mount.bin_code, at_s), mount=mount)
            self._labeller.read(at_s, reading)
            if reading is not None:
                self.recording.measured += 1
                self._send(at_s, sensor.stamped(reading), mount)
            at_s += max(1.0, sensor.wait_s() + _TIMER_S * self._dice.normal())
        self.recording.labels += self._labeller.labels(mounts, start_s, end_s)
        self.recording.deliveries.sort(key=lambda delivery: delivery.at_s)

    def _send(self, at_s: float, reading: Telemetry, mount: FleetDevice) -> None:
        sensor = self._sensor
        fault = Fault.RADIO_OUTAGE if sensor.radio.is_out(at_s) else None
        fault = fault or sensor.radio.loses(at_s, sensor.place(mount))
        if fault is not None and sensor.make.memory:
            self._kept.append(reading)
            if len(self._kept) > sensor.make.memory:
                self._kept.pop(0)
                self._labeller.go_on(Fault.RADIO_OUTAGE, at_s)
            return
        if fault is not None:
            self._labeller.go_on(fault, at_s)
            return
        for delay_s in sensor.radio.delays():
            arrived_s = at_s + delay_s
            if self._kept:
                kept = tuple(self._sensor.late(one) for one in self._kept)
                self.recording.deliveries.append(Delivery(arrived_s, self._device.id, kept))
            self.recording.deliveries.append(Delivery(arrived_s, self._device.id, (reading,)))
        self._kept.clear()
