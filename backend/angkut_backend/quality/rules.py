"""Quality flags of a reading.

The thresholds stand where the rules run: in `derive_reading`, migration 0004, so that
arriving and re-derived readings are judged alike.
"""

from enum import IntFlag


class Flag(IntFlag):
    """What is known against a reading; kept as bits in `readings.flags`."""

    #: The sensor heard nothing.
    NO_ECHO = 1
    #: The level is under -10 % or over 120 % of the mounting's span.
    OUT_OF_RANGE = 2
    #: No mounting was in force when it was observed: it belongs to no bin.
    UNMOUNTED = 4
    #: The level is the device's own percentage, not a distance that we calibrated.
    REPORTED = 8
    #: It carries neither distance nor percentage.
    NO_LEVEL = 16


#: A reading with any of these has no trusted level.
DISTRUST = Flag.NO_ECHO | Flag.OUT_OF_RANGE | Flag.UNMOUNTED | Flag.NO_LEVEL
