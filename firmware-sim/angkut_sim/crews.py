"""How a plan is carried out: early or late, sometimes not at all, sometimes by half."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from angkut_sim.daybook import MOST_VISITS
from angkut_sim.days import DAY_S, day_of, day_start_s

_SLOT_S = DAY_S // MOST_VISITS
#: What stays in the bin of a partial emptying, as a share.
_LEFT = (0.1, 0.5)


@dataclass(frozen=True, slots=True)
class Crews:
    """How well trucks follow a plan."""

    #: Visits that do not happen: a parked car, a broken truck. Invented.
    skipped_share: float = 0.03
    #: Emptyings that leave something: of Wyndham's drops 4.7 % stop above zero.
    partial_share: float = 0.047
    #: A truck comes this much early or late (standard deviation).
    jitter_s: float = 900.0
    #: Visits that do not happen on the two days of Idul Fitri. Invented: the city runs shifts.
    feast_skipped_share: float = 0.4
    #: What the town's trucks can haul in an operational day, litres; None is no limit.
    haul_l_a_day: float | None = None

    def arrival_s(self, planned_s: float, luck: NDArray[np.float64]) -> float:
        """Return when the truck really comes; within the same quarter of the day."""
        begins_s = day_start_s(day_of(planned_s)) + slot(planned_s) * _SLOT_S
        at_s = planned_s + self.jitter_s * float(luck[3])
        return min(max(at_s, begins_s), begins_s + _SLOT_S - 1.0)

    def hindrance(
        self, luck: NDArray[np.float64], *, flooded: bool, feast: bool, hauled_l: float
    ) -> str:
        """Return why a visit does not happen; empty when it does."""
        if flooded:
            return "flood"
        if feast and luck[0] < self.feast_skipped_share:
            return "feast"
        if luck[0] > 1 - self.skipped_share:
            return "blocked"
        if self.haul_l_a_day is not None and hauled_l >= self.haul_l_a_day:
            return "trucks full"
        return ""

    def share_left(self, luck: NDArray[np.float64]) -> float:
        """Return what stays in the bin."""
        low, high = _LEFT
        return low + (high - low) * float(luck[2]) if luck[1] < self.partial_share else 0.0


def slot(at_s: float) -> int:
    """Return which of the day's visits this is: luck is drawn per quarter of the day."""
    return int(at_s - day_start_s(day_of(at_s))) // _SLOT_S


@dataclass(frozen=True, slots=True)
class Sight:
    """How well sensors see, as far as a policy is concerned."""

    #: Noise of a level, % (standard deviation).
    noise_pct: float = 2.0
    #: Share of bin-days without a report.
    silent_share: float = 0.02
