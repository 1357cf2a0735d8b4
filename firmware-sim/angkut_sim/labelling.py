"""Labels as a device lives: single readings at once, what lasts from its first to its last sign."""

from collections.abc import Sequence

from angkut_broker.messages import Telemetry
from angkut_sim.device import Sensor
from angkut_sim.device_clock import offset_s
from angkut_sim.faults import Fault
from angkut_sim.labels import Label
from angkut_sim.mounts import Mounts

#: Faults of single readings; all others are labelled from the first to the last reading.
_SINGLE = {Fault.SPIKE, Fault.STRAY_ECHO, Fault.COPY}


class Labeller:
    """What is wrong with one device."""

    def __init__(self, sensor: Sensor) -> None:
        self._sensor = sensor
        self._done: list[Label] = []
        self._open: dict[Fault, Label] = {}

    def read(self, at_s: float, reading: Telemetry | None) -> None:
        """Label what the sensor's newest reading is to blame for; None: there was none."""
        blame = self._sensor.blame
        for fault in blame:
            if fault in _SINGLE:
                self._done.append(self._single(fault, at_s, reading))
            else:
                self.go_on(fault, at_s)
        if reading is not None:
            self._done += [self._open.pop(fault) for fault in [*self._open] if fault not in blame]

    def go_on(self, fault: Fault, at_s: float) -> None:
        """Begin or go on with a label of several readings."""
        label = self._open.get(fault)
        if label is None:
            device_id = self._sensor.device.id
            label = self._open[fault] = Label(device_id, fault, at_s, at_s, {"readings": 0})
        label.to_s = at_s
        label.details["readings"] += 1

    def labels(self, mounts: Mounts, from_s: float, until_s: float) -> Sequence[Label]:
        """Return all labels within a stretch of time, those of clock and mounting too."""
        found = [*self._done, *self._open.values()]
        device = self._sensor.device
        for episode in self._sensor.clock.labels(from_s, until_s):
            ends_s = min(episode.until_s, until_s)
            details = {"ahead_s": round(offset_s(episode, ends_s))}
            begins_s = max(episode.from_s, from_s)
            found.append(Label(device.id, episode.fault, begins_s, ends_s, details))
        partner = mounts.partner(device)
        for episode in mounts.episodes(device, from_s, until_s):
            begins_s, ends_s = max(episode.from_s, from_s), min(episode.until_s, until_s)
            label = Label(device.id, Fault.SWAPPED, begins_s, ends_s)
            label.details["with"] = partner.id if partner else ""
            found.append(label)
        return found

    def _single(self, fault: Fault, at_s: float, reading: Telemetry | None) -> Label:
        label = Label(self._sensor.device.id, fault, at_s, at_s, {"readings": 1})
        if reading is not None:
            label.details["seq"] = reading.seq
            label.details["t"] = self._sensor.stamped(reading).t.isoformat()
        if self._sensor.surface is not None:
            label.details["fill_pct"] = round(self._sensor.surface.fill_pct, 1)
        return label
