"""Dragino LDDS45 and its successor DDS45-LB (and -LS): ultrasonic, 30 to 4500 mm, LoRaWAN."""

from angkut_edge.families import dragino
from angkut_edge.model import Evidence, Model

MODELS = tuple(
    Model(
        name=name,
        maker="Dragino",
        sensor="ultrasonic",
        # The manual's range, and the tolerance that it gives: 1 cm and 0.3 %.
        decode=dragino.decoder(30, 4_530),
        source="LDDS45 and DDS45-LB user manuals; github.com/dragino/dragino-end-node-decoder",
        evidence=Evidence.DOCUMENT,
        aliases=aliases,
        command=dragino.command,
    )
    for name, aliases in (("ldds45", ()), ("dds45-lb", ("dds45-ls", "dds45")))
)
