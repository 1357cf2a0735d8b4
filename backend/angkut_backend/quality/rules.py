"""What is known against a reading, and every threshold by which it is judged.

`docs/quality.md` says where each figure comes from. The rules that need only the reading and
its mounting run where readings arrive (`levels`) and, in SQL, where history is derived again
(`derive_reading`); tests hold that function to the figures here. The others need the neighbours
and run after arrival (`judge`).
"""

from collections.abc import Iterable
from datetime import timedelta
from enum import IntFlag

from angkut_broker.messages import Fault


class Flag(IntFlag):
    """What is known against a reading; kept as bits in `readings.flags`."""

    #: The sensor heard nothing.
    NO_ECHO = 1
    #: The level is outside `LEVEL_RANGE_PCT`, or the distance is a code for "I do not know".
    OUT_OF_RANGE = 2
    #: No mounting was in force when it was observed: it belongs to no bin.
    UNMOUNTED = 4
    #: The level is the device's own percentage, not a distance that we calibrated.
    REPORTED = 8
    #: It carries neither distance nor percentage.
    NO_LEVEL = 16
    #: It alone stands off from the readings before and after it, which agree.
    SPIKE = 32
    #: The same for a few readings in a row: nothing fills so fast and is gone again.
    RATE_IMPOSSIBLE = 64
    #: Part of a long run of one and the same distance: sensors have noise, this one has not.
    STUCK = 128
    #: The device's clock is wrong: ahead of the arrival, or behind by a constant delay.
    CLOCK_SKEW = 256
    #: Its echoes contradict one another: no two agree on where the surface is.
    DOUBLE_ECHO = 512
    #: The reading before it, sent again under a new time.
    COPY = 1024
    #: The battery is in its last weeks.
    LOW_BATTERY = 2048
    #: It arrived when it was no longer news.
    STALE = 4096
    #: The device's counter did not rise: the device began anew, or its clock jumped back.
    RESTARTED = 8192
    #: The device says that its sensor does not answer or is broken.
    SENSOR_ERROR = 16384
    #: The device says that the surface is closer than its sensor can see, or the sensor dirty.
    BLIND = 32768
    #: The device or its decoder left out a field that cannot be; the others count.
    BAD_FIELD = 65536
    #: The device sent it later, out of its memory.
    HISTORY = 131072
    #: The device did not know the time: the time of arrival stands for it.
    NO_CLOCK = 262144


#: What a device may report, as flags.
FAULTS = {
    Fault.NO_ECHO: Flag.NO_ECHO,
    Fault.SENSOR_ERROR: Flag.SENSOR_ERROR,
    Fault.BLIND_ZONE: Flag.BLIND,
    Fault.LOW_BATTERY: Flag.LOW_BATTERY,
    Fault.BAD_FIELD: Flag.BAD_FIELD,
    Fault.HISTORY: Flag.HISTORY,
    Fault.CLOCK: Flag.NO_CLOCK,
}
_BITS = {fault.value: flag.value for fault, flag in FAULTS.items()}

#: What `derive_reading` alone sets; all the rest is set by `judge`. It also sets what a device
#: reports of its battery, which `judge` repeats.
OWN = (
    Flag.NO_ECHO
    | Flag.OUT_OF_RANGE
    | Flag.UNMOUNTED
    | Flag.REPORTED
    | Flag.NO_LEVEL
    | Flag.SENSOR_ERROR
    | Flag.BLIND
    | Flag.BAD_FIELD
    | Flag.HISTORY
    | Flag.NO_CLOCK
)
#: Own flags that leave a reading without a level.
LEVELLESS = (
    Flag.NO_ECHO
    | Flag.OUT_OF_RANGE
    | Flag.UNMOUNTED
    | Flag.NO_LEVEL
    | Flag.SENSOR_ERROR
    | Flag.BLIND
)
#: What follows from the reading and its mounting alone, and takes the trust away.
UNUSABLE = LEVELLESS | Flag.DOUBLE_ECHO
#: A reading with any of these has no trusted level.
DISTRUST = UNUSABLE | Flag.SPIKE | Flag.RATE_IMPOSSIBLE | Flag.STUCK

