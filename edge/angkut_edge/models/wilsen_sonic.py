"""Pepperl+Fuchs WILSEN.sonic.level: made for waste containers; ultrasonic, LoRaWAN.

Layout: length, id of 2 bytes, data, again and again; the length counts the id. High byte first.
"""

import math
import struct

from angkut_broker.messages import Fault
from angkut_edge.cursor import Cursor, TruncatedError
from angkut_edge.model import Evidence, Model
from angkut_edge.uplink import Frame, FrameError, Sample

_CM, _MM, _FILL, _CELSIUS, _BATTERY = 0x0B01, 0x0B02, 0x0B06, 0x0201, 0x5101
_SIZES = {_CM: 2, _MM: 2, _FILL: 1, _CELSIUS: 4, _BATTERY: 1}
_NOTHING_SEEN = 0xFFFF
_MAX_MM = 12_000


def _decode(payload: bytes, port: int | None) -> Frame:  # noqa: ARG001 - one kind of frame
    found, faults = _fields(payload)
    d_mm: tuple[int, ...] | None = None
    # Both may be there; millimetres say more.
    raw = next((found[name] for name in (_MM, _CM) if name in found), None)
    if raw is not None:
        number = int.from_bytes(raw, "big")
        mm = number * (1 if _MM in found else 10)
        if number == _NOTHING_SEEN:
            faults = (*faults, Fault.NO_ECHO)
        elif not 0 < mm <= _MAX_MM:
            faults = (*faults, Fault.BAD_FIELD)
        else:
            d_mm = (mm,)
    temp_c: float | None = None
    if _CELSIUS in found:
        (temp_c,) = struct.unpack(">f", found[_CELSIUS])
        if not math.isfinite(temp_c):
            temp_c, faults = None, (*faults, Fault.BAD_FIELD)
    sample = Sample(
        d_mm=d_mm,
        fill_pct=float(found[_FILL][0]) if _FILL in found and d_mm else None,
        bat_mv=found[_BATTERY][0] * 100 if _BATTERY in found else None,
        temp_c=None if temp_c is None else round(temp_c, 2),
        faults=tuple(dict.fromkeys(faults)),
    )
    # Battery and counters come alone, too.
    return Frame(() if sample == Sample(bat_mv=sample.bat_mv) and not d_mm else (sample,))


def _fields(payload: bytes) -> tuple[dict[int, bytes], tuple[Fault, ...]]:
    cursor = Cursor(payload, "big")
    found: dict[int, bytes] = {}
    faults: tuple[Fault, ...] = ()
    while cursor.left:
        began = cursor.at
        try:
            size = cursor.unsigned(1)
            name, data = cursor.unsigned(2), cursor.take(max(0, size - 2))
        except TruncatedError:
            if not began:
                raise
            return found, (*faults, Fault.BAD_FIELD)
        if size < 2:
            raise FrameError(f"a field at {began} claims {size} bytes; its id alone has 2")
        if _SIZES.get(name, len(data)) == len(data):
            found[name] = data
        else:
            faults = (*faults, Fault.BAD_FIELD)
    return found, faults


MODELS = (
    Model(
        name="wilsen-sonic-level",
        maker="Pepperl+Fuchs",
        sensor="ultrasonic",
        decode=_decode,
        source="decoder and examples in github.com/akenza-io/device-type-library, "
        "types/pepperlFuchs/wilsenSonicLevel",
        evidence=Evidence.EXAMPLE,
        aliases=("wilsen.sonic.level", "wilsen"),
    ),
)
