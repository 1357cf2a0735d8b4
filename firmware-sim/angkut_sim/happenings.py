"""What the switches of a device notice between two readings."""

from angkut_broker.messages import EventKind
from angkut_sim.device_state import SensorState
from angkut_sim.dice import Dice
from angkut_sim.truth import Surface

#: Mean time between events of one device that the world does not tell of, s.
EVENT_EVERY_S = {
    EventKind.LID: 2 * 86_400.0,
    EventKind.TILT: 30 * 86_400.0,
    EventKind.FIRE: 600 * 86_400.0,
}
#: Bins that lean less stand.
TIPPED_DEG = 30.0


def happened(
    dice: Dice, state: SensorState, surface: Surface | None, dt_s: float
) -> tuple[EventKind, float] | None:
    """Return one thing that happened in the last `dt_s` seconds: its kind and its value.

    Lid and tilt follow the surface where the world tells of one; else they are drawn, as fire is.
    """
    if surface is not None and surface.lid_open != state.lid_open:
        state.lid_open = surface.lid_open
        return EventKind.LID, 1.0 if surface.lid_open else 0.0
    if surface is not None and (surface.tilt_deg >= TIPPED_DEG) != state.tipped:
        state.tipped = not state.tipped
        return EventKind.TILT, round(surface.tilt_deg, 1)
    for kind, every_s in EVENT_EVERY_S.items():
        if surface is not None and kind is not EventKind.FIRE:
            continue
        if dice.chance(dt_s / every_s):
            return kind, _drawn(dice, kind)
    return None


def _drawn(dice: Dice, kind: EventKind) -> float:
    match kind:
        case EventKind.TILT:
            return round(dice.uniform(20, 85), 1)
        case EventKind.FIRE:
            return round(dice.uniform(70, 120), 1)
        case _:
            return 1.0
