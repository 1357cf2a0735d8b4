"""What a forecast learns from: levels by the hour, emptyings, the calendar."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

WEEK_H = 168


@dataclass(frozen=True, slots=True)
class History:
    """Hours of b bins; hour t begins t hours after the start of the history.

    Besides the past it may hold hours to come, without levels: their calendar is known.
    """

    bins: tuple[str, ...]
    #: Bins of a group fill alike: they learn from each other, [b].
    group: Ints
    #: Mean trusted level in the hour, %; NaN: unknown. Unknown is not empty. [b, t]
    level_pct: Floats
    #: The bin was emptied, wholly or in part, in this hour, [b, t].
    emptied: Mask
    #: Local hour of the week, Monday 00:00 is 0, [t].
    weekhour: Ints
    #: 0 for an ordinary day, else a number for each kind of day, [t].
    daykind: Ints

    @property
    def hours(self) -> int:
        """Return the number of hours."""
        return len(self.weekhour)

    def until(self, hour: int) -> "History":
        """Return what was known at the beginning of an hour; the calendar stays."""
        level, emptied = self.level_pct.copy(), self.emptied.copy()
        level[:, hour:] = np.nan
        emptied[:, hour:] = False
        return replace(self, level_pct=level, emptied=emptied)


@dataclass(frozen=True, slots=True)
class Rises:
    """Rises of the level between two hours in which it is known, without an emptying between.

    Hours of one rise are (since, until]; all arrays are [n].
    """

    row: Ints
    since: Ints
    until: Ints
    rise_pct: Floats


#: After an emptying a few per cent stay.
LEFT_PCT = 4.0
#: A gap longer than this says little about when the waste came, h.
GAP_H = 24
#: Between two visits of crews; longer, and one was forgotten to be told, h.
_CREW_GAP_H = 14 * 24
#: Above this the sensor sees a heap or the lid: what comes on top is not seen, %.
SEEN_FULL_PCT = 92.0
#: A fall of more than this without an emptying is not waste settling: somebody took it, %.
_FALL_PCT = -15.0


def rises(history: History) -> Rises:
    """Return all rises that say something about how fast a bin fills."""
    known = ~np.isnan(history.level_pct) & ~history.emptied
    row, until = np.nonzero(known)
    # Its way up would count and its way down would not.
    quiet = ~_spikes(row, history.level_pct[row, until])
    row, until = row[quiet], until[quiet]
    emptyings = np.cumsum(history.emptied, axis=1)
    level = history.level_pct[row, until]
    told = _told_by_crews(history)
    follows = row[1:] == row[:-1]
    rise = level[1:] - level[:-1]
    use = (
        follows
        & (until[1:] - until[:-1] <= GAP_H)
        & (emptyings[row[1:], until[1:]] == emptyings[row[:-1], until[:-1]])
        & (level[:-1] < SEEN_FULL_PCT)
        & (rise > _FALL_PCT)
    )
    return Rises(
        np.concatenate([row[1:][use], told.row]),
        np.concatenate([until[:-1][use], told.since]),
        np.concatenate([until[1:][use], told.until]),
        np.concatenate([rise[use], told.rise_pct]),
    )


def crews_only(level_pct: Floats, emptied: Mask) -> Mask:
    """Tell of which bins nothing is heard but what crews say of emptyings, [b].

    What a crew finds is one level an emptying; any sensor says more.
    """
    known = ~np.isnan(level_pct) & ~emptied
    told: Mask = emptied.any(axis=1) & (known.sum(axis=1) <= emptied.sum(axis=1))
    return told


def _told_by_crews(history: History) -> Rises:
    """Return the rises of bins without a sensor: from empty to what a crew found the next time."""
    known = ~np.isnan(history.level_pct) & ~history.emptied
    told = crews_only(history.level_pct, history.emptied)
    row, hour = np.nonzero((known | history.emptied) & told[:, None])
    use = (
        (row[1:] == row[:-1])
        & history.emptied[row, hour][:-1]
        & known[row, hour][1:]
        & (hour[1:] - hour[:-1] <= _CREW_GAP_H)
    )
    found = history.level_pct[row[1:][use], hour[1:][use]]
    return Rises(row[1:][use], hour[:-1][use], hour[1:][use], found - LEFT_PCT)


def _spikes(row: Ints, level_pct: Floats) -> Mask:
    """Tell which levels lie far off both neighbours, which agree with each other, [n]."""
    spike = np.zeros(len(row), dtype=bool)
    before, at, after = level_pct[:-2], level_pct[1:-1], level_pct[2:]
    far = (np.abs(at - before) > -_FALL_PCT) & (np.abs(at - after) > -_FALL_PCT)
    spike[1:-1] = far & (np.abs(after - before) < -_FALL_PCT * 2 / 3) & (row[:-2] == row[2:])
    return spike
