"""What is true in a bin, apart from what any sensor says of it.

The world writes these; a device may sense only a `Surface`, and no estimate may look at the
rest. Scores compare estimates with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Surface:
    """What a sensor under the lid has below it at one moment.

    Levels are % of the mounting's span: 0 is the empty bin's ground, 100 the full line; a heap
    lies above 100.
    """

    #: Mean height of the waste.
    fill_pct: float
    #: Standard deviation of the height over the opening: bags make hills.
    rough_pct: float = 0.0
    #: Chance that the waste swallows an echo (foam, leaves, cloth), 0 to 1.
    soft: float = 0.0
    #: The lid is up: thrown open by somebody just now, or left open for hours.
    lid_open: bool = False
    #: A bag that leans up to this height within the beam; None mostly.
    near_pct: float | None = None
    #: How far the bin stands from upright, degrees; beyond 45 it lies on the street.
    tilt_deg: float = 0.0
    #: Air in the bin, °C.
    air_c: float = 28.0
    #: Rain outside, mm an hour.
    rain_mm_h: float = 0.0
    #: The street is under water.
    flooded: bool = False


class TruthKind(StrEnum):
    """What can happen at a bin."""

    #: A truck emptied it; `share_left` is 0, or what stayed in a partial emptying.
    COLLECTED = "collected"
    #: A truck was to come and did not; `note` says why.
    SKIPPED = "skipped"
    #: Something large was put in or beside it.
    BULKY = "bulky"
    #: Waste pickers took something out.
    PICKED = "picked"
    #: A person pressed the waste down.
    PRESSED = "pressed"
    #: The lid was left open.
    LID_OPEN = "lid_open"
    #: A bag leaned towards the sensor.
    BAG_LEANED = "bag_leaned"
    #: The bin lay on its side; some of the waste fell out beside it.
    KNOCKED_OVER = "knocked_over"
    #: The street was under water.
    FLOODED = "flooded"
    #: Waste over the rim or beside the bin, from the first moment to the last.
    OVERFLOW = "overflow"


@dataclass(frozen=True, slots=True)
class TruthEvent:
    """One thing that happened at a bin. Times are s since 1970 UTC."""

    kind: TruthKind
    bin_code: str
    at_s: float
    #: The end; equal to `at_s` for what takes no time, infinite while it lasts.
    until_s: float
    #: Level just before and just after, % of the bin's volume; of overflow and flood at their end.
    before_pct: float
    after_pct: float
    #: Waste that arrived, was taken or fell out, litres as they were thrown away.
    amount_l: float = 0.0
    #: Of a collection: the share that stayed in the bin, 0 to 1.
    share_left: float = 0.0
    note: str = ""


class Truth(Protocol):
    """What the world tells about a stretch of time it has lived through."""

    @property
    def codes(self) -> Sequence[str]:
        """The bins, by printed code."""

    @property
    def span_s(self) -> tuple[float, float]:
        """The stretch that can be asked about, [from, to], s since 1970 UTC."""

    def surface(self, bin_code: str, at_s: float) -> Surface:
        """Return what a sensor in this bin has below it at this moment, in order or not."""

    def events(self, bin_code: str) -> Sequence[TruthEvent]:
        """Return what happened at this bin within the stretch, by time."""
