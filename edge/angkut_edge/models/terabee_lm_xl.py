"""Terabee LoRa Level Monitoring XL: time of flight, 0.5 to 60 m, LoRaWAN.

Six bytes, high byte first: distance in mm, fill %, battery in mV, error bits.
"""

from types import MappingProxyType

from angkut_broker.messages import Fault
from angkut_edge.cursor import Cursor
from angkut_edge.model import Evidence, Model
from angkut_edge.uplink import Frame, Sample
from angkut_edge.values import MAX_BATTERY_MV

_CODES = MappingProxyType({0: Fault.BLIND_ZONE, 1: Fault.SENSOR_ERROR, 0xFFFF: Fault.NO_ECHO})
_RANGE_MM = (500, 60_000)
_NO_FILL = 255
_SENSOR_SILENT, _BATTERY_UNREAD = 0x08, 0x04


def _decode(payload: bytes, port: int | None) -> Frame:  # noqa: ARG001 - one kind of frame
    cursor = Cursor(payload, "big")
    raw, fill_pct = cursor.unsigned(2), cursor.unsigned(1)
    bat_mv: int | None
    bat_mv, errors = cursor.unsigned(2), cursor.unsigned(1)
    d_mm: tuple[int, ...] | None = (raw,)
    faults: tuple[Fault, ...] = ()
    if errors & _SENSOR_SILENT:
        d_mm, faults = None, (Fault.SENSOR_ERROR,)
    elif raw in _CODES:
        d_mm, faults = None, (_CODES[raw],)
    elif not _RANGE_MM[0] <= raw <= _RANGE_MM[1]:
        d_mm, faults = None, (Fault.BAD_FIELD,)
    if errors & _BATTERY_UNREAD:
        bat_mv = None
    elif bat_mv > MAX_BATTERY_MV:
        bat_mv, faults = None, (*faults, Fault.BAD_FIELD)
    if cursor.left:
        faults = (*faults, Fault.BAD_FIELD)
    sample = Sample(
        d_mm=d_mm,
        # Without a distance the percentage rests on nothing.
        fill_pct=None if d_mm is None or fill_pct == _NO_FILL else float(fill_pct),
        bat_mv=bat_mv,
        faults=tuple(dict.fromkeys(faults)),
    )
    return Frame((sample,))


MODELS = (
    Model(
        name="lora-lm-xl",
        maker="Terabee",
        sensor="laser",
        decode=_decode,
        source='LoRa Level Monitoring XL user manual, "LoRaWAN communication"; its payload file '
        "in github.com/TheThingsNetwork/lorawan-devices, vendor/terabee",
        evidence=Evidence.DOCUMENT,
        aliases=("lm-xl", "level-monitoring-xl"),
    ),
)
