"""The way from a device to the network: bursts of loss, dead zones, outages, delay.

Loss follows the model of Gilbert and Elliott (Bell System Technical Journal 39, 1960, and 42,
1963), here in continuous time: the channel is good or bad, each for an exponential time.
"""

import math
from dataclasses import dataclass

from angkut_sim.dice import Dice
from angkut_sim.episodes import Episodes
from angkut_sim.fault_plan import FaultPlan
from angkut_sim.faults import Fault
from angkut_sim.fleet_file import FleetDevice

#: Mean time in the bad state, and what is lost in it; nothing is lost in the good one.
BAD_MEAN_S = 2.0 * 3600
BAD_LOSS = 0.6
_DEAD_ZONE_LOSS = 1.0 / 3.0
#: Time on the way: NB-IoT wakes its modem, LoRaWAN crosses a network server.
_DELAY_MEDIAN_S, _DELAY_SIGMA = 2.5, 0.7
_HELD_MEDIAN_S, _HELD_SIGMA = 300.0, 0.9
_DEAD_ZONE_DB = 14.0
#: Longer than any run; not infinite, which the state file cannot hold.
_NEVER_S = 1e12
#: Places within this many degrees share walls and cells (about 200 m).
_CELL_DEG = 0.002


@dataclass(frozen=True, slots=True)
class Place:
    """What the spot where a bin stands does to radio and thermometer, whatever device is there."""

    #: Mean signal of a device there.
    rssi_dbm: float
    dead_zone: bool
    #: How much warmer the lid is than the shade at noon of a clear day, °C.
    sun_c: float

    @classmethod
    def of(cls, seed: int, device: FleetDevice, plan: FaultPlan) -> "Place":
        """Return the spot of a device's own bin."""
        cell = device.bin_code
        if device.lon is not None and device.lat is not None:
            cell = f"{math.floor(device.lon / _CELL_DEG)}:{math.floor(device.lat / _CELL_DEG)}"
        around = Dice.seeded(seed, cell, "cell")
        spot = Dice.seeded(seed, device.bin_code, "spot")
        # Shadowing is shared by a street corner; reflections differ from one bin to the next.
        rssi_dbm = -100.0 + 7.0 * around.normal() + 4.0 * spot.normal()
        dead = Dice.seeded(seed, cell, "dead zone").chance(plan.rate(Fault.DEAD_ZONE))
        sun_c = 0.0 if spot.chance(0.3) else spot.uniform(2.0, 18.0)
        return cls(rssi_dbm - (_DEAD_ZONE_DB if dead else 0.0), dead, sun_c)


@dataclass(slots=True)
class RadioState:
    """The channel as it is; all that must be saved. Times are s since 1970 UTC."""

    bad: bool
    until_s: float
    dice: int


class Radio:
    """The channel of one device."""

    def __init__(self, seed: int, device_id: str, plan: FaultPlan, at_s: float) -> None:
        self._dice = Dice.seeded(seed, device_id, "radio")
        # Share of time in the bad state, so that so much is lost over all.
        self._bad_share = min(0.9, plan.rate(Fault.RADIO_LOSS) / BAD_LOSS)
        self._delay_share = plan.rate(Fault.DELAY)
        self._duplicate_share = plan.rate(Fault.DUPLICATE)
        self.outages = Episodes(seed, device_id, Fault.RADIO_OUTAGE, plan)
        bad = self._dice.chance(self._bad_share)
        self._state = RadioState(bad, at_s + self._stay_s(bad=bad), 0)

    def is_out(self, at_s: float) -> bool:
        """Tell whether there is no cell at all."""
        return self.outages.active(at_s) is not None

    def loses(self, at_s: float, place: Place) -> Fault | None:
        """Draw whether a message sent now gets lost, and by which fault."""
        state = self._state
        while self._bad_share and at_s >= state.until_s:
            state.bad = not state.bad
            state.until_s += self._stay_s(bad=state.bad)
        if place.dead_zone and self._dice.chance(_DEAD_ZONE_LOSS):
            return Fault.DEAD_ZONE
        if state.bad and self._dice.chance(BAD_LOSS):
            return Fault.RADIO_LOSS
        return None

    def delays(self) -> list[float]:
        """Draw how long a message is on its way, s: once, or twice when it is delivered twice."""
        dice = self._dice
        delay_s = dice.lognormal(_DELAY_MEDIAN_S, _DELAY_SIGMA)
        if dice.chance(self._delay_share):
            delay_s += dice.lognormal(_HELD_MEDIAN_S, _HELD_SIGMA)
        if dice.chance(self._duplicate_share):
            return [delay_s, delay_s + dice.lognormal(10.0, 0.5)]
        return [delay_s]

    def save(self) -> RadioState:
        """Return the state; it changes no more."""
        return RadioState(self._state.bad, self._state.until_s, self._dice.state)

    def restore(self, state: RadioState) -> None:
        """Go on from a saved state."""
        self._state = RadioState(state.bad, state.until_s, state.dice)
        self._dice = Dice(state.dice)

    def _stay_s(self, *, bad: bool) -> float:
        if bad:
            return self._dice.exponential(BAD_MEAN_S)
        share = self._bad_share
        # Drawn also when it never turns bad: other rates must not change the other draws.
        luck = self._dice.exponential(1.0)
        return luck * BAD_MEAN_S * (1.0 - share) / share if share else _NEVER_S
