"""The bytes of a device as they are, one MQTT topic for each device: NB-IoT without JSON."""

import re
from datetime import datetime
from typing import Literal

from pydantic import Field, field_validator

from angkut_broker.topics import ID_PATTERN
from angkut_edge import models
from angkut_edge.envelopes import jsons
from angkut_edge.envelopes.base import Envelope
from angkut_edge.uplink import EnvelopeError, Opened, Uplink


class Raw(Envelope):
    """Devices that publish their bytes themselves."""

    kind: Literal["raw"] = "raw"
    #: Topics of the devices, such as `milesight/+/up`.
    topic: str = Field(min_length=1)
    #: Which level of the topic, counted from 0, is the device's id: its IMEI or what is set in it.
    device_level: int = Field(ge=0, le=32)
    encoding: Literal["binary", "hex", "base64"] = "binary"
    #: Model of all devices here, unless the settings name another one for a device.
    model: str | None = None

    @field_validator("model")
    @classmethod
    def _is_known(cls, model: str | None) -> str | None:
        if model is not None and models.find(model) is None:
            raise ValueError(f"no decoder for {model}; there are {', '.join(models.registry())}")
        return model

    @property
    def filters(self) -> tuple[str, ...]:
        return (self.topic,)

    def open(self, topic: str, payload: bytes, *, now: datetime) -> Opened:
        levels = topic.split("/")
        device = levels[self.device_level].lower() if self.device_level < len(levels) else ""
        if not re.fullmatch(ID_PATTERN, device):
            raise EnvelopeError(
                f"level {self.device_level} of the topic {topic[:200]!r} is no device id"
            )
        if len(payload) > jsons.MAX_BYTES:
            raise EnvelopeError(f"{len(payload)} bytes are not of a sensor")
        uplink = Uplink(
            self.kind, device, received=now, hint=self.model, payload=self._bytes(payload)
        )
        ignored = None if uplink.payload else "no data"
        return Opened((uplink,), device=device, ignored=ignored)

    def _bytes(self, payload: bytes) -> bytes:
        if self.encoding == "binary":
            return payload
        try:
            written = payload.decode("ascii")
            if self.encoding == "hex":
                return jsons.hex_bytes(written)
            return jsons.base64_bytes(written)
        except ValueError as exc:
            raise EnvelopeError(f"the message is not {self.encoding}: {exc}") from exc
