"""Which of several echoes is the surface of the waste."""

from collections.abc import Sequence


def echo_of_surface(distances_mm: Sequence[int] | None) -> float | None:
    """Return the median echo, mm: one stray echo of a lid or a wall does not move it."""
    if not distances_mm:
        return None
    if len(distances_mm) == 1:
        return float(distances_mm[0])
    # By hand: `statistics.median` costs four times as much, and this runs per reading.
    ordered = sorted(distances_mm)
    middle = len(ordered) // 2
    return (ordered[middle] + ordered[~middle]) / 2
