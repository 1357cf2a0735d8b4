"""What takes longer at some hours, on its bright side: how soon it ends, how late it may begin."""

import math
from functools import lru_cache

import numpy as np

from angkut_backend.planning.instance import Ints

_HOUR_S = 3600
#: Into steps of so long time is cut.
_STEP_S = 600
#: When a step behind the last begins.
_NEVER_S = 10**12


class Hours:
    """Factors of durations by the hour, the least of what may come a while later, too.

    Parameters
    ----------
    by_hour
        Factors by the hour of the day.
    time_of_day_s
        Of time 0.
    from_s, to_s
        What is asked for; before and after it the factors of its ends are taken.
    pause_s, pause_from_s
        By how much all may come later than it is asked for, and since when.
    """

    def __init__(
        self,
        by_hour: tuple[float, ...],
        time_of_day_s: int,
        from_s: int,
        to_s: int,
        pause_s: int,
        pause_from_s: int,
    ) -> None:
        first, last = ((time_of_day_s + at_s) // _STEP_S for at_s in (from_s, max(from_s, to_s)))
        least = []
        for begin_s in range(first * _STEP_S, last * _STEP_S + 1, _STEP_S):
            end_s = begin_s + _STEP_S - 1
            if end_s - time_of_day_s >= pause_from_s:
                end_s += pause_s
            hours = range(begin_s // _HOUR_S, end_s // _HOUR_S + 1)
            least.append(min(by_hour[hour % 24] for hour in hours))
        self._zero_s = first * _STEP_S - time_of_day_s
        self._last = last - first
        self._is_steady = min(least) == max(least)
        # Behind the last step there is none.
        self._least = [*least, 0.0]
        self._starts_s = [self._zero_s + at * _STEP_S for at in range(len(least))] + [_NEVER_S]
        #: The next step in which things take less time.
        self._lighter = [
            next((at for at in range(here, len(least)) if least[at] < least[here]), len(least))
            for here in range(len(least))
        ] + [len(least)]
        self._arrays = np.array(self._least), np.array(self._starts_s), np.array(self._lighter)

    def ends_s(self, begin_s: int, duration_s: int) -> int:
        """Return when something ends at the soonest that begins then or later."""
        at = self._at(begin_s)
        end_s = begin_s + math.ceil(duration_s * self._least[at])
        while self._starts_s[at := self._lighter[at]] < end_s:
            end_s = min(end_s, self._starts_s[at] + math.ceil(duration_s * self._least[at]))
        return end_s

    def all_end_s(self, begin_s: Ints, duration_s: Ints) -> Ints:
        """Return `ends_s` of arrays that go together."""
        least, starts_s, lighter = self._arrays
        if self._is_steady:
            return np.asarray(begin_s + np.ceil(duration_s * least[0]), dtype=np.int64)
        at = np.clip((begin_s - self._zero_s) // _STEP_S, 0, self._last)
        end_s = begin_s + np.ceil(duration_s * least[at])
        while (starts_s[at := lighter[at]] < end_s).any():
            end_s = np.minimum(end_s, starts_s[at] + np.ceil(duration_s * least[at]))
        return np.asarray(end_s, dtype=np.int64)

    def begins_s(self, end_s: int, duration_s: int) -> int:
        """Return when at the latest something begins that ends by then."""
        at = self._at(end_s)
        while True:
            begin_s = end_s - math.ceil(duration_s * self._least[at])
            begin_s = min(begin_s, self._starts_s[at + 1] - 1)
            if at == 0 or begin_s >= self._starts_s[at]:
                return begin_s
            at -= 1

    def _at(self, at_s: int) -> int:
        return min(max((at_s - self._zero_s) // _STEP_S, 0), self._last)


#: A glance at a route needs them again and again.
hours_of = lru_cache(maxsize=1024)(Hours)
