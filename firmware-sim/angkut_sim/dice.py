"""A small random generator whose whole state is one integer.

The state file holds hundreds of generators and is written every few seconds; Python's own
generator would put 625 numbers into it for each. This is SplitMix64 (Steele, Lea, Flood:
"Fast splittable pseudorandom number generators", OOPSLA 2014, section 4). Not for secrets.
"""

import math
from collections.abc import Sequence
from hashlib import blake2b
from statistics import NormalDist
from typing import TypeVar

_T = TypeVar("_T")

_MASK = (1 << 64) - 1
_GAMMA = 0x9E3779B97F4A7C15
#: 2**-53: a float has 53 bits.
_UNIT = math.ldexp(1.0, -53)
_NORMAL_BITS = 12
_NORMAL_MASK = (1 << _NORMAL_BITS) - 1
#: Standard normal quantiles at the middles of 4096 equal shares: a normal draw is one look-up.
_NORMALS: tuple[float, ...] = tuple(
    NormalDist().inv_cdf((index + 0.5) / (1 << _NORMAL_BITS)) for index in range(1 << _NORMAL_BITS)
)


class Dice:
    """One stream of draws; the same state gives the same draws."""

    __slots__ = ("state",)

    def __init__(self, state: int) -> None:
        #: All there is to save.
        self.state = state

    @classmethod
    def seeded(cls, *names: object) -> "Dice":
        """Return the stream with this name; streams of different names are independent."""
        name = ":".join(str(part) for part in names)
        return cls(int.from_bytes(blake2b(name.encode(), digest_size=8).digest()))

    def bits(self) -> int:
        """Return 64 random bits."""
        self.state = z = (self.state + _GAMMA) & _MASK
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
        return z ^ (z >> 31)

    def uniform(self, low: float = 0.0, high: float = 1.0) -> float:
        """Return a number from `low` up to but not including `high`."""
        return low + (high - low) * (self.bits() >> 11) * _UNIT

    def chance(self, probability: float) -> bool:
        """Return true with this probability."""
        return self.uniform() < probability

    def normal(self) -> float:
        """Return a standard normal number (within 3.7, in 4096 steps)."""
        return _NORMALS[self.bits() & _NORMAL_MASK]

    def normals(self, count: int) -> list[float]:
        """Return up to five standard normal numbers out of one draw."""
        bits = self.bits()
        return [_NORMALS[(bits >> shift) & _NORMAL_MASK] for shift in range(0, 12 * count, 12)]

    def lognormal(self, median: float, sigma: float) -> float:
        """Return a log-normal number; `sigma` is the standard deviation of its logarithm."""
        return median * math.exp(sigma * self.normal())

    def exponential(self, mean: float) -> float:
        """Return an exponential number."""
        return -mean * math.log(1.0 - self.uniform())

    def choice(self, options: Sequence[_T]) -> _T:
        """Return one of the options, all equally likely."""
        return options[self.bits() % len(options)]
