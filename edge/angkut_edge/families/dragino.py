"""Dragino distance sensors on LoRaWAN: numbers have their high byte first, the port tells the kind.

From the user manuals (wiki.dragino.com: "Uplink Payload", "Datalog", "Device Status") and
github.com/dragino/dragino-end-node-decoder.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import chain

from angkut_broker.messages import Fault
from angkut_edge.cursor import Cursor
from angkut_edge.uplink import Downlink, Frame, FrameError, Sample, UnsupportedCommandError
from angkut_edge.values import MAX_BATTERY_MV, epoch, interval_s

_READING, _DATALOG, _DEVICE, _DETECT = 2, 3, 5, 6
#: Bits of the battery word that are no voltage.
_BATTERY_MASK = 0x3FFF
#: A DS18B20 measures -55 to 125 °C; the probe is optional, and what stands in its field without
#: one is 327.6 °C, or no bit set, or all.
_PROBE_C = (-55.0, 125.0)
_NO_PROBE = (0, -1)
#: Bit of the first byte: since a newer firmware of DDS75-LB, several distances in one frame.
_SEVERAL = 0x10
#: Marks of a memory that was never written.
_NO_TIME = (0, 0xFFFF_FFFF)


def decoder(nearest_mm: int, farthest_mm: int) -> Callable[[bytes, int | None], Frame]:
    """Return the decoder of a model that sees this far; nearer is a code, or invalid."""

    def decode(payload: bytes, port: int | None) -> Frame:
        if port in {_READING, None}:
            return Frame((_reading(payload, nearest_mm, farthest_mm),))
        if port == _DATALOG:
            return _datalog(payload, nearest_mm, farthest_mm)
        if port == _DEVICE:
            return _device(payload)
        if port == _DETECT:
            return Frame((_echoes(payload, nearest_mm, farthest_mm),))
        raise FrameError(f"port {port} is none of 2 (reading), 3 (memory), 5 (device), 6 (detect)")

    return decode


def millimetres(
    raw: int, nearest_mm: int, farthest_mm: int
) -> tuple[tuple[int, ...] | None, tuple[Fault, ...]]:
    """Return the echoes and the faults of a distance.

    0 is "no probe found"; 20 is "invalid", and so is by the manual all that is nearer than the
    probe can see.
    """
    if raw == 0:
        return None, (Fault.SENSOR_ERROR,)
    if raw < nearest_mm:
        return None, (Fault.BLIND_ZONE,)
    if raw == 0xFFFF:
        return None, (Fault.NO_ECHO,)
    if raw > farthest_mm:
        return None, (Fault.BAD_FIELD,)
    return (raw,), ()


def probe_c(tenths: int) -> float | None:
    """Return the temperature of an optional DS18B20; None when there is none."""
    least, most = _PROBE_C
    return tenths / 10 if tenths not in _NO_PROBE and least <= tenths / 10 <= most else None


def battery_mv(raw: int) -> tuple[int | None, tuple[Fault, ...]]:
    """Return mV, or that the field cannot be."""
    return (raw, ()) if raw <= MAX_BATTERY_MV else (None, (Fault.BAD_FIELD,))


def _reading(payload: bytes, nearest_mm: int, farthest_mm: int) -> Sample:
    """Read battery, distance, interrupt, and since firmware 1.1.4 probe and sensor flag.

    Four bytes are what the maker's decoder calls "no sensor".
    """
    if len(payload) < 4:
        raise FrameError(f"a reading has 5 or 8 bytes, and here are {len(payload)}")
    if payload[0] & _SEVERAL and len(payload) >= 14:
        return _several(payload, nearest_mm, farthest_mm)
    cursor = Cursor(payload, "big")
    bat_mv, faults = battery_mv(cursor.unsigned(2) & _BATTERY_MASK)
    if len(payload) == 4:
        return Sample(bat_mv=bat_mv, faults=(*faults, Fault.SENSOR_ERROR))
    d_mm, seen = millimetres(cursor.unsigned(2), nearest_mm, farthest_mm)
    cursor.take(1)
    temp_c = probe_c(cursor.signed(2)) if cursor.left >= 2 else None
    if len(payload) >= 8 and cursor.unsigned(1) == 0:
        d_mm, seen = None, (Fault.SENSOR_ERROR,)
    if cursor.left:
        faults = (*faults, Fault.BAD_FIELD)
    return Sample(bat_mv=bat_mv, d_mm=d_mm, temp_c=temp_c, faults=_once(faults, seen))


def _several(payload: bytes, nearest_mm: int, farthest_mm: int) -> Sample:
    """Read the distances between byte 8 and the last four: interrupt, probe, sensor flag."""
    bat_mv = int.from_bytes(payload[:2], "big") & 0x0FFF
    sample = _echoes(payload[8:-4], nearest_mm, farthest_mm)
    temp_c = probe_c(int.from_bytes(payload[-3:-1], "big", signed=True))
    if payload[-1] == 0:
        sample = Sample(faults=(Fault.SENSOR_ERROR,))
    return replace(sample, bat_mv=bat_mv, temp_c=temp_c)


def _datalog(payload: bytes, nearest_mm: int, farthest_mm: int) -> Frame:
    """Read 11 bytes for each reading in memory: battery, distance, probe, flags, time."""
    cursor = Cursor(payload, "big")
    samples = tuple(_entries(cursor, nearest_mm, farthest_mm))
    cut = f"the memory's last entry is cut off after {cursor.left} bytes" if cursor.left else None
    if cut and not samples:
        raise FrameError(cut)
    return Frame(samples, left_out=cut)


def _entries(cursor: Cursor, nearest_mm: int, farthest_mm: int) -> Iterator[Sample]:
    while cursor.left >= 11:
        bat_mv, faults = battery_mv(cursor.unsigned(2) & _BATTERY_MASK)
        d_mm, seen = millimetres(cursor.unsigned(2), nearest_mm, farthest_mm)
        temp_c = probe_c(cursor.signed(2))
        cursor.take(1)
        seconds = cursor.unsigned(4)
        if seconds not in _NO_TIME:
            faults = _once((Fault.HISTORY, *faults), seen)
            yield Sample(epoch(seconds), d_mm, bat_mv=bat_mv, temp_c=temp_c, faults=faults)


def _device(payload: bytes) -> Frame:
    """Read model, firmware as nibbles, band, sub-band and battery; no reading."""
    cursor = Cursor(payload, "big")
    cursor.take(1)
    major, minor = cursor.take(2)
    return Frame(fw=f"{major & 0x0F}.{minor >> 4}.{minor & 0x0F}")


def _echoes(data: bytes, nearest_mm: int, farthest_mm: int) -> Sample:
    """Read the distances of one measurement as its echoes; one that is seen is enough."""
    if not data or len(data) % 2:
        raise FrameError(f"distances have two bytes each, and here are {len(data)} bytes")
    cursor = Cursor(data, "big")
    echoes: list[int] = []
    faults: tuple[Fault, ...] = ()
    while cursor.left:
        d_mm, seen = millimetres(cursor.unsigned(2), nearest_mm, farthest_mm)
        echoes.extend(d_mm or ())
        faults = _once(faults, seen)
    return Sample(d_mm=tuple(echoes)) if echoes else Sample(faults=faults)


def _once(*faults: tuple[Fault, ...]) -> tuple[Fault, ...]:
    return tuple(dict.fromkeys(chain(*faults)))


def command(name: str, args: Mapping[str, object]) -> Downlink:
    """Encode the transmit interval (01 and 3 bytes of seconds), or a restart (04 ff)."""
    if name == "reboot":
        return Downlink(_READING, bytes.fromhex("04ff"))
    if name == "interval":
        seconds = interval_s(args, 60, 30 * 86_400)
        return Downlink(_READING, b"\x01" + seconds.to_bytes(3, "big"))
    raise UnsupportedCommandError(f"this model takes interval and reboot, not {name!r}")
