"""Sensoneo Single Sensor 3.0: made for waste bins; ultrasonic, LoRaWAN and NB-IoT.

17 bytes: ff ff, a nibble 2 for the kind and one for the role, firmware, id (low byte first),
event bits, four distances in 2 cm, battery in 10 mV above 2500, temperature, tilt, event count.
"""

from angkut_broker.messages import EventKind, Fault
from angkut_edge.model import Evidence, Model
from angkut_edge.uplink import Frame, FrameError, Notice, Sample
from angkut_edge.values import small_celsius

_SIZE = 17
_SINGLE = 2
_FIRE, _TILT = 0x02, 0x04
#: Neither end of the byte can be a distance.
_NOTHING_SEEN = (0, 255)


def _decode(payload: bytes, port: int | None) -> Frame:  # noqa: ARG001 - one kind of frame
    if len(payload) != _SIZE or payload[:2] != b"\xff\xff" or payload[2] >> 4 != _SINGLE:
        raise FrameError("the frame is not of 17 bytes that begin with ff ff 2")
    events = payload[8]
    echoes = tuple(raw * 20 for raw in payload[9:13] if raw not in _NOTHING_SEEN)
    temp_c, tilt_deg = small_celsius(payload[14]), float(payload[15])
    sample = Sample(
        d_mm=echoes or None,
        bat_mv=2_500 + payload[13] * 10,
        temp_c=temp_c,
        tilt_deg=tilt_deg,
        faults=() if echoes else (Fault.NO_ECHO,),
    )
    notices = []
    if events & _FIRE:
        notices.append(Notice(EventKind.FIRE, temp_c))
    if events & _TILT:
        # The firmware does not fill the angle: then it is the device's own judgement.
        notices.append(Notice(EventKind.TILT, tilt_deg or None))
    return Frame((sample,), tuple(notices), fw=str(payload[3]))


MODELS = (
    Model(
        name="single-sensor-3",
        maker="Sensoneo",
        sensor="ultrasonic",
        decode=_decode,
        source="Single Sensor 3.0, Payload description for LoRa and NB-IoT (Sensoneo)",
        evidence=Evidence.DOCUMENT,
        aliases=("single-sensor-3.0", "single-sensor"),
    ),
)
