"""Which of several echoes is the surface of the waste."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]
Ints = npt.NDArray[np.integer]


def echoes_of_surface(echoes: Ints, echo_n: Ints) -> Floats:
    """Return the median echo of each reading, mm: one stray echo of a lid or wall does not move it.

    Parameters
    ----------
    echoes, echo_n
        All echoes, one reading's after the other's, mm, and how many each reading has; a reading
        with 0 or less has none, and not-a-number for an answer.
    """
    n = np.maximum(echo_n, 0)
    most = int(n.max(initial=0))
    if most == 0:
        return np.full(len(n), np.nan)
    rows = np.full((len(n), most), np.iinfo("i8").max)
    rows[np.arange(most) < n[:, None]] = echoes
    if most > 1:
        rows.sort(axis=1)
    each = np.arange(len(n))
    low, high = rows[each, np.maximum(n - 1, 0) // 2], rows[each, np.minimum(n // 2, most - 1)]
    return np.where(n > 0, (low.astype("f8") + high) / 2, np.nan)
