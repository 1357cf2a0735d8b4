"""Rules that hold for the numbers of every device model."""

from collections.abc import Mapping
from datetime import UTC, datetime

from angkut_broker.messages import Fault
from angkut_edge.uplink import UnsupportedCommandError

#: A device that tells its battery in percent warns from here on. Li-SOCl2 cells keep their
#: voltage until the last weeks, so that a percentage above this says little.
LOW_BATTERY_PCT = 10
#: No device runs on more; a battery field with all bits set gives 16,383 or 65,535 mV.
MAX_BATTERY_MV = 15_000


def battery_faults(percent: int) -> tuple[Fault, ...]:
    """Return what a battery level in % says; it is no voltage and does not become one."""
    if percent > 100:  # 255: the device does not know
        return ()
    return (Fault.LOW_BATTERY,) if percent <= LOW_BATTERY_PCT else ()


def epoch(seconds: int) -> datetime:
    """Return the time of so many seconds since 1970 (32 bits, so that any value is a time)."""
    return datetime.fromtimestamp(seconds, UTC)


def csq_dbm(csq: int) -> int | None:
    """Return the signal strength of a cellular modem, dBm (3GPP TS 27.007, +CSQ); 99 is unknown."""
    return -113 + 2 * csq if 0 <= csq <= 31 else None


def interval_s(args: Mapping[str, object], least: int, most: int) -> int:
    """Return the argument of the command `interval`.

    Raises
    ------
    UnsupportedCommandError
        When it is missing or the device cannot keep it.

    """
    seconds = args.get("seconds")
    if isinstance(seconds, int) and not isinstance(seconds, bool) and least <= seconds <= most:
        return seconds
    raise UnsupportedCommandError(
        f"seconds is {seconds!r}; this model takes {least} to {most} seconds"
    )


def small_celsius(raw: int) -> float:
    """Return °C of one byte: -40 to -1 as two's complement, all else without a sign.

    A fire is hotter than the 127 °C that a signed byte can tell.
    """
    return float(raw - 256 if raw >= 256 - 40 else raw)
