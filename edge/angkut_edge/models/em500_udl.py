"""Milesight EM500-UDL: ultrasonic to 10 m, LoRaWAN, with a memory.

The maker's decoder divides the distance of an alarm (0x83 0xe9) by ten; its README gives no
factor, and the same distance beside it is in mm, so here it is mm too.
"""

from types import MappingProxyType

from angkut_broker.messages import Fault
from angkut_edge.cursor import Cursor
from angkut_edge.families import milesight
from angkut_edge.model import Evidence, Model
from angkut_edge.uplink import Sample


def _history(cursor: Cursor, draft: milesight.Draft) -> None:
    t = cursor.time()
    d_mm, faults = milesight.millimetres(cursor.unsigned(2))
    draft.past.append(Sample(t=t, d_mm=d_mm, faults=(Fault.HISTORY, *faults)))


_FIELDS: milesight.Fields = MappingProxyType(
    {
        (0x01, 0x75): milesight.battery,
        (0x03, 0x82): milesight.distance,
        (0x83, 0xE9): milesight.distance_jump,
        (0x20, 0xCE): _history,
    }
)

MODELS = (
    Model(
        name="em500-udl",
        maker="Milesight",
        sensor="ultrasonic",
        decode=milesight.decoder(_FIELDS),
        source="github.com/Milesight-IoT/SensorDecoders, em-series/em500-udl/README.md",
        evidence=Evidence.DOCUMENT,
        command=milesight.command,
    ),
)
