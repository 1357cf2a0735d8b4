"""Devices on the street, live: what each measures goes through its radio to its MQTT session."""

import heapq
import itertools
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime

from angkut_broker.codec import encode
from angkut_broker.messages import Telemetry
from angkut_broker.topics import Channel
from angkut_sim.fault_plan import FaultPlan
from angkut_sim.faults import Fault
from angkut_sim.fleet import Fleet
from angkut_sim.labelling import Labeller
from angkut_sim.labels import Label
from angkut_sim.mounts import Mounts
from angkut_sim.orders import obey
from angkut_sim.simulation import Simulation, Unit

_LOG = logging.getLogger(__name__)


class Street:
    """The units of a simulation at the sessions of a fleet."""

    def __init__(
        self,
        simulation: Simulation,
        fleet: Fleet,
        *,
        seed: int,
        plan: FaultPlan,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._simulation, self._fleet = simulation, fleet
        self._monotonic = monotonic
        self._mounts = Mounts(seed, [unit.device for unit in simulation.units], plan)
        self._labellers = [Labeller(unit.sensor) for unit in simulation.units]
        self._units = {unit.device.id: unit for unit in simulation.units}
        #: What devices keep while their radio is away.
        self._kept: defaultdict[str, list[Telemetry]] = defaultdict(list)
        #: What is on its way: due (true time), a number to keep the order, device, readings.
        self._way: list[tuple[float, int, str, list[Telemetry]]] = []
        self._numbers = itertools.count()

    def report(self, index: int, now: datetime, dt_s: float) -> None:
        """Let one unit wake up, measure and send."""
        unit = self._simulation.units[index]
        now_s = now.timestamp()
        mount = self._mounts.mount(unit.device, now_s)
        reading = unit.sensor.reading(now, self._simulation.surface(mount.bin_code), mount=mount)
        self._labellers[index].read(now_s, reading)
        if reading is None:
            return
        self._send(index, unit, unit.sensor.stamped(reading), now_s)
        event = unit.sensor.event(now, dt_s)
        if event is not None:
            _LOG.info("%s reports %s %s", event.id, event.kind, event.value)
            self._fleet.sessions[unit.device.id].send(Channel.EVENT, encode(event))

    def deliver(self, now_s: float) -> None:
        """Hand to the sessions what has been on its way for long enough."""
        while self._way and self._way[0][0] <= now_s:
            _, _, device_id, readings = heapq.heappop(self._way)
            payload = encode(readings[0] if len(readings) == 1 else readings)
            session = self._fleet.sessions[device_id]
            session.send(Channel.TELEMETRY, payload, readings=len(readings))

    def obey(self, now: datetime) -> None:
        """Let the devices carry out what they were told."""
        for session, payload in self._fleet.commands():
            unit = self._units[session.device.id]
            done = obey(unit.sensor, payload, now)
            if done is None:
                _LOG.info("%s leaves alone what is no command for it", session.device.id)
                continue
            for ack in done.acks:
                _LOG.info("%s answers %s: %s", ack.id, ack.cmd_id, ack.detail)
                session.send(Channel.ACK, encode(ack))
            if done.changed:
                session.meta = unit.sensor.meta()
                session.send(Channel.META, encode(session.meta))
            if done.restarts:
                session.restarts = True

    def pace(self, index: int) -> float:
        """Return how long a unit sleeps now, relative to the interval that it came with."""
        sensor = self._simulation.units[index].sensor
        return sensor.wait_s() / sensor.device.interval_s

    def labels(self, from_s: float, until_s: float) -> Sequence[Label]:
        """Return what was wrong, within a stretch of time."""
        return [
            label
            for labeller in self._labellers
            for label in labeller.labels(self._mounts, from_s, until_s)
        ]

    def _send(self, index: int, unit: Unit, reading: Telemetry, now_s: float) -> None:
        sensor, device_id = unit.sensor, unit.device.id
        out = sensor.radio.outages.active(now_s)
        fault = Fault.RADIO_OUTAGE if out is not None else None
        fault = fault or sensor.radio.loses(now_s, sensor.place(unit.device))
        if out is not None:
            self._fleet.sessions[device_id].drop(self._monotonic() + out.until_s - now_s)
        kept = self._kept[device_id]
        if fault is not None:
            kept.append(reading)
            if len(kept) > sensor.make.memory:
                kept.pop(0)
                self._labellers[index].go_on(fault, now_s)
            return
        for delay_s in sensor.radio.delays():
            if kept:
                late = [sensor.late(one) for one in kept]
                heapq.heappush(self._way, (now_s + delay_s, next(self._numbers), device_id, late))
            heapq.heappush(self._way, (now_s + delay_s, next(self._numbers), device_id, [reading]))
        kept.clear()
