"""A level and the pace at which its bin fills, which remembers: a busy day follows a busy day.

In an hour with the mean gain g a bin gains g (1 + pace), give or take. The pace is a random walk
drawn back to 0 (an Ornstein-Uhlenbeck process), with the same memory for all bins. Level and pace
are believed in together (a Kalman filter), so that a rise beyond what was expected tells of both.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from angkut_backend.forecast.history import Floats, Mask

#: What is left of a pace a day later. On seeds 1 to 3 of the bench 0.25 and 0.4 differ by less than
#: 1 %; days of bins remember 0.55 there.
MEMORY_A_DAY = 0.5
_KEPT = MEMORY_A_DAY ** (1 / 24)
#: Variance of the mean over a day, as a share of that of an hour.
_FORGETS = -math.log(MEMORY_A_DAY)
_DAY_SHARE = 2 * (_FORGETS - 1 + MEMORY_A_DAY) / _FORGETS**2
#: A pace below this would be a bin that next to nobody uses any more, and the mean goes no further.
_SLOWEST, _FASTEST = -0.8, 3.0


@dataclass(frozen=True, slots=True)
class Belief:
    """What is believed of b bins; all arrays are [b]."""

    level_pct: Floats
    level_var: Floats
    #: Relative: 0 is the usual pace, 1 twice as fast.
    pace: Floats
    pace_var: Floats
    #: Covariance of level and pace, %.
    both: Floats

    @classmethod
    def of(cls, level_pct: Floats, level_var: Floats, kappa: Floats) -> "Belief":
        """Begin with levels and the usual pace."""
        nothing = np.zeros_like(level_pct)
        return cls(level_pct, level_var, nothing, kappa**2 / _DAY_SHARE, nothing)

    def grown(self, gain_pct: Floats, phi: Floats, kappa: Floats) -> "Belief":
        """Let an hour pass.

        Parameters
        ----------
        gain_pct
            What this hour brings on average, % [b].
        phi, kappa
            Of each bin, as in `FillModel`; `kappa` is of sums over a day. [b]
        """
        expected = gain_pct * (1 + self.pace)
        spread = phi * expected + gain_pct * (2 * self.both + gain_pct * self.pace_var)
        return Belief(
            self.level_pct + expected,
            self.level_var + spread,
            _KEPT * self.pace,
            _KEPT**2 * self.pace_var + (1 - _KEPT**2) * kappa**2 / _DAY_SHARE,
            _KEPT * (self.both + gain_pct * self.pace_var),
        )

    def drawn(self, off_pct: Floats, noise_var: Floats, use: Mask) -> "Belief":
        """Draw level and pace towards readings that lie so far off and err so much."""
        total = self.level_var + noise_var
        weight = np.where(use, self.level_var / total, 0)
        share = np.where(use, self.both / total, 0)
        return Belief(
            np.clip(self.level_pct + weight * off_pct, 0, 200),
            self.level_var * (1 - weight),
            np.clip(self.pace + share * off_pct, _SLOWEST, _FASTEST),
            self.pace_var - share * self.both,
            self.both * (1 - weight),
        )

    def set(self, where: Mask, level_pct: Floats | float, level_var: Floats | float) -> "Belief":
        """Put levels that say nothing of the pace in place of what was believed."""
        return replace(
            self,
            level_pct=np.where(where, level_pct, self.level_pct),
            level_var=np.where(where, level_var, self.level_var),
            both=np.where(where, 0, self.both),
        )
