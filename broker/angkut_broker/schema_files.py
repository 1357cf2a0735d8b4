"""The wire contract as documents: a JSON Schema for each payload and one AsyncAPI 3.0 document."""

import json
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from angkut_broker.messages import (
    MAX_BATCH,
    MAX_PAYLOAD_BYTES,
    Ack,
    Command,
    Event,
    Health,
    Meta,
    Refused,
    Status,
    Stored,
    Telemetry,
)
from angkut_broker.topics import ID_PATTERN, ROOT, VERSION, Channel, Kind

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_Json = dict[str, Any]

#: Payload to its type and what it is; the names are those of the files.
_PAYLOADS: Mapping[str, tuple[Any, str]] = {
    "telemetry": (Telemetry, "One reading."),
    "telemetry-batch": (
        Annotated[list[Telemetry], Field(min_length=1, max_length=MAX_BATCH)],
        "Several readings; of one device, unless a gateway sends them on its own topic.",
    ),
    "event": (Event, "Something happened at the bin."),
    "status": (Status, "A bare word without quotes; `offline` is the last will too."),
    "meta": (Meta, "What the device is."),
    "command": (Command, "An order to a device."),
    "ack": (Ack, "The answer of a device to a command."),
    "stored": (Stored, "What is committed in the database."),
    "refused": (Refused, "A message that a gateway cannot read, kept as a dead letter."),
    "health": (Health, "How a gateway is: what waits, what was given up, what is in the way."),
}

_CHANNELS: Mapping[Channel, tuple[str, ...]] = {
    Channel.TELEMETRY: ("telemetry", "telemetry-batch"),
    Channel.EVENT: ("event",),
    Channel.STATUS: ("status",),
    Channel.META: ("meta",),
    Channel.CMD: ("command",),
    Channel.ACK: ("ack",),
    Channel.STORED: ("stored",),
    Channel.REFUSED: ("refused",),
    Channel.HEALTH: ("health",),
}

_PARAMETERS: _Json = {
    "city": {"description": "City as one word", "examples": ["bekasi"]},
    "area": {"description": "Kemendagri code without dots", "examples": ["327501"]},
    "kind": {"description": "What the device hangs on", "enum": list(Kind)},
    "device_id": {
        "description": f"Also the user name at the broker; {ID_PATTERN}",
        "examples": ["70b3d57ed0001234"],
    },
}


def files() -> dict[str, str]:
    """Return file names and texts, the same for the same contract."""
    documents = {schema_file(name): _schema(name) for name in _PAYLOADS}
    documents["asyncapi.json"] = _asyncapi()
    return {
        name: json.dumps(document, indent=2, ensure_ascii=False) + "\n"
        for name, document in documents.items()
    }


def schema_file(payload: str) -> str:
    """Return the name of the file with the schema of a payload."""
    return f"{payload}.schema.json"


def _schema(name: str) -> _Json:
    kind, text = _PAYLOADS[name]
    schema = TypeAdapter(kind).json_schema()
    # Our words instead of the docstrings, which speak to programmers.
    return {
        "$schema": _DIALECT,
        "$id": f"urn:{ROOT}:{VERSION}:{name}",
        **schema,
        "title": name,
        "description": text,
    }


def _asyncapi() -> _Json:
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Angkut wire contract",
            "version": f"{VERSION.removeprefix('v')}.0.0",
            "description": (
                "What a device sends and receives. A device may publish only below its own id "
                "and read only its own `cmd` and `stored`. Unknown fields are ignored, a payload "
                f"has {MAX_PAYLOAD_BYTES} bytes at most. The broker's PUBACK does not mean that a "
                "reading is stored: `stored` does."
            ),
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "local": {
                "host": "127.0.0.1:1883",
                "protocol": "mqtt",
                "protocolVersion": "3.1.1",
                "description": "The embedded broker",
                "security": [{"$ref": "#/components/securitySchemes/device"}],
            }
        },
        "channels": {channel.value: _channel(channel) for channel in Channel},
        "operations": {_operation_name(channel): _operation(channel) for channel in Channel},
        "components": {
            "messages": {name: _message(name) for name in _PAYLOADS},
            "parameters": _PARAMETERS,
            "securitySchemes": {
                "device": {"type": "userPassword", "description": "Device id and its secret"}
            },
        },
    }


def _channel(channel: Channel) -> _Json:
    levels = "/".join(f"{{{name}}}" for name in _PARAMETERS)
    return {
        "address": f"{ROOT}/{VERSION}/{levels}/{channel}",
        "messages": {
            name: {"$ref": f"#/components/messages/{name}"} for name in _CHANNELS[channel]
        },
        "parameters": {name: {"$ref": f"#/components/parameters/{name}"} for name in _PARAMETERS},
    }


def _operation_name(channel: Channel) -> str:
    return f"{'send' if channel.from_device else 'receive'}-{channel}"


def _operation(channel: Channel) -> _Json:
    return {
        "action": "send" if channel.from_device else "receive",
        "summary": "By the device" if channel.from_device else "By the device, from the server",
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": [
            {"$ref": f"#/channels/{channel}/messages/{name}"} for name in _CHANNELS[channel]
        ],
        "bindings": {
            "mqtt": {"qos": channel.qos, "retain": channel.retain, "bindingVersion": "0.2.0"}
        },
    }


def _message(name: str) -> _Json:
    is_word = name == "status"
    return {
        "name": name,
        "summary": _PAYLOADS[name][1],
        "contentType": "text/plain" if is_word else "application/json",
        "payload": {
            "schemaFormat": "application/schema+json;version=draft-2020-12",
            "schema": {"$ref": f"./{schema_file(name)}"},
        },
    }
