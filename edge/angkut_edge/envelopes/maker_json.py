"""Sensors that speak JSON themselves, each maker in its own way: described, not programmed."""

import re
import tomllib
from datetime import datetime
from importlib import resources
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from angkut_broker.topics import ID_PATTERN
from angkut_edge.envelopes import jsons
from angkut_edge.envelopes.base import Envelope
from angkut_edge.envelopes.fields import FieldMap, Place
from angkut_edge.uplink import EnvelopeError, Opened, Uplink

_PRESETS = resources.files("angkut_edge.envelopes") / "presets"


def presets() -> list[str]:
    """Return the names of the descriptions that come with Angkut."""
    names = (entry.name for entry in _PRESETS.iterdir())
    return sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml"))


def _place(value: object) -> object:
    return {"path": value} if isinstance(value, str) else value


_Place = Annotated[Place, BeforeValidator(_place)]


class MakerJson(Envelope):
    """Devices that publish JSON, with a description of where in it things are."""

    kind: Literal["json"] = "json"
    #: Topics of the devices, such as `dragino/+/up`.
    topic: str = Field(min_length=1)
    #: A description that comes with Angkut; what is given beside it counts before it.
    preset: str | None = None
    #: Where the device's id is: in the message, or as a level of the topic counted from 0.
    device: _Place | None = None
    device_level: int | None = Field(None, ge=0, le=32)
    #: Where the message names the device's model; it is only shown.
    hint: _Place | None = None
    fields: FieldMap

    @model_validator(mode="before")
    @classmethod
    def _with_preset(cls, values: Any) -> Any:  # noqa: ANN401 - whatever is in the settings
        name = values.get("preset") if isinstance(values, dict) else None
        if not isinstance(name, str):
            return values
        if name not in presets():
            raise ValueError(f"there is no preset {name!r}; there are {', '.join(presets())}")
        described = tomllib.loads((_PRESETS / f"{name}.toml").read_text())
        given = values.get("fields")
        fields = described["fields"] | (given if isinstance(given, dict) else {})
        return described | values | {"fields": fields}

    @model_validator(mode="after")
    def _names_devices(self) -> "MakerJson":
        if self.device is None and self.device_level is None:
            raise ValueError("say where the device's id is: device or device_level")
        return self

    @property
    def filters(self) -> tuple[str, ...]:
        return (self.topic,)

    def open(self, topic: str, payload: bytes, *, now: datetime) -> Opened:
        body = jsons.parse(payload)
        messages = body if isinstance(body, list) else [body]
        uplinks = tuple(self._uplink(topic, message, now) for message in messages[:1_000])
        return Opened(uplinks, device=uplinks[0].device if len(uplinks) == 1 else None)

    def _uplink(self, topic: str, message: object, now: datetime) -> Uplink:
        if not isinstance(message, dict):
            raise EnvelopeError("the message is neither a JSON object nor a list of them")
        hint = self.hint.find(message) if self.hint else None
        return Uplink(
            self.kind,
            self._device(topic, message),
            received=now,
            hint=jsons.text(hint),
            frame=self.fields.frame(message),
        )

    def _device(self, topic: str, message: object) -> str:
        found: object = None
        if self.device_level is not None:
            found = jsons.at(list(topic.split("/")), self.device_level)
        elif self.device is not None:
            found = self.device.find(message)
        name = str(found).lower() if isinstance(found, str | int) else ""
        name = jsons.eui(name) or name
        if not re.fullmatch(ID_PATTERN, name):
            raise EnvelopeError(f"the device's id is {found!r:.80}; it must be {ID_PATTERN}")
        return name
