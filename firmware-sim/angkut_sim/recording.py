"""A device over months, without a broker: what would arrive when, and the labels beside it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from angkut_broker.messages import Fault as Code
from angkut_broker.messages import Telemetry
from angkut_sim.device import Sensor
from angkut_sim.device_clock import offset_s
from angkut_sim.dice import Dice
from angkut_sim.fault_plan import FaultPlan
from angkut_sim.faults import Fault
from angkut_sim.fleet_file import FleetDevice
from angkut_sim.labels import Label
from angkut_sim.mounts import Mounts
from angkut_sim.truth import Surface

#: What a sensor in a bin (printed code) has below it at a time (s since 1970 UTC).
See = Callable[[str, float], Surface | float]
#: A timer of a device is this much early or late, s (standard deviation).
_TIMER_S = 2.0
#: Faults of single readings; all others are labelled from the first to the last reading.
_SINGLE = {Fault.SPIKE, Fault.STRAY_ECHO, Fault.COPY}


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
        self._open: dict[Fault, Label] = {}
        self.recording = Recording()
        at_s = start_s + self._dice.uniform(0.0, device.interval_s)
        while at_s < end_s:
            mount = mounts.mount(device, at_s)
            at = datetime.fromtimestamp(round(at_s, 3), UTC)
            reading = sensor.reading(at, see(mount.bin_code, at_s), mount=mount)
            self._label(at_s, reading)
            if reading is not None:
                self.recording.measured += 1
                self._send(at_s, sensor.stamped(reading), mount)
            at_s += max(1.0, sensor.wait_s() + _TIMER_S * self._dice.normal())
        self.recording.labels += self._open.values()
        self._label_clock(start_s, end_s)
        for episode in mounts.episodes(device, start_s, end_s):
            partner = mounts.partner(device)
            self._add(Fault.SWAPPED, episode.from_s, episode.until_s, start_s, end_s).details = {
                "with": partner.id if partner else ""
            }
        self.recording.deliveries.sort(key=lambda delivery: delivery.at_s)

    def _send(self, at_s: float, reading: Telemetry, mount: FleetDevice) -> None:
        sensor = self._sensor
        fault = Fault.RADIO_OUTAGE if sensor.radio.is_out(at_s) else None
        fault = fault or sensor.radio.loses(at_s, sensor.place(mount))
        if fault is not None and sensor.make.memory:
            self._kept.append(reading)
            if len(self._kept) > sensor.make.memory:
                self._kept.pop(0)
                self._miss(Fault.RADIO_OUTAGE, at_s)
            return
        if fault is not None:
            self._miss(fault, at_s)
            return
        for delay_s in sensor.radio.delays():
            arrived_s = at_s + delay_s
            if self._kept:
                kept = tuple(self._history(one) for one in self._kept)
                self.recording.deliveries.append(Delivery(arrived_s, self._device.id, kept))
            self.recording.deliveries.append(Delivery(arrived_s, self._device.id, (reading,)))
        self._kept.clear()

    def _history(self, reading: Telemetry) -> Telemetry:
        if not self._sensor.make.names_faults:
            return reading
        codes = [*(reading.faults or ()), Code.HISTORY.value]
        return reading.model_copy(update={"faults": codes})

    def _label(self, at_s: float, reading: Telemetry | None) -> None:
        blame = self._sensor.blame
        for fault in blame:
            if fault in _SINGLE:
                label = Label(self._device.id, fault, at_s, at_s, {"readings": 1})
                self.recording.labels.append(label)
            else:
                self._miss(fault, at_s)
        ended = [fault for fault in self._open if fault not in blame and reading is not None]
        for fault in ended:
            self.recording.labels.append(self._open.pop(fault))

    def _miss(self, fault: Fault, at_s: float) -> None:
        """Begin or go on with a label of several readings."""
        label = self._open.get(fault)
        if label is None:
            label = self._open[fault] = Label(self._device.id, fault, at_s, at_s, {"readings": 0})
        label.to_s = at_s
        label.details["readings"] += 1

    def _label_clock(self, start_s: float, end_s: float) -> None:
        for episode in self._sensor.clock.labels(start_s, end_s):
            label = self._add(episode.fault, episode.from_s, episode.until_s, start_s, end_s)
            label.details = {"ahead_s": round(offset_s(episode, label.to_s))}

    def _add(
        self, fault: Fault, from_s: float, until_s: float, start_s: float, end_s: float
    ) -> Label:
        label = Label(self._device.id, fault, max(from_s, start_s), min(until_s, end_s))
        self.recording.labels.append(label)
        return label
