"""What a sensor would say of a bin if it hung there as measured: tried before it is saved."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from angkut_backend.registry.hanging import Hanging

#: What is believed of a level, per cent, as in `derive_reading`: noise and a soft floor give a few
#: below 0, a heap a few above 100.
LOWEST_PCT = -10.0
HIGHEST_PCT = 120.0
#: No sensor sees anything so near: what it answers then is a code, not a distance (mm).
NOT_A_DISTANCE_MM = 20


class Verdict(StrEnum):
    """What to think of a reading at the bin."""

    PLAUSIBLE = "plausible"
    #: It heard nothing: lid over its face, foam, a slanted surface.
    NO_ECHO = "no_echo"
    #: It says neither a distance nor a level.
    NO_LEVEL = "no_level"
    #: Something is above the full line: a bracket, the lid, a wrong measure.
    TOO_NEAR = "too_near"
    #: Farther than the bottom: a wrong measure, or it looks past the bin.
    TOO_FAR = "too_far"


@dataclass(frozen=True, slots=True)
class Trial:
    """A level as it would be derived, and what to think of it."""

    #: Per cent, 0 at least; None where there is none.
    fill_pct: float | None
    verdict: Verdict


def judge(
    hanging: Hanging,
    *,
    distances_mm: Sequence[int] | None,
    distance_mm: float | None,
    reported_fill_pct: float | None,
) -> Trial:
    """Derive a level as `derive_reading` would, and say what to think of it.

    `distances_mm` are all echoes (none: it heard nothing; None: it measures no distance),
    `distance_mm` the one taken for the surface.
    """
    if distances_mm is None:
        if reported_fill_pct is None:
            return Trial(None, Verdict.NO_LEVEL)
        return _within(reported_fill_pct)
    if not distances_mm or distance_mm is None:
        return Trial(None, Verdict.NO_ECHO)
    if distance_mm <= NOT_A_DISTANCE_MM:
        return Trial(None, Verdict.TOO_NEAR)
    depth_mm = math.cos(math.radians(hanging.angle_deg)) * (distance_mm + hanging.offset_mm)
    return _within(100 * (hanging.d_empty_mm - depth_mm) / (hanging.d_empty_mm - hanging.d_full_mm))


def _within(level_pct: float) -> Trial:
    if level_pct < LOWEST_PCT:
        return Trial(None, Verdict.TOO_FAR)
    if level_pct > HIGHEST_PCT:
        return Trial(None, Verdict.TOO_NEAR)
    return Trial(max(level_pct, 0.0), Verdict.PLAUSIBLE)
