import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from angkut_broker import schema_files
from angkut_broker.codec import encode
from angkut_broker.messages import (
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
from angkut_broker.topics import Channel, Kind, Topic

COMMITTED = Path(__file__).parents[3] / "broker" / "schemas"
READING: dict[str, Any] = {
    "v": 1,
    "id": "70b3d57ed0001234",
    "seq": 1842,
    "t": "2026-01-14T21:45:00Z",
    "d_mm": [612, 608, 1490, 610],
    "fill_pct": None,
    "bat_mv": 3480,
    "temp_c": 31.2,
    "tilt_deg": 2,
    "rssi_dbm": -109,
    "snr_db": 4.5,
    "fw": "1.4.2",
    "faults": ["low_battery"],
}


def validator(payload: str) -> Draft202012Validator:
    schema = json.loads(schema_files.files()[schema_files.schema_file(payload)])
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


@pytest.fixture(scope="module")
def asyncapi() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(schema_files.files()["asyncapi.json"])
    return document


def test_the_committed_documents_are_those_that_the_code_makes() -> None:
    committed = {path.name: path.read_text() for path in COMMITTED.iterdir()}
    assert committed == schema_files.files(), "run `angkut contract write`"


def test_the_designs_example_reading_is_valid() -> None:
    validator("telemetry").validate(READING)
    validator("telemetry-batch").validate([READING, READING])


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        ("telemetry", Telemetry.model_validate_json(json.dumps(READING))),
        ("telemetry-batch", [Telemetry.model_validate_json(json.dumps(READING))]),
        ("event", Event.model_validate_json(json.dumps({**READING, "kind": "fire"}))),
        ("meta", Meta(v=1, id="a", interval_s=1800)),
        ("command", Command(v=1, cmd_id="c1", cmd="reboot", id="a")),
        (
            "refused",
            Refused(
                v=1,
                id="gw-01",
                seq=7,
                t=datetime(2026, 1, 14, 21, 45, tzinfo=UTC),
                topic="application/1/device/a/event/up",
                payload="e30=",
                reason="not_json",
                detail="payload: not JSON",
            ),
        ),
        (
            "health",
            Health(
                v=1,
                id="gw-01",
                t=datetime(2026, 1, 14, 21, 45, tzinfo=UTC),
                queued=3,
                spool_bytes=40_960,
                spool_max_bytes=512 * 1024 * 1024,
                dropped={"age": 2},
                troubles={"disk full": datetime(2026, 1, 14, 21, tzinfo=UTC)},
            ),
        ),
        ("ack", Ack(v=1, id="a", cmd_id="c1", ok=True)),
        ("stored", Stored(v=1, stored=[])),
    ],
)
def test_what_the_codec_sends_is_valid_by_the_schema(payload: str, message: Any) -> None:  # noqa: ANN401 - any payload
    validator(payload).validate(json.loads(encode(message)))


def test_the_status_schema_holds_the_words_that_are_sent() -> None:
    for status in Status:
        validator("status").validate(encode(status).decode())


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2},
        {"id": "UPPER"},
        {"seq": -1},
        {"d_mm": [1] * 17},
        {"bat_mv": "3480"},
        {"t": None},
        {"faults": ["No Echo"]},
    ],
)
def test_a_reading_that_ingest_refuses_is_invalid_by_the_schema(change: dict[str, Any]) -> None:
    assert not validator("telemetry").is_valid(READING | change)


def test_an_empty_batch_is_invalid() -> None:
    assert not validator("telemetry-batch").is_valid([])


@pytest.mark.parametrize("channel", list(Channel))
def test_asyncapi_has_each_channel_with_its_quality_of_service(
    asyncapi: dict[str, Any], channel: Channel
) -> None:
    (operation,) = [
        operation
        for operation in asyncapi["operations"].values()
        if operation["channel"] == {"$ref": f"#/channels/{channel}"}
    ]
    assert operation["action"] == ("send" if channel.from_device else "receive")
    assert operation["bindings"]["mqtt"]["qos"] == channel.qos
    assert operation["bindings"]["mqtt"]["retain"] == channel.retain


def test_asyncapis_addresses_are_topics(asyncapi: dict[str, Any]) -> None:
    for channel in Channel:
        address = asyncapi["channels"][channel]["address"].format(
            city="bekasi", area="327501", kind="bin", device_id="a1"
        )
        assert Topic.parse(address) == Topic("bekasi", "327501", Kind.BIN, "a1", channel)


def test_every_reference_in_asyncapi_leads_somewhere(asyncapi: dict[str, Any]) -> None:
    found = list(_references(asyncapi))
    assert found
    for reference in found:
        if reference.startswith("./"):
            assert reference.removeprefix("./") in schema_files.files()
            continue
        node: Any = asyncapi
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]


def _references(node: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(node, dict):
        for name, value in node.items():
            if name == "$ref":
                yield value
            else:
                yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)
