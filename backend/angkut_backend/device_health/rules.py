"""Every threshold by which a device is judged; `docs/quality.md` says where each comes from."""

from datetime import timedelta
from enum import StrEnum


class FindingKind(StrEnum):
    """What is wrong with a device."""

    #: It repeats one value, or shows its shortest distance for days.
    STUCK = "stuck"
    #: It hears nothing, reading after reading.
    NO_ECHO = "no_echo"
    #: Nothing was measured, or nothing came, for longer than its interval explains.
    DROPOUT = "dropout"
    #: Its clock is wrong.
    CLOCK = "clock"
    #: It hangs in a neighbour's bin, and the neighbour's device in its own.
    SWAPPED = "swapped"


#: How far back devices are looked at again, each time.
LOOK_BACK = timedelta(days=3)
#: What begins this soon after the window may have begun before it: it is not judged again.
EDGE = timedelta(days=1)
#: How often, and how far back at the first time.
CHECK_EVERY = timedelta(hours=1)
FIRST_LOOK_BACK = timedelta(days=35)
#: Findings of one kind that are no farther apart are one.
JOIN_WITHIN = timedelta(hours=12)
#: A moment of a swap is found to about this: the same two are not found twice within it.
SWAP_WITHIN = timedelta(days=2)

#: A run of readings without an echo.
NO_ECHO_READINGS = 3

#: Silence: so many intervals, and at least so long.
DROPOUT_INTERVALS = 3.5
DROPOUT_FOR = timedelta(hours=1)
#: The interval that a device really keeps: the median of so many gaps on either side.
NEARBY_GAPS = 8

#: A clock is wrong when readings arrive before they were made by this, or this much later and
#: always alike.
CLOCK_AHEAD = timedelta(seconds=30)
CLOCK_BEHIND = timedelta(minutes=2)
#: So many in a row.
CLOCK_READINGS = 4
CLOCK_AHEAD_READINGS = 2
#: Two that follow each other are late alike.
CLOCK_ALIKE = timedelta(seconds=90)
#: Messages of one wake-up; of these the newest reading tells the clock, the others are history.
BURST = timedelta(seconds=20)
#: Refused for their time.
CLOCK_REFUSED = 2
#: A zone error is whole hours, but for this.
ZONE_WITHIN = timedelta(minutes=5)

#: Days looked at for swaps, and how often: nothing depends on the hour.
SWAP_LOOK_BACK = timedelta(days=12)
SWAP_EVERY = timedelta(hours=6)
#: Signal and warmth are compared as means over so long.
SWAP_BUCKET = timedelta(hours=6)
#: Buckets before and after, at least and at most.
SWAP_BUCKETS = (4, 20)
#: What makes a swap believed: logarithm of how much likelier it is than none.
SWAP_EVIDENCE = 10.5
#: Neighbours are of one site, or no farther apart than this.
NEIGHBOUR_M = 60.0
