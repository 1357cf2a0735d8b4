"""Milesight EM400-MUD, -TLD and -UDL: one layout, on LoRaWAN and on NB-IoT.

The NB-IoT variant puts a header before the same records: start 2, id, length, flag, frame
count, protocol, versions, serial number, IMEI, IMSI, ICCID, signal, length of the records. The
header's numbers have their high byte first, those of the records their low byte.
"""

from dataclasses import replace
from types import MappingProxyType

from angkut_broker.messages import EventKind, Fault
from angkut_edge.cursor import Cursor
from angkut_edge.families import milesight
from angkut_edge.model import Evidence, Model
from angkut_edge.uplink import Frame, Notice
from angkut_edge.values import csq_dbm

#: In the high nibble of the motion byte; 0 is inside, 2 no fence, 3 not known.
_OUTSIDE_ITS_FENCE = 1


def _location(cursor: Cursor, draft: milesight.Draft) -> None:
    """Read longitude, latitude and motion, on NB-IoT; where the bin stands says the registry."""
    cursor.take(8)
    if cursor.unsigned(1) >> 4 == _OUTSIDE_ITS_FENCE:
        draft.notices.append(Notice(EventKind.MOVED))


_FIELDS: milesight.Fields = MappingProxyType(
    {
        (0x01, 0x75): milesight.battery,
        (0x03, 0x67): milesight.temperature,
        (0x04, 0x82): milesight.distance,
        (0x05, 0x00): milesight.position,
        (0x06, 0x88): _location,
        (0x83, 0x67): milesight.temperature_alarm,
        (0x84, 0x82): milesight.distance_alarm,
    }
)
#: Bytes after channel and type, to find where the next record begins.
_SIZES = MappingProxyType(
    {
        (0x01, 0x75): 1,
        (0x03, 0x67): 2,
        (0x04, 0x82): 2,
        (0x05, 0x00): 1,
        (0x06, 0x88): 9,
        (0x83, 0x67): 3,
        (0x84, 0x82): 3,
    }
)
_NB_START = b"\x02"


def _decode(payload: bytes, port: int | None) -> Frame:  # noqa: ARG001 - set in the device
    if payload[:1] == _NB_START:
        return _decode_nb(payload)
    return milesight.read_fields(payload, _FIELDS).frame()


def _decode_nb(payload: bytes) -> Frame:
    header = Cursor(payload, "big")
    header.take(1 + 2 + 2 + 1)
    count = header.unsigned(2)
    header.take(1)
    fw = _version(header.take(4))
    header.take(4 + 16 + 15 + 15 + 20)
    rssi_dbm = csq_dbm(header.unsigned(1))
    size = header.unsigned(2)
    cut_off = size > header.left
    # Records carry no time. The last one is of now; of the others nobody can say when they were.
    *earlier, last = _records(header.take(min(size, header.left)))
    draft = milesight.read_fields(last, _FIELDS)
    if cut_off:
        draft.fault(Fault.BAD_FIELD)
    told = draft.frame()
    return Frame(
        tuple(replace(sample, rssi_dbm=rssi_dbm, seq=count) for sample in told.samples),
        told.notices,
        fw,
        left_out=f"{len(earlier)} readings before the last one have no time: set the reporting "
        "interval to the collecting interval"
        if earlier
        else None,
    )


def _records(data: bytes) -> list[bytes]:
    """Cut at each channel whose number does not rise: there the next record begins."""
    cuts, at, last = [0], 0, 0
    while at + 2 <= len(data):
        channel = data[at] & 0x0F
        if channel <= last:
            cuts.append(at)
        last = channel
        size = _SIZES.get((data[at], data[at + 1]))
        if size is None:
            break
        at += 2 + size
    return [data[a:b] for a, b in zip(cuts, [*cuts[1:], len(data)], strict=True)]


def _version(digits: bytes) -> str | None:
    """Return `1.1` of the four digits `0101`, `1.20` of `0120`."""
    text = digits.decode("ascii", "replace")
    return f"{int(text[:2])}.{text[2:].lstrip('0') or '0'}" if text.isdecimal() else None


MODELS = tuple(
    Model(
        name=name,
        maker="Milesight",
        sensor=sensor,
        decode=_decode,
        source=f"github.com/Milesight-IoT/SensorDecoders, em-series/{name}/README.md",
        evidence=Evidence.DOCUMENT,
        command=milesight.command,
    )
    for name, sensor in (
        ("em400-mud", "ultrasonic"),
        ("em400-tld", "laser"),
        ("em400-udl", "ultrasonic"),
    )
)
