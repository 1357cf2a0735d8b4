"""SmartEnds BrighterBins: made for waste bins; ultrasonic or laser, LoRaWAN.

Bits, the highest first; the last two tell the kind. 0: reset reason 2, battery 6 (2 %),
temperature 7 (°C and 40), fill % 7. 1: battery 6, temperature 7, distance 9 (cm). 2: a report on
the device. 3 has forms of its own, of which no document is public.
"""

from angkut_broker.messages import Fault
from angkut_edge.model import Evidence, Model
from angkut_edge.uplink import Frame, FrameError, Sample
from angkut_edge.values import battery_faults

_FILL, _DISTANCE, _DEVICE = 0, 1, 2
_SIZES = {_FILL: 3, _DISTANCE: 3, _DEVICE: 12}
_NO_BATTERY, _NO_FILL = 63, 127
#: Distances that are codes: the laser is set up wrongly, the module does not answer.
_BROKEN_CM = (510, 511)


def _decode(payload: bytes, port: int | None) -> Frame:  # noqa: ARG001 - one kind of frame
    kind = payload[-1] & 0b11 if payload else None
    if kind not in _SIZES:
        raise FrameError("frames of kind 3 are not public: only 0, 1 and 2 can be read")
    if len(payload) != _SIZES[kind]:
        raise FrameError(f"a frame of kind {kind} has {_SIZES[kind]} bytes, not {len(payload)}")
    if kind == _DEVICE:
        return _device(payload)
    skipped = 2 if kind == _FILL else 0
    battery = _bits(payload, skipped, 6)
    faults = () if battery == _NO_BATTERY else battery_faults(battery * 2)
    temp_c = float(_bits(payload, skipped + 6, 7) - 40)
    if kind == _FILL:
        fill_pct = _bits(payload, 15, 7)
        known = fill_pct != _NO_FILL
        faults = faults if known else (*faults, Fault.SENSOR_ERROR)
        sample = Sample(fill_pct=float(fill_pct) if known else None, temp_c=temp_c, faults=faults)
        return Frame((sample,))
    cm = _bits(payload, 13, 9)
    if cm in _BROKEN_CM:
        return Frame((Sample(temp_c=temp_c, faults=(*faults, Fault.SENSOR_ERROR)),))
    if cm == 0:
        return Frame((Sample(temp_c=temp_c, faults=(*faults, Fault.NO_ECHO)),))
    return Frame((Sample(d_mm=(cm * 10,), temp_c=temp_c, faults=faults),))


def _device(payload: bytes) -> Frame:
    major, minor, patch = (_bits(payload, at, size) for at, size in ((42, 2), (36, 6), (44, 6)))
    return Frame(fw=f"{major}.{minor}.{patch}")


def _bits(payload: bytes, at: int, size: int) -> int:
    whole = int.from_bytes(payload, "big")
    return whole >> (len(payload) * 8 - at - size) & ((1 << size) - 1)


MODELS = (
    Model(
        name="brighterbins",
        maker="SmartEnds",
        sensor="ultrasonic",
        decode=_decode,
        source="decoder and examples in github.com/akenza-io/device-type-library, "
        "types/smartEnds/brighterBins",
        evidence=Evidence.EXAMPLE,
    ),
)
