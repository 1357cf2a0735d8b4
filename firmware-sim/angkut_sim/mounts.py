"""Which bin each device hangs in: its own, or after a mistake at maintenance its neighbour's."""

from collections.abc import Sequence
from dataclasses import replace

from angkut_sim.episodes import Episode, Episodes
from angkut_sim.fault_plan import FaultPlan
from angkut_sim.faults import Fault
from angkut_sim.fleet_file import FleetDevice


class Mounts:
    """Pairs of neighbours in the order of the fleet: each device may be confused with one other."""

    def __init__(self, seed: int, devices: Sequence[FleetDevice], plan: FaultPlan) -> None:
        self._swaps: dict[str, tuple[FleetDevice, Episodes]] = {}
        for one, other in zip(devices[::2], devices[1::2], strict=False):
            swaps = Episodes(seed, f"{one.id} {other.id}", Fault.SWAPPED, plan)
            self._swaps[one.id] = (other, swaps)
            self._swaps[other.id] = (one, swaps)

    def mount(self, device: FleetDevice, at_s: float) -> FleetDevice:
        """Return the device whose bin this one hangs in."""
        pair = self._swaps.get(device.id)
        if pair is None or pair[1].active(at_s) is None:
            return device
        return pair[0]

    def partner(self, device: FleetDevice) -> FleetDevice | None:
        """Return the one that it may be confused with."""
        pair = self._swaps.get(device.id)
        return pair[0] if pair else None

    def episodes(self, device: FleetDevice, from_s: float, until_s: float) -> list[Episode]:
        """Return when it hung in the wrong bin, within a stretch of time."""
        pair = self._swaps.get(device.id)
        merged: list[Episode] = []
        for episode in pair[1].between(from_s, until_s) if pair else ():
            # A second mistake while the first lasts changes nothing.
            if merged and episode.from_s <= merged[-1].until_s:
                ends_s = max(episode.until_s, merged[-1].until_s)
                merged[-1] = replace(merged[-1], until_s=ends_s)
            else:
                merged.append(episode)
        return merged
