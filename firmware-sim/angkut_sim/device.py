"""One bin sensor: what it measures, and what it says about itself.

Noise, battery and radio figures are practitioners' knowledge, not measurements of ours.
"""

import math
from dataclasses import dataclass, replace
from datetime import datetime

from angkut_broker.messages import Event, EventKind, Meta, Telemetry
from angkut_sim.dice import Dice
from angkut_sim.fleet_file import FleetDevice

#: An ultrasonic sensor hears nothing nearer than this, mm.
BLIND_ZONE_MM = 30
#: Noise of one echo, mm (standard deviation).
NOISE_MM = 8.0
#: Share of readings with one stray echo, and without any echo.
STRAY_SHARE = 0.02
NO_ECHO_SHARE = 0.005
#: A device is silent once in this time on average, for hours: median and sigma of the logarithm.
SILENCE_EVERY_S = 4 * 86_400.0
SILENCE_MEDIAN_S = 4 * 3600.0
SILENCE_SIGMA = 0.8
#: Mean time between events of one device, s.
EVENT_EVERY_S = {
    EventKind.LID: 2 * 86_400.0,
    EventKind.TILT: 30 * 86_400.0,
    EventKind.FIRE: 600 * 86_400.0,
}

MODEL = "angkut-sim-us1"
_FIRMWARE = ("1.4.2", "1.4.2", "1.4.1", "1.3.9")
_BATTERY_LIFE_S = 4 * 365.25 * 86_400.0
#: How many echoes a reading has; mostly three or four.
_ECHOES = (1, 2, 2, 3, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4)
_WIB_S = 7 * 3600
_RADIANS_PER_S = 2 * math.pi / 86_400
#: Warmest at 13:00 WIB.
_WARMEST_S = 13 * 3600


@dataclass(slots=True)
class SensorState:
    """What changes about a sensor; all that must be saved. Times are s since 1970 UTC."""

    seq: int
    silent_from_s: float
    silent_until_s: float
    #: When its battery was put in.
    battery_since_s: float
    dice: int


class Sensor:
    """One device. Its draws depend on nothing but its seed and its id."""

    def __init__(self, seed: int, device: FleetDevice, at_s: float) -> None:
        self.device = device
        habit = Dice.seeded(seed, device.id, "habit")
        self.fw = habit.choice(_FIRMWARE)
        self._rssi_dbm = -98.0 + 9.0 * habit.normal()
        self._dice = Dice.seeded(seed, device.id, "sensor")
        age_s = self._dice.uniform(0.0, 0.98) * _BATTERY_LIFE_S
        self._state = SensorState(0, at_s, at_s, at_s - age_s, 0)

    def reading(self, now: datetime, level_pct: float) -> Telemetry | None:
        """Measure; None while the device is silent. The counter runs on, so the gap shows."""
        now_s = now.timestamp()
        state = self._state
        state.seq += 1
        if self._is_silent(now_s):
            return None
        temp, battery, rssi, snr = self._dice.normals(4)
        temp_c = _temperature_c(now_s) + 0.6 * temp
        # No validation: this is our own arithmetic, and 300,000 readings must take seconds.
        return Telemetry.model_construct(
            v=1,
            id=self.device.id,
            seq=state.seq,
            t=now,
            d_mm=self._echoes(level_pct),
            bat_mv=self._battery_mv(now_s, temp_c) + int(2 * battery),
            temp_c=round(temp_c, 1),
            rssi_dbm=int(self._rssi_dbm + 3.0 * rssi),
            snr_db=round(2 * (self._rssi_dbm + 112.0) / 3.0 + 3.0 * snr) / 2,
            fw=self.fw,
        )

    def event(self, now: datetime, dt_s: float) -> Event | None:
        """Return what happened in the last `dt_s` seconds, very rarely anything."""
        for kind, every_s in EVENT_EVERY_S.items():
            if self._dice.chance(dt_s / every_s):
                self._state.seq += 1
                value = {
                    EventKind.LID: 1.0,
                    EventKind.TILT: round(self._dice.uniform(20, 85), 1),
                    EventKind.FIRE: round(self._dice.uniform(70, 120), 1),
                }[kind]
                return Event(
                    v=1, kind=kind, id=self.device.id, seq=self._state.seq, t=now, value=value
                )
        return None

    def meta(self) -> Meta:
        """Return what the device says of itself after connecting."""
        return Meta(
            v=1,
            id=self.device.id,
            model=MODEL,
            fw=self.fw,
            interval_s=self.device.interval_s,
            sensor="ultrasonic",
        )

    def save(self) -> SensorState:
        """Return the state; it changes no more."""
        return replace(self._state, dice=self._dice.state)

    def restore(self, state: SensorState) -> None:
        """Go on from a saved state."""
        self._state = state
        self._dice = Dice(state.dice)

    def _echoes(self, level_pct: float) -> list[int]:
        device = self.device
        span_mm = device.d_empty_mm - device.d_full_mm
        distance_mm = device.d_empty_mm - level_pct / 100.0 * span_mm
        luck = self._dice.uniform()
        if luck < NO_ECHO_SHARE:
            return []
        count = self._dice.choice(_ECHOES)
        echoes = [
            max(BLIND_ZONE_MM, round(distance_mm + NOISE_MM * noise))
            for noise in self._dice.normals(count)
        ]
        if luck > 1.0 - STRAY_SHARE:
            # A second bounce, the wall, a bag at the lens: anything up to twice the depth.
            stray_mm = self._dice.uniform(BLIND_ZONE_MM, 2.0 * device.d_empty_mm)
            echoes[int(self._dice.uniform(0, count))] = round(stray_mm)
        return echoes

    def _is_silent(self, now_s: float) -> bool:
        state = self._state
        while now_s >= state.silent_until_s:
            state.silent_from_s = state.silent_until_s + self._dice.exponential(SILENCE_EVERY_S)
            state.silent_until_s = state.silent_from_s + self._dice.lognormal(
                SILENCE_MEDIAN_S, SILENCE_SIGMA
            )
        return now_s >= state.silent_from_s

    def _battery_mv(self, now_s: float, temp_c: float) -> int:
        used = (now_s - self._state.battery_since_s) / _BATTERY_LIFE_S
        if used >= 1.0:
            self._state.battery_since_s = now_s
            used = 0.0
        # A lithium cell: flat for most of its life, then a knee; lower when it is cold.
        knee_mv = 6000.0 * max(0.0, used - 0.9)
        return int(3650.0 - 80.0 * used - knee_mv + 1.5 * (temp_c - 28.0))


def _temperature_c(now_s: float) -> float:
    """Return the air temperature in a bin in Bekasi, °C."""
    return 28.5 + 4.0 * math.cos((now_s + _WIB_S - _WARMEST_S) * _RADIANS_PER_S)
