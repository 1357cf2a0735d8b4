"""Dingtek DF702 and DF703: made for waste bins; ultrasonic, with tilt and fire, LoRaWAN port 3.

17 bytes: 80, -, model, 1 regular or 2 alarm, length, level in mm (the air above the waste), 0,
temperature, sign and degrees of the angle, nibbles full and fire, nibbles tilt and low battery,
frame count, 81. 25 bytes: the same with a position (two floats) before the temperature; or, with
3 for the kind, the settings. High byte first.
"""

from collections.abc import Mapping

from angkut_broker.messages import EventKind, Fault
from angkut_edge.model import Evidence, Model
from angkut_edge.uplink import Downlink, Frame, FrameError, Notice, Sample, UnsupportedCommandError
from angkut_edge.values import interval_s, small_celsius

_BEGIN, _END = 0x80, 0x81
_PORT = 3
_SETTINGS = 3
#: By length: the place of the temperature, from which the rest follows.
_TEMPERATURE_AT = {17: 8, 25: 16}
_MAX_MM = 6_000


def _decode(payload: bytes, port: int | None) -> Frame:  # noqa: ARG001 - one kind of frame
    size = len(payload)
    if size not in _TEMPERATURE_AT or payload[0] != _BEGIN or payload[-1] != _END:
        raise FrameError("the frame is not of 17 or 25 bytes from 80 to 81")
    if payload[3] == _SETTINGS:
        hours = payload[7]
        return Frame(fw=f"{payload[5]}.{payload[6]}", interval_s=hours * 3600 or None)
    at = _TEMPERATURE_AT[size]
    temp_c = small_celsius(payload[at])
    angle_deg = float(payload[at + 2])
    d_mm, faults = _distance(int.from_bytes(payload[5:7], "big"))
    if payload[at + 4] & 0x0F:
        faults = (*faults, Fault.LOW_BATTERY)
    notices = []
    if payload[at + 3] & 0x0F:
        notices.append(Notice(EventKind.FIRE, temp_c))
    if payload[at + 4] >> 4:
        notices.append(Notice(EventKind.TILT, angle_deg))
    sample = Sample(d_mm=d_mm, temp_c=temp_c, tilt_deg=angle_deg, faults=faults)
    return Frame((sample,), tuple(notices))


def _distance(raw: int) -> tuple[tuple[int, ...] | None, tuple[Fault, ...]]:
    if raw == 0:
        return None, (Fault.SENSOR_ERROR,)
    if raw == 0xFFFF:
        return None, (Fault.NO_ECHO,)
    if raw > _MAX_MM:
        return None, (Fault.BAD_FIELD,)
    return (raw,), ()


def _command(name: str, args: Mapping[str, object]) -> Downlink:
    """Encode the report interval, in hours: text 8002 9999 01 HH 81."""
    if name != "interval":
        raise UnsupportedCommandError(f"this model takes interval, not {name!r}")
    hours = round(interval_s(args, 3600, 168 * 3600) / 3600)
    return Downlink(_PORT, f"8002999901{hours:02X}81".encode())


MODELS = (
    Model(
        name="df702",
        maker="Dingtek",
        sensor="ultrasonic",
        decode=_decode,
        source="the maker's payload file in github.com/TheThingsNetwork/lorawan-devices, "
        "vendor/dingtek (DF702&DF703 Waste Bin Sensor Protocol LoRaWAN V2.8)",
        evidence=Evidence.DECODER,
        aliases=("df703",),
        command=_command,
    ),
)
