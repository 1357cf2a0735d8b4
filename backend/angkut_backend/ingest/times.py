"""Times as PostgreSQL counts them."""

from collections.abc import Iterable
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

_EPOCH_S = datetime(2000, 1, 1, tzinfo=UTC).timestamp()


def microseconds(times: Iterable[datetime]) -> npt.NDArray[np.int64]:
    """Return aware times as microseconds since 2000."""
    # Seconds since 1970 as a float are exact to the microsecond until 2106.
    seconds = np.array([time.timestamp() for time in times], "f8") - _EPOCH_S
    return np.rint(seconds * 1e6).astype("i8")
