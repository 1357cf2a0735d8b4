"""Times as PostgreSQL counts them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_DAY_S = 86_400


def microseconds(times: Sequence[datetime]) -> npt.NDArray[np.int64]:
    """Return aware times as microseconds since 2000."""
    # Whole numbers all the way, and less than `timestamp` costs, which ends in a float.
    since = [time - _EPOCH for time in times]
    n = len(since)
    days = np.fromiter([one.days for one in since], "i8", n)
    seconds = np.fromiter([one.seconds for one in since], "i8", n)
    fractions = np.fromiter([one.microseconds for one in since], "i8", n)
    since_us: npt.NDArray[np.int64] = (days * _DAY_S + seconds) * 1_000_000 + fractions
    return since_us


def moment(since_2000_us: int) -> datetime:
    """Return the time of a number of microseconds since 2000."""
    return _EPOCH + timedelta(microseconds=since_2000_us)