#: Noise and a soft floor give a few percent below 0, a heap a few above 100.
LEVEL_RANGE_PCT = (-10.0, 120.0)
#: No sensor measures this near; 0 and 20 mm are codes for "no probe" and "invalid".
CODE_MM = 20
#: From here on a distance is a code too, such as 65,535: no sensor of ours hears so far.
FAR_CODE_MM = 60_000
#: Two echoes of one surface lie within this, mm.
ECHO_AGREE_MM = 100

#: A jump is judged only when it is larger than noise, settling and a temperature bias can make.
JUMP_PCT = 15.0
#: Above the jump, the fastest that a bin is believed to fill, % an hour.
FILL_MAX_PCT_H = 25.0
#: The readings before and after an excursion agree within this, % of the span.
RETURN_PCT = 10.0
#: Longest excursion, readings; and the longest time from the reading before to the one after.
EXCURSION_READINGS = 3
EXCURSION_WITHIN = timedelta(hours=6)

#: A distance that stays within this from one reading to the next, for so long and so often.
STUCK_MM = 1.0
STUCK_FOR = timedelta(hours=24)
STUCK_READINGS = 12
#: A full bin touches the sensor and stays so until the truck comes: there it takes longer.
FULL_PCT = 90.0
STUCK_FULL_FOR = timedelta(days=5)
#: A silence longer than this proves nothing: the run ends.
STUCK_GAP = timedelta(hours=6)

#: All echoes of so many readings are the very same, though they differ from one another: noise
#: never repeats like that. Echoes that are all alike may be the shortest distance of a full bin.
FROZEN_READINGS = 6
FROZEN_FOR = timedelta(hours=2)

#: A clock may be this far ahead of the arrival.
AHEAD = timedelta(minutes=2)
#: Readings that keep arriving this late, at the pace at which they were observed: a slow clock.
BEHIND = timedelta(minutes=15)
PACE_WITHIN = timedelta(seconds=60)
#: Closer readings say nothing about the pace.
PACE_GAP = timedelta(minutes=5)

LOW_BATTERY_MV = 3200
STALE_AFTER = timedelta(hours=24.5)

#: The smallest fall that may be an emptying: above settling and noise, % of the span.
DROP_PCT = 15.0
#: A fall this large is more than waste pickers take.
SURE_DROP_PCT = 45.0
#: What an emptied bin shows at most: what was left, and what came since.
EMPTIED_PCT = 15.0
#: Steps of one emptying follow each other within this.
JOIN_WITHIN = timedelta(hours=1)
#: A reading within this says whether the level stayed down.
CONFIRM_WITHIN = timedelta(hours=24)
#: After a longer silence a fall tells nothing: more than one emptying is likely.
SILENCE_MAX = timedelta(days=9)

#: A day whose readings came later than this many intervals on average, and what it is worth.
LATE_INTERVALS = 3
LATE_DAY_WEIGHT = 0.8

#: What is left of the score by each flag that does not take the trust away.
WEIGHTS = {
    Flag.REPORTED: 0.8,
    Flag.LOW_BATTERY: 0.8,
    Flag.CLOCK_SKEW: 0.5,
    Flag.COPY: 0.5,
    Flag.NO_CLOCK: 0.8,
}


def reported_flags(faults: Iterable[str] | None) -> int | None:
    """Return what a device reports as bits, codes of a later contract left out; `None`: nothing."""
    if not faults:
        return None
    bits = 0
    for fault in faults:
        bits |= _BITS.get(fault, 0)
    return bits or None


def heard_nothing(flags: int, distance_mm: float | None) -> bool:
    """Tell whether the sensor said that there was no echo: by an empty list or by a code."""
    if flags & Flag.NO_ECHO:
        return True
    return distance_mm is not None and (distance_mm <= CODE_MM or distance_mm >= FAR_CODE_MM)


def score(flags: int) -> float:
    """Return 0 (worthless) to 1 (nothing is known against it)."""
    if flags & DISTRUST:
        return 0.0
    left = 1.0
    for flag, weight in WEIGHTS.items():
        if flags & flag:
            left *= weight
    return left
