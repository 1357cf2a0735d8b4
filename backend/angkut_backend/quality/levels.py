"""What readings mean under their mountings, many at once: as `derive_reading` says it in SQL.

The same arithmetic in the same order, so that a history that is derived again is found as it is;
a test holds the two against each other bit by bit.
"""

import numpy as np
import numpy.typing as npt

from angkut_backend.quality.rules import (
    CODE_MM,
    LEVEL_RANGE_PCT,
    LEVELLESS,
    OWN,
    WEIGHTS,
    Flag,
)

Floats = npt.NDArray[np.floating]
Ints = npt.NDArray[np.integer]


def derive_levels(
    *,
    echo_n: Ints,
    distance_mm: Floats,
    reported_fill_pct: Floats,
    reported_flags: Ints,
    is_mounted: npt.NDArray[np.bool_],
    d_empty_mm: Ints,
    d_full_mm: Ints,
    offset_mm: Ints,
    angle_cos: Floats,
) -> tuple[Floats, Ints, Floats]:
    """Return level (%), flags and score of each reading.

    Not-a-number stands for null; `echo_n` is -1 where the device sent no list of echoes.
    """
    # The columns are `real`: what is computed with is what is stored.
    distance = distance_mm.astype("f4").astype("f8")
    reported = reported_fill_pct.astype("f4").astype("f8")
    span_mm = np.where(is_mounted, d_empty_mm - d_full_mm, 1)
    measured = 100.0 * (d_empty_mm - angle_cos * (distance + offset_mm)) / span_mm
    has_list = echo_n >= 0
    level = np.where(has_list, measured, reported)
    level[~is_mounted] = np.nan
    low, high = LEVEL_RANGE_PCT
    flags = reported_flags.astype("i4")
    flags[echo_n == 0] |= Flag.NO_ECHO.value
    # Comparisons with not-a-number are false.
    flags[(level < low) | (level > high) | (distance <= CODE_MM)] |= Flag.OUT_OF_RANGE.value
    flags[~is_mounted] |= Flag.UNMOUNTED.value
    flags[~has_list & ~np.isnan(reported)] |= Flag.REPORTED.value
    flags[~has_list & np.isnan(reported)] |= Flag.NO_LEVEL.value
    usable = flags & LEVELLESS.value == 0
    score = usable.astype("f8")
    for flag, weight in WEIGHTS.items():
        if flag & (OWN | Flag.LOW_BATTERY):
            score[flags & flag.value != 0] *= weight
    fill_pct = np.where(usable, np.maximum(level, 0.0), np.nan).astype("f4")
    return fill_pct, flags, score.astype("f4")
