"""Elsys ELT with an ultrasonic sensor (ELT-2, ELT Ultrasonic, ELT Lite), LoRaWAN.

Layout: type, data, again and again, high byte first. All types of the maker's generic payload
have their length here, for what is of no use to a bin may stand before what is.
"""

from types import MappingProxyType

from angkut_broker.messages import Fault
from angkut_edge.cursor import Cursor
from angkut_edge.model import Evidence, Model
from angkut_edge.uplink import Frame, FrameError, Sample
from angkut_edge.values import MAX_BATTERY_MV

_TEMPERATURE, _BATTERY, _DISTANCE, _SETTINGS = 0x01, 0x07, 0x0E, 0x3E
#: Bytes of data by type.
_SIZES = MappingProxyType(
    {
        _TEMPERATURE: 2,
        0x02: 1,  # humidity
        0x03: 3,  # acceleration: of a sensor whose orientation nobody knows, so no tilt
        0x04: 2,  # light
        0x05: 1,  # motion
        0x06: 2,  # CO2
        _BATTERY: 2,
        0x08: 2,  # analogue 1
        0x09: 6,  # position
        0x0A: 2,  # pulses 1
        0x0B: 4,  # pulses 1, absolute
        0x0C: 2,  # outer temperature
        0x0D: 1,  # digital 1
        _DISTANCE: 2,
        0x0F: 1,  # vibration
        0x10: 4,  # infrared temperatures
        0x11: 1,  # occupancy
        0x12: 1,  # water leak
        0x13: 65,  # infrared picture
        0x14: 4,  # pressure
        0x15: 2,  # sound
        0x16: 2,  # pulses 2
        0x17: 4,  # pulses 2, absolute
        0x18: 2,  # analogue 2
        0x19: 2,  # outer temperature 2
        0x1A: 1,  # digital 2
        0x1B: 4,  # load cell
        0x1C: 2,  # volatile organic compounds
        0x3D: 4,  # debug
    }
)
_MAX_MM = 12_000


def _decode(payload: bytes, port: int | None) -> Frame:  # noqa: ARG001 - set in the device
    found, faults = _fields(payload)
    d_mm, bat_mv = None, found.get(_BATTERY)
    if _DISTANCE in found:
        d_mm, seen = _distance(found[_DISTANCE])
        faults = (*faults, *seen)
    if bat_mv is not None and bat_mv > MAX_BATTERY_MV:
        bat_mv, faults = None, (*faults, Fault.BAD_FIELD)
    tenths = found.get(_TEMPERATURE)
    temp_c = None if tenths is None else (tenths - 0x1_0000 * (tenths >> 15)) / 10
    sample = Sample(d_mm=d_mm, bat_mv=bat_mv, temp_c=temp_c, faults=tuple(dict.fromkeys(faults)))
    return Frame(() if sample == Sample() else (sample,))


def _fields(payload: bytes) -> tuple[dict[int, int], tuple[Fault, ...]]:
    """Return the fields until one is unknown or cut off, and whether one was."""
    cursor = Cursor(payload, "big")
    found: dict[int, int] = {}
    while cursor.left:
        began = cursor.at
        kind = cursor.unsigned(1)
        if kind == _SETTINGS:  # the settings fill the rest of the frame
            break
        try:
            if kind not in _SIZES:
                raise FrameError(f"type {kind:#04x} is not of this maker's payload")  # noqa: TRY301 - one way out for both
            found[kind] = cursor.unsigned(_SIZES[kind])
        except FrameError:
            if not began:
                raise
            return found, (Fault.BAD_FIELD,)
    return found, ()


def _distance(raw: int) -> tuple[tuple[int, ...] | None, tuple[Fault, ...]]:
    if raw in {0, 0xFFFF}:
        return None, (Fault.NO_ECHO,)
    if raw > _MAX_MM:
        return None, (Fault.BAD_FIELD,)
    return (raw,), ()


MODELS = (
    Model(
        name="elt-ultrasonic",
        maker="Elsys",
        sensor="ultrasonic",
        decode=_decode,
        source="elsys.se/public/documents/Sensor_payload.pdf by its payload file in "
        "github.com/TheThingsNetwork/lorawan-devices, vendor/elsys",
        evidence=Evidence.DECODER,
        aliases=("elt-2", "elt2", "elt-lite", "elt-2-ultrasonic", "elt-2-ultrasonic-10m"),
    ),
)
