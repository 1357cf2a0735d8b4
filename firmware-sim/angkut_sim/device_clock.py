"""The clock of a device: what it says while true time passes."""

from angkut_sim.dice import Dice
from angkut_sim.episodes import Episode, Episodes
from angkut_sim.fault_plan import FaultPlan
from angkut_sim.faults import Fault

#: A quartz within its specification, and how often the network sets it: seconds at most.
_HEALTHY_PPM = 20.0
_SET_EVERY_S = 86_400.0
#: Where a clock stands that was never set, s since 1970 UTC: 1970 and 2000.
_EPOCHS_S = (0.0, 946_684_800.0)
#: Hours that zone errors are off by: WIB, WITA and WIT taken for UTC and the other way round.
_ZONES_H = (7, 7, 7, 8, -7, -7, -7, -8, 1, -1)
_FAULTS = (Fault.CLOCK_LOST, Fault.CLOCK_ZONE, Fault.CLOCK_JUMP, Fault.CLOCK_DRIFT)


class DeviceClock:
    """What the clock of one device shows; a function of seed, device and time."""

    def __init__(self, seed: int, device_id: str, plan: FaultPlan) -> None:
        dice = Dice.seeded(seed, device_id, "clock")
        self._ppm = _HEALTHY_PPM * dice.normal()
        self._phase_s = dice.uniform(0.0, _SET_EVERY_S)
        self._episodes = [Episodes(seed, device_id, fault, plan) for fault in _FAULTS]

    def shows(self, at_s: float) -> float:
        """Return the device's time at true time `at_s`; both s since 1970 UTC."""
        for episodes in self._episodes:
            episode = episodes.active(at_s)
            if episode is not None:
                return at_s + offset_s(episode, at_s)
        return at_s + self._ppm * 1e-6 * ((at_s + self._phase_s) % _SET_EVERY_S)

    def labels(self, from_s: float, until_s: float) -> list[Episode]:
        """Return the clock's faults within a stretch of time."""
        return [e for episodes in self._episodes for e in episodes.between(from_s, until_s)]


def offset_s(episode: Episode, at_s: float) -> float:
    """Return how far the clock is ahead at this moment of its fault."""
    dice = episode.dice()
    since_s = at_s - episode.from_s
    match episode.fault:
        case Fault.CLOCK_LOST:
            return dice.choice(_EPOCHS_S) - episode.from_s
        case Fault.CLOCK_ZONE:
            return 3600.0 * dice.choice(_ZONES_H)
        case Fault.CLOCK_DRIFT:
            sign = -1.0 if dice.chance(0.5) else 1.0
            return sign * dice.uniform(150e-6, 800e-6) * since_s
        case _:
            # Minutes to hours, more often behind: a clock that stood still while the device slept.
            sign = -1.0 if dice.chance(0.7) else 1.0
            return sign * min(dice.lognormal(1800.0, 1.2), 20 * 3600.0)
