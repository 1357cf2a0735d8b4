"""One bin sensor: what it measures, and what it says about itself."""

from dataclasses import replace
from datetime import datetime

from angkut_broker.messages import Event, Meta, Telemetry
from angkut_broker.messages import Fault as Code
from angkut_sim.device_clock import DeviceClock
from angkut_sim.device_state import SensorState
from angkut_sim.dice import Dice
from angkut_sim.episodes import Episode, Episodes
from angkut_sim.fault_plan import FaultPlan
from angkut_sim.faults import CATALOGUE, Fault
from angkut_sim.fleet_file import FleetDevice
from angkut_sim.happenings import happened
from angkut_sim.makes import make_of
from angkut_sim.measuring import Head, plain_surface, scene_of
from angkut_sim.power import CAPACITY_J, Battery
from angkut_sim.radio import Place, Radio
from angkut_sim.truth import Surface

#: A nearly full bin, or one that fills so fast, is measured twice as often by adaptive makes.
_HURRY_PCT, _HURRY_PCT_H = 75.0, 6.0
#: What absent temperature probes say (Dragino's manuals), °C.
_PROBE_ABSENT_C = 327.6
_LOW_BATTERY_MV = 3200


class Sensor:
    """One device. Its draws depend on nothing but its seed, its id and the time."""

    def __init__(
        self, seed: int, device: FleetDevice, at_s: float, plan: FaultPlan | None = None
    ) -> None:
        plan = plan or FaultPlan.street()
        self.device = device
        self.plan = plan
        self._seed = seed
        habit = Dice.seeded(seed, device.id, "habit")
        self.make, self._fw = make_of(habit)
        self._antenna_db = 1.5 * habit.normal()
        self._lean_deg = abs(1.5 * habit.normal())
        self._probe_absent = habit.chance(plan.rate(Fault.PROBE_ABSENT))
        self._places: dict[str, Place] = {}
        self.clock = DeviceClock(seed, device.id, plan)
        self.radio = Radio(seed, device.id, plan, at_s)
        self.head = Head(seed, device, self.make, plan)
        self._dropout = Episodes(seed, device.id, Fault.DROPOUT, plan)
        self._reboot = Episodes(seed, device.id, Fault.REBOOT, plan)
        self._dice = Dice.seeded(seed, device.id, "sensor")
        # Batteries of a fleet are of all ages.
        self.battery = Battery(self._dice.uniform(0.0, 0.98) * CAPACITY_J)
        self.state = SensorState(lived_s=at_s)
        #: Which faults made the newest reading what it is, or kept it away.
        self.blame: tuple[Fault, ...] = ()
        #: What lay below it at the newest reading, when the world told.
        self.surface: Surface | None = None

    @property
    def fw(self) -> str:
        """Firmware version."""
        return self.state.fw or self._fw

    @property
    def interval_s(self) -> int:
        """Longest time between two reports, as `meta` names it."""
        return self.state.interval_s or self.device.interval_s

    def wait_s(self) -> float:
        """Return how long it sleeps now; adaptive makes hurry when the bin is nearly full."""
        state = self.state
        hurries = state.level_pct >= _HURRY_PCT or state.rate_pct_h >= _HURRY_PCT_H
        return self.interval_s / (2.0 if self.make.adaptive and hurries else 1.0)

    @property
    def heard_something(self) -> bool:
        """Tell whether the newest reading holds distances, and not a code for none."""
        last = self.state.last
        return last is not None and bool(last.d_mm) and last.d_mm != [self.make.no_echo_mm]

    def place(self, mount: FleetDevice) -> Place:
        """Return the spot of the bin in which the device hangs."""
        found = self._places.get(mount.bin_code)
        if found is None:
            found = self._places[mount.bin_code] = Place.of(self._seed, mount, self.plan)
        return found

    def reading(
        self, now: datetime, seen: Surface | float, *, mount: FleetDevice | None = None
    ) -> Telemetry | None:
        """Measure; None while the device is silent. The reading bears the true time.

        Parameters
        ----------
        seen
            What lies below the sensor, or only a level, %.
        mount
            Whose bin it hangs in; by default its own.

        """
        now_s = now.timestamp()
        self._live(now_s)
        if self.battery.is_empty:
            self.blame = (Fault.BATTERY_DEAD,)
            return None
        state, mount = self.state, mount or self.device
        state.seq += 1
        if self._dropout.active(now_s) is not None:
            self.blame = (Fault.DROPOUT,)
            return None
        if state.last is not None and self._dice.chance(self.plan.rate(Fault.COPY)):
            self.blame = (Fault.COPY,)
            state.seq -= 1
            return state.last.model_copy(update={"t": now})
        self.surface = seen if isinstance(seen, Surface) else None
        surface = seen if isinstance(seen, Surface) else plain_surface(now_s, seen)
        state.last = self._measure(now, now_s, surface, mount)
        return state.last

    def stamped(self, reading: Telemetry) -> Telemetry:
        """Return the reading with the time that the device's own clock shows."""
        true_s = reading.t.timestamp()
        shown = datetime.fromtimestamp(round(self.clock.shows(true_s), 3), reading.t.tzinfo)
        return reading.model_copy(update={"t": shown})

    def late(self, reading: Telemetry) -> Telemetry:
        """Return a reading as it is sent out of the memory: some makes say so."""
        if not self.make.names_faults:
            return reading
        codes = [*(reading.faults or ()), Code.HISTORY.value]
        return reading.model_copy(update={"faults": codes})

    def event(self, now: datetime, dt_s: float) -> Event | None:
        """Return what happened since the last reading, at most one thing, mostly nothing."""
        found = happened(self._dice, self.state, self.surface, dt_s)
        if found is None:
            return None
        kind, value = found
        self.state.seq += 1
        return Event(v=1, kind=kind, id=self.device.id, seq=self.state.seq, t=now, value=value)

    def meta(self) -> Meta:
        """Return what the device says of itself after connecting."""
        return Meta(
            v=1,
            id=self.device.id,
            model=self.make.model,
            fw=self.fw,
            interval_s=self.interval_s,
            sensor="ultrasonic",
        )

    def restart(self) -> None:
        """Begin anew: the counter too."""
        self.state.seq = 0

    def episodes(self, from_s: float, until_s: float) -> list[Episode]:
        """Return the faults that last, within a stretch of time."""
        lasting = (*self.head.episodes, self._dropout, self._reboot, self.radio.outages)
        found = [e for episodes in lasting for e in episodes.between(from_s, until_s)]
        return sorted(found + self.clock.labels(from_s, until_s), key=lambda e: e.from_s)

    def save(self) -> SensorState:
        """Return the state; it changes no more."""
        return replace(
            self.state,
            dice=self._dice.state,
            used_j=self.battery.used_j,
            held=list(self.head.held),
            held_from_s=self.head.held_from_s,
            radio=self.radio.save(),
            obeyed=list(self.state.obeyed),
        )

    def restore(self, state: SensorState) -> None:
        """Go on from a saved state."""
        self.state = replace(state, lived_s=state.lived_s or self.state.lived_s)
        self._dice = Dice(state.dice)
        self.battery.used_j = state.used_j or self.battery.used_j
        self.head.held, self.head.held_from_s = list(state.held), state.held_from_s
        if state.radio is not None:
            self.radio.restore(state.radio)

    def _measure(
        self, now: datetime, now_s: float, surface: Surface, mount: FleetDevice
    ) -> Telemetry:
        state, make, place = self.state, self.make, self.place(mount)
        self.battery.measure()
        self.battery.send(make.bearer, poor=place.dead_zone)
        temp, volt, fade, snr = self._dice.normals(4)
        scene = scene_of(surface, mount, place, at_s=now_s, film=self.head.film(now_s))
        heard = self.head.listen(self._dice, now_s, scene)
        self.blame = tuple(heard.faults)
        temp_c = _PROBE_ABSENT_C if self._probe_absent else round(scene.probe_c + 0.3 * temp, 1)
        bat_mv = int(self.battery.voltage_mv(scene.probe_c) + 2.0 * volt)
        codes = []
        if make.names_faults:
            codes += [Code.NO_ECHO.value] if not heard.echoes_mm else []
            codes += [Code.LOW_BATTERY.value] if bat_mv < _LOW_BATTERY_MV else []
        if heard.echoes_mm:
            state.reckon(self.device, now_s, heard.echoes_mm)
        elif make.no_echo_mm is not None:
            heard.echoes_mm = [make.no_echo_mm]
        # No validation: this is our own arithmetic, and 300,000 readings must take seconds.
        return Telemetry.model_construct(
            v=1,
            id=self.device.id,
            seq=state.seq,
            t=now,
            d_mm=heard.echoes_mm,
            bat_mv=bat_mv,
            temp_c=temp_c,
            tilt_deg=round(max(surface.tilt_deg, self._lean_deg) + 0.3 * abs(volt), 1),
            rssi_dbm=round(place.rssi_dbm + self._antenna_db + 3.0 * fade),
            snr_db=round(2 * (place.rssi_dbm + 112.0) / 3.0 + 3.0 * snr) / 2,
            fw=self.fw,
            faults=codes or None,
        )

    def _live(self, now_s: float) -> None:
        """Pass the time since the last time: sleep, restarts, a new battery."""
        state = self.state
        since_s = state.lived_s if state.lived_s is not None else now_s
        if now_s <= since_s:
            return
        state.lived_s = now_s
        self.battery.sleep(now_s - since_s)
        if self._reboot.begun(since_s, now_s) is not None:
            self.restart()
        ended = self._dropout.active(since_s)
        # Half of them end because a watchdog, or a person, begins the device anew.
        if ended is not None and ended.until_s <= now_s and ended.luck & 1:
            self.restart()
        if self.battery.is_empty:
            self._change_battery(now_s)

    def _change_battery(self, now_s: float) -> None:
        state, spec = self.state, CATALOGUE[Fault.BATTERY_DEAD]
        if not state.changed_at_s:
            waits = self._dice.chance(self.plan.rate(Fault.BATTERY_DEAD))
            wait_s = self._dice.lognormal(spec.median_h * 3600.0, spec.sigma) if waits else 0.0
            state.changed_at_s = now_s + wait_s
        if now_s >= state.changed_at_s:
            state.changed_at_s = 0.0
            self.battery.used_j = 0.0
            self.restart()
