"""Dragino LDDS75 and its successor DDS75-LB (and -LS): ultrasonic, 280 to 7500 mm, LoRaWAN."""

from angkut_edge.families import dragino
from angkut_edge.model import Evidence, Model

MODELS = tuple(
    Model(
        name=name,
        maker="Dragino",
        sensor="ultrasonic",
        # The manual's range, and the tolerance that it gives: 1 cm and 0.3 %.
        decode=dragino.decoder(280, 7_540),
        source="LDDS75 and DDS75-LB user manuals; github.com/dragino/dragino-end-node-decoder",
        evidence=Evidence.DOCUMENT,
        aliases=aliases,
        command=dragino.command,
    )
    for name, aliases in (("ldds75", ()), ("dds75-lb", ("dds75-ls", "dds75")))
)
