"""The windows of a bin in one shift, out of those that the city states once for all."""

from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from angkut_backend.planning.district import SHIFT_S
from angkut_backend.planning.documents import LATEST_S, shift_time
from angkut_backend.planning.problem import TimeWindow
from angkut_backend.registry.windows import open_between, parse

#: When nobody drives.
NEVER = TimeWindow(from_s=LATEST_S, to_s=LATEST_S)


# Thousands of bins state a handful of different windows.
@lru_cache(maxsize=256)
def shift_windows(stated: str | None, shift: datetime, zone: ZoneInfo) -> tuple[TimeWindow, ...]:
    """Return when a bin can be emptied in a shift.

    Parameters
    ----------
    stated
        As the registry keeps it (`registry.windows`); `None`: at any time.
    shift
        When it begins.
    zone
        Of the district: what is stated is local time.

    Returns
    -------
    Empty: at any time. Where no window has a part in the shift, `NEVER`.
    """
    if stated is None:
        return ()
    day, margin = shift.astimezone(zone).date(), timedelta(days=1)
    spans = open_between(parse(stated), day - margin, day + margin, zone)
    found = ((shift_time(begin - shift), shift_time(end - shift)) for begin, end in spans)
    return tuple(
        TimeWindow(from_s=from_s, to_s=to_s)
        for from_s, to_s in found
        if from_s <= SHIFT_S and to_s >= 0
    ) or (NEVER,)
