"""Milesight sensors: channel, type, data, again and again, numbers with their low byte first.

From the user guides ("Device Payload"), the README of each model in
github.com/Milesight-IoT/SensorDecoders, and milesight.com/products/docs (EM400, "Uplink Data":
0xfffd is a distance out of measuring range).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from angkut_broker.messages import EventKind, Fault
from angkut_edge.cursor import Cursor
from angkut_edge.uplink import (
    Downlink,
    Frame,
    FrameError,
    Notice,
    Sample,
    UnsupportedCommandError,
)
from angkut_edge.values import battery_faults, interval_s

#: Codes that stand where a distance should be; 0xfffe in a history is "switched off".
_DISTANCE_CODES: Mapping[int, tuple[Fault, ...]] = MappingProxyType(
    {0xFFFD: (Fault.NO_ECHO,), 0xFFFE: (), 0xFFFF: (Fault.SENSOR_ERROR,)}
)
#: No sensor of the maker sees further than 10 m.
_MAX_MM = 12_000
#: Channels on which a device answers a setting.
_ANSWERS = (0xFE, 0xFF, 0xF8, 0xF9)
_PORT = 85


@dataclass
class Draft:
    """What is read so far of one frame."""

    sample: Sample = field(default_factory=Sample)
    past: list[Sample] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    fw: str | None = None
    interval_s: int | None = None

    def set(self, **values: object) -> None:
        """Set fields of the present reading."""
        self.sample = replace(self.sample, **values)  # type: ignore[arg-type]

    def fault(self, *faults: Fault) -> None:
        """Add faults to the present reading."""
        self.set(faults=tuple(dict.fromkeys((*self.sample.faults, *faults))))

    def frame(self) -> Frame:
        """Return all that was read; a frame with a battery level alone holds no reading."""
        present = () if self.sample == Sample() else (self.sample,)
        return Frame((*present, *self.past), tuple(self.notices), self.fw, self.interval_s)


Read = Callable[[Cursor, Draft], None]
#: How to read what follows a channel and a type.
Fields = Mapping[tuple[int, int], Read]


def skip(size: int) -> Read:
    """Return a reader for data that say nothing of a bin."""

    def read(cursor: Cursor, draft: Draft) -> None:  # noqa: ARG001 - one form for all fields
        cursor.take(size)

    return read


def battery(cursor: Cursor, draft: Draft) -> None:
    """Read a level in %."""
    draft.fault(*battery_faults(cursor.unsigned(1)))


def temperature(cursor: Cursor, draft: Draft) -> None:
    """Read 0.1 °C with a sign."""
    draft.set(temp_c=cursor.signed(2) / 10)


def temperature_alarm(cursor: Cursor, draft: Draft) -> None:
    """Read a temperature with the alarm that it raised."""
    temperature(cursor, draft)
    cursor.take(1)


def distance(cursor: Cursor, draft: Draft) -> None:
    """Read mm."""
    d_mm, faults = millimetres(cursor.unsigned(2))
    draft.set(d_mm=d_mm)
    draft.fault(*faults)


def distance_alarm(cursor: Cursor, draft: Draft) -> None:
    """Read a distance with the alarm that it raised."""
    distance(cursor, draft)
    cursor.take(1)


def distance_jump(cursor: Cursor, draft: Draft) -> None:
    """Read a distance with its change since the last one and the alarm that this raised."""
    distance(cursor, draft)
    cursor.take(3)


def position(cursor: Cursor, draft: Draft) -> None:
    """Read 0, upright within 20 degrees, or 1, tilted; the device tells no angle."""
    told = cursor.unsigned(1)
    if told == 0:
        draft.set(tilt_deg=0.0)
    elif told == 1:
        draft.notices.append(Notice(EventKind.TILT))
    else:
        draft.fault(Fault.BAD_FIELD)


def _firmware(cursor: Cursor, draft: Draft) -> None:
    major, minor = cursor.take(2)
    draft.fw = f"{major:x}.{minor:x}"


def _interval(cursor: Cursor, draft: Draft) -> None:
    draft.interval_s = cursor.unsigned(2) or None


def _interval_minutes(cursor: Cursor, draft: Draft) -> None:
    cursor.take(1)
    draft.interval_s = cursor.unsigned(2) * 60 or None


#: What a device says of itself when it joins, and how it answers a setting: of these it is the
#: length that matters, for a reading may follow.
_SYSTEM: Fields = MappingProxyType(
    {
        (channel, kind): skip(size)
        for channel in (0xFE, 0xFF)
        for kind, size in (
            *((0x02, 2), (0x06, 9), (0x10, 1), (0x11, 4), (0x13, 1), (0x17, 2), (0x1B, 5)),
            *((0x1C, 2), (0x27, 1), (0x28, 1), (0x2A, 1), (0x35, 8), (0x3B, 1), (0x3E, 1)),
            *((0x4A, 1), (0x56, 1), (0x68, 1), (0x69, 1), (0x6A, 3), (0x70, 2), (0x71, 1)),
            *((0x77, 2), (0xAB, 3), (0xBD, 2), (0xF2, 2)),
            *((0x01, 1), (0x09, 2), (0x0B, 1), (0x0F, 1), (0x16, 8), (0xFE, 1), (0xFF, 2)),
        )
    }
    | {(channel, 0x0A): _firmware for channel in (0xFE, 0xFF)}
    | {(channel, 0x03): _interval for channel in (0xFE, 0xFF)}
    | {(channel, 0x8E): _interval_minutes for channel in (0xFE, 0xFF)}
)


def decoder(fields: Fields) -> Callable[[bytes, int | None], Frame]:
    """Return the decoder of a model that has these fields."""

    def decode(payload: bytes, port: int | None) -> Frame:  # noqa: ARG001 - set in the device
        return read_fields(payload, fields).frame()

    return decode


def read_fields(payload: bytes, fields: Fields) -> Draft:
    """Read fields until one is unknown or cut off; what was read until then holds.

    Raises
    ------
    FrameError
        When that is the first field, so that nothing was read.

    """
    cursor, draft = Cursor(payload, "little"), Draft()
    while cursor.left:
        began = cursor.at
        try:
            channel, kind = cursor.unsigned(1), cursor.unsigned(1)
            read = fields.get((channel, kind)) or _SYSTEM.get((channel, kind)) or _unknown
            read(cursor, draft)
        except FrameError:
            if payload[began] in _ANSWERS and draft.sample == Sample():
                break  # an answer to a setting that we do not know; nothing is lost
            if not began:
                raise
            draft.fault(Fault.BAD_FIELD)
            break
    return draft


def _unknown(cursor: Cursor, draft: Draft) -> None:  # noqa: ARG001 - one form for all fields
    raise FrameError(f"the channel and the type before byte {cursor.at} are not of this model")


def millimetres(raw: int) -> tuple[tuple[int, ...] | None, tuple[Fault, ...]]:
    """Return the echoes and the faults of a distance in mm, which may be a code."""
    if raw in _DISTANCE_CODES:
        return None, _DISTANCE_CODES[raw]
    if raw > _MAX_MM:
        return None, (Fault.BAD_FIELD,)
    return (raw,), ()


def command(name: str, args: Mapping[str, object]) -> Downlink:
    """Encode a report interval, or a reboot."""
    if name == "reboot":
        return Downlink(_PORT, bytes.fromhex("ff10ff"))
    if name == "interval":
        seconds = interval_s(args, 60, 64_800)
        return Downlink(_PORT, b"\xff\x03" + seconds.to_bytes(2, "little"))
    raise UnsupportedCommandError(f"this model takes interval and reboot, not {name!r}")
