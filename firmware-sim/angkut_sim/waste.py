"""The waste in and beside the bins, and what can be done to it.

Waste is counted in litres as thrown away. It settles: the litres stay, the height they take
shrinks. At any moment, for every bin, what arrived is what lies in it, beside it, was collected,
or was taken by pickers.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: The heap on top of a full bin, % of its volume; what comes later lies beside it.
HEAP_LIMIT_PCT = 115.0
#: Waste sinks to this share of its first height, with this time constant; pressing stops at the
#: lower one. That levels drop by 1 to 5 % as waste settles is own knowledge of practitioners.
SETTLED, _SETTLING_H = 0.93, 30.0
DENSEST = 0.5
#: A bulky item of more than this share of the bin is put beside it.
_BULKY_FITS = 0.5


@dataclass(slots=True)
class Waste:
    """One number per bin; all but `volume_l` change."""

    volume_l: Floats
    #: Litres as thrown away, in the bin and beside it.
    content_l: Floats
    beside_l: Floats
    #: Litres that the content takes up now.
    occupied_l: Floats
    #: Sums since the beginning; what lay there at first counts as arrived.
    arrived_l: Floats
    collected_l: Floats
    picked_l: Floats

    @classmethod
    def filled(cls, volume_l: Floats, content_l: Floats) -> "Waste":
        """Return bins that hold so much fresh waste."""
        content, zeros = np.array(content_l, float), np.zeros(len(volume_l))
        return cls(
            volume_l=np.array(volume_l, float),
            content_l=content.copy(),
            beside_l=zeros.copy(),
            occupied_l=content.copy(),
            arrived_l=content,
            collected_l=zeros.copy(),
            picked_l=zeros,
        )

    @property
    def level_pct(self) -> Floats:
        """How full the bins are, % of their volume; above 100 is a heap."""
        return 100 * self.occupied_l / self.volume_l

    @property
    def overflowing(self) -> NDArray[np.bool_]:
        """Where waste is at the rim or above, or beside the bin."""
        return (self.occupied_l >= self.volume_l) | (self.beside_l > 0)

    @property
    def imbalance_l(self) -> Floats:
        """Litres that came from nowhere or vanished: nothing but rounding."""
        there = self.content_l + self.beside_l + self.collected_l + self.picked_l
        return self.arrived_l - there

    def throw_in(self, litres: Floats) -> None:
        """Put waste into every bin; what the heap does not hold lies beside it."""
        room_l = np.maximum(0.0, HEAP_LIMIT_PCT / 100 * self.volume_l - self.occupied_l)
        inside_l = np.minimum(litres, room_l)
        self.arrived_l += litres
        self.content_l += inside_l
        self.occupied_l += inside_l
        self.beside_l += litres - inside_l

    def settle(self, seconds: float) -> None:
        """Let time pass: fresh waste sinks."""
        excess_l = np.maximum(0.0, self.occupied_l - SETTLED * self.content_l)
        self.occupied_l -= excess_l * -math.expm1(-seconds / 3600 / _SETTLING_H)

    def leave_bulky(self, index: int, litres: float) -> None:
        """Leave one large thing in a bin, or beside it."""
        self.arrived_l[index] += litres
        room_l = HEAP_LIMIT_PCT / 100 * self.volume_l[index] - self.occupied_l[index]
        if litres <= min(room_l, _BULKY_FITS * self.volume_l[index]):
            self.content_l[index] += litres
            self.occupied_l[index] += litres
        else:
            self.beside_l[index] += litres

    def pick(self, index: int, share: float) -> float:
        """Take a share of the content away; return the litres."""
        taken_l = float(share * self.content_l[index])
        self.content_l[index] -= taken_l
        self.occupied_l[index] *= 1 - share
        self.picked_l[index] += taken_l
        return taken_l

    def press(self, index: int, height_share: float) -> None:
        """Press the content down to a share of its height, as far as it goes."""
        pressed_l = max(height_share * self.occupied_l[index], DENSEST * self.content_l[index])
        self.occupied_l[index] = min(self.occupied_l[index], pressed_l)

    def spill(self, index: int, share: float) -> float:
        """Let a share of the content fall out beside the bin; return the litres."""
        fallen_l = float(share * self.content_l[index])
        self.content_l[index] -= fallen_l
        self.occupied_l[index] *= 1 - share
        self.beside_l[index] += fallen_l
        return fallen_l

    def empty(self, index: int, share_left: float) -> float:
        """Empty a bin but for a share, and take what lies beside it; return the litres.

        A crew that does not finish the bin leaves the same share beside it.
        """
        taken_l = float((1 - share_left) * (self.content_l[index] + self.beside_l[index]))
        self.content_l[index] *= share_left
        self.occupied_l[index] *= share_left
        self.beside_l[index] *= share_left
        self.collected_l[index] += taken_l
        return taken_l
