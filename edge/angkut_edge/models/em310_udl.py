"""Milesight EM310-UDL: ultrasonic, LoRaWAN."""

from types import MappingProxyType

from angkut_edge.families import milesight
from angkut_edge.model import Evidence, Model

_FIELDS: milesight.Fields = MappingProxyType(
    {
        (0x01, 0x75): milesight.battery,
        (0x03, 0x82): milesight.distance,
        (0x04, 0x00): milesight.position,
    }
)

MODELS = (
    Model(
        name="em310-udl",
        maker="Milesight",
        sensor="ultrasonic",
        decode=milesight.decoder(_FIELDS),
        source="github.com/Milesight-IoT/SensorDecoders, em-series/em310-udl/README.md",
        evidence=Evidence.DOCUMENT,
        command=milesight.command,
    ),
)
