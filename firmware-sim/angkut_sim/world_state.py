"""What must be kept of a world to go on with it later.

Luck needs no keeping: it follows from the seed, the bin and the day.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from angkut_sim.policies import Visit
from angkut_sim.world import World

_WASTE = ("content_l", "beside_l", "occupied_l", "arrived_l", "collected_l", "picked_l")


@dataclass(frozen=True, slots=True)
class BinState:
    """One bin; the fields of `Waste` and `World` of the same names."""

    content_l: float
    beside_l: float
    occupied_l: float
    arrived_l: float
    collected_l: float
    picked_l: float
    emptied: int
    emptied_at_s: float
    over_since_s: float | None
    flood_since_s: float | None


@dataclass(frozen=True, slots=True)
class WorldState:
    """A world at a moment, by bin code."""

    at_s: float
    bins: Mapping[str, BinState]
    #: (when the truck comes, bin code, when it was planned).
    pending: list[tuple[float, str, float]]
    #: Operational day and litres hauled in it.
    hauled: tuple[int, float]


def save(world: World) -> WorldState:
    """Return the state of a world."""
    codes = [place.code for place in world.places]
    columns = [getattr(world.waste, name).tolist() for name in _WASTE]
    columns += [world.emptied.tolist(), world.emptied_at_s.tolist()]
    columns += [
        [None if math.isnan(at_s) else at_s for at_s in since_s.tolist()]
        for since_s in (world.over_since_s, world.flood_since_s)
    ]
    return WorldState(
        at_s=world.at_s,
        bins={code: BinState(*row) for code, *row in zip(codes, *columns, strict=True)},
        pending=[(at_s, codes[visit.bin], visit.at_s) for at_s, visit in world.pending],
        hauled=world.hauled,
    )


def restore(world: World, state: WorldState) -> None:
    """Put the bins that the state knows into it; the world's time becomes the state's."""
    world.at_s, world.hauled = state.at_s, state.hauled
    numbers = {place.code: number for number, place in enumerate(world.places)}
    for code, each in state.bins.items():
        if code not in numbers:
            continue
        number = numbers[code]
        for name in _WASTE:
            getattr(world.waste, name)[number] = getattr(each, name)
        world.emptied[number] = each.emptied
        world.emptied_at_s[number] = each.emptied_at_s
        world.over_since_s[number] = _nan(each.over_since_s)
        world.flood_since_s[number] = _nan(each.flood_since_s)
    world.pending += [
        (at_s, Visit(numbers[code], planned_s))
        for at_s, code, planned_s in state.pending
        if code in numbers
    ]
    world.pending.sort()


def _nan(at_s: float | None) -> float:
    return math.nan if at_s is None else at_s
