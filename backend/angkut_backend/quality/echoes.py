"""Which of several echoes is the surface of the waste."""

from collections.abc import Sequence
from statistics import median


def echo_of_surface(distances_mm: Sequence[int] | None) -> float | None:
    """Return the median echo, mm: one stray echo of a lid or a wall does not move it."""
    return float(median(distances_mm)) if distances_mm else None
