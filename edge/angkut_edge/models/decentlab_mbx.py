"""Decentlab DL-MBX: MaxBotix ultrasonic sensor, LoRaWAN.

Layout: version 2, device id, flags, then for each flag from the lowest its words of two bytes,
high byte first: distance in mm and number of valid samples; battery in mV. What is not flagged
is not sent.
"""

from angkut_broker.messages import Fault
from angkut_edge.cursor import Cursor
from angkut_edge.model import Evidence, Model
from angkut_edge.uplink import Frame, FrameError, Sample
from angkut_edge.values import MAX_BATTERY_MV

_VERSION = 2
_DISTANCE, _BATTERY = 0x0001, 0x0002
#: A MaxBotix sensor reports the end of its range when it sees nothing: the 5 m and the 10 m
#: kind (HRXL-MaxSonar-WR datasheet, "Range"). No bin is 5 m deep.
_NOTHING_SEEN = (0, 5_000, 9_999, 0xFFFF)
#: Nothing is reported nearer than this; what is nearer is reported as this.
_NEAREST_MM = 300
_MAX_MM = 10_000


def _decode(payload: bytes, port: int | None) -> Frame:  # noqa: ARG001 - set in the device
    cursor = Cursor(payload, "big")
    version = cursor.unsigned(1)
    if version != _VERSION:
        raise FrameError(f"protocol version {version} is not {_VERSION}")
    cursor.take(2)
    flags = cursor.unsigned(2)
    d_mm: tuple[int, ...] | None = None
    bat_mv: int | None = None
    faults: tuple[Fault, ...] = ()
    if flags & _DISTANCE:
        d_mm, faults = _distance(cursor.unsigned(2), samples=cursor.unsigned(2))
    else:
        # The sensor behind the electronics did not answer: its words are missing.
        faults = (Fault.SENSOR_ERROR,)
    if flags & _BATTERY:
        bat_mv = cursor.unsigned(2) if cursor.left >= 2 else None
        if bat_mv is None or bat_mv > MAX_BATTERY_MV:
            bat_mv, faults = None, (*faults, Fault.BAD_FIELD)
    if cursor.left or flags & ~(_DISTANCE | _BATTERY):
        faults = (*faults, Fault.BAD_FIELD)
    return Frame((Sample(d_mm=d_mm, bat_mv=bat_mv, faults=tuple(dict.fromkeys(faults))),))


def _distance(raw: int, *, samples: int) -> tuple[tuple[int, ...] | None, tuple[Fault, ...]]:
    if samples == 0 or raw in _NOTHING_SEEN:
        return None, (Fault.NO_ECHO,)
    if raw <= _NEAREST_MM:
        return None, (Fault.BLIND_ZONE,)
    if raw > _MAX_MM:
        return None, (Fault.BAD_FIELD,)
    return (raw,), ()


MODELS = (
    Model(
        name="dl-mbx",
        maker="Decentlab",
        sensor="ultrasonic",
        decode=_decode,
        source="github.com/decentlab/decentlab-decoders, DL-MBX; HRXL-MaxSonar-WR datasheet",
        evidence=Evidence.DECODER,
    ),
)
