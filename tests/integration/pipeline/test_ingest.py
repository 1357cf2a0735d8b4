"""From MQTT to the database, with the real processes."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from angkut_backend.db import connect
from angkut_backend.dead_letters.service import count_by_reason
from angkut_broker.codec import encode
from angkut_broker.messages import Telemetry
from integration.infra.mqtt_client import Client, RefusedError
from integration.pipeline.line import PASSWORD, Line
from parts.registry import DEVICE, TOPIC
from parts.waiting import wait_until

MESSAGES = 400
PER_MESSAGE = 25


def batch(number: int, end: datetime) -> bytes:
    """Return a message of the backfill: readings one second apart, each time used once."""
    first = number * PER_MESSAGE
    return encode(
        [
            Telemetry(
                v=1, id=DEVICE, seq=seq, t=end - timedelta(seconds=seq), d_mm=[600 + seq % 100]
            )
            for seq in range(first, first + PER_MESSAGE)
        ]
    )


def test_kill_9_of_ingest_in_the_middle_of_a_backfill_loses_and_doubles_nothing(
    line: Line,
) -> None:
    end = datetime.now(UTC).replace(microsecond=0)
    with Client(line.sensor.port, DEVICE, PASSWORD) as client:
        for number in range(MESSAGES):
            client.send(f"{TOPIC}/telemetry", batch(number, end))
            client.send(f"{TOPIC}/telemetry", b'{"v":1,"seq":%d' % number)
            if number in {100, 200, 300}:
                # Some of it is stored, some received and not acknowledged, some not sent yet.
                before = line.value("SELECT count(*) FROM readings")
                # Or all of it, if ingest was quicker than the look at the table.
                some = min(before + 1, (number + 1) * PER_MESSAGE)
                line.until(partial(line.has_more_readings, some - 1), "some of it to be stored")
                line.kill("ingest")
        wait_until(client.nothing_waits, what="every message to be acknowledged by the broker")
        line.until(
            lambda: line.value("SELECT count(*) FROM readings") >= MESSAGES * PER_MESSAGE,
            "all of the backfill to be stored",
        )
        line.until(
            lambda: line.value("SELECT count(DISTINCT payload) FROM dead_letter") == MESSAGES,
            "all that cannot be read to be kept aside",
        )
    assert line.value("SELECT count(*) FROM readings") == MESSAGES * PER_MESSAGE
    assert line.value("SELECT count(DISTINCT seq) FROM readings") == MESSAGES * PER_MESSAGE
    assert line.value("SELECT count(*) FROM dead_letter") == MESSAGES


def message(**fields: object) -> bytes:
    now = datetime.now(UTC).isoformat()
    return json.dumps({"v": 1, "id": DEVICE, "seq": 1, "t": now, "d_mm": [700]} | fields).encode()


def awkward_messages() -> Mapping[str, bytes]:
    """Return one message for each reason that a payload alone can give."""
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    return {
        "not_json": b'{"v":1,',
        "not_utf8": b'{"v":1,"fw":"\xff"}',
        "missing_field": b'{"v":1}',
        "wrong_version": message(v=2),
        "invalid_field": message(d_mm="seven hundred"),
        "not_finite": message(temp_c=float("nan")),
        "empty_batch": b"[]",
        "time_too_old": message(t="1970-01-01T00:00:00Z"),
        "time_in_future": message(t=later),
        "id_mismatch": message(id="another"),
        "payload_too_large": message(fw="x" * 70_000),
    }


def test_each_awkward_message_is_kept_with_its_own_reason_and_ingest_goes_on(line: Line) -> None:
    awkward = awkward_messages()
    with Client(line.sensor.port, DEVICE, PASSWORD) as client:
        for payload in awkward.values():
            client.publish(f"{TOPIC}/telemetry", payload)
        client.publish(f"{TOPIC}/telemetry", message())
    line.until(lambda: line.value("SELECT count(*) FROM readings"), "the good reading")
    with connect(line.stack.dsn) as conn:
        counts = {row.reason: row.n for row in count_by_reason(conn)}
        kept = conn.execute("SELECT reason, payload FROM dead_letter").fetchall()
    assert counts == dict.fromkeys(awkward, 1)
    for row in kept:
        assert awkward[row["reason"]].startswith(bytes(row["payload"]))
        assert len(row["payload"]) > 0


def test_a_payload_of_1_mb_is_refused_by_the_broker_and_everybody_else_goes_on(line: Line) -> None:
    with Client(line.sensor.port, DEVICE, PASSWORD) as client:
        client.send(f"{TOPIC}/telemetry", b"x" * 1_000_000)
        wait_until(lambda: client.disconnections, what="the broker to close the connection")
    with Client(line.sensor.port, DEVICE, PASSWORD) as client:
        client.publish(f"{TOPIC}/telemetry", message())
    line.until(lambda: line.value("SELECT count(*) FROM readings"), "the good reading")
    assert line.stack.part("ingest").running


def test_an_unknown_device_is_not_let_in_by_the_broker(line: Line) -> None:
    stranger = Client(line.sensor.port, "stranger", "guess")
    with pytest.raises(RefusedError):
        stranger.__enter__()


def test_what_arrives_while_the_database_is_away_is_stored_when_it_is_back(line: Line) -> None:
    with Client(line.sensor.port, DEVICE, PASSWORD) as client:
        line.kill("postgres")
        client.publish(f"{TOPIC}/telemetry", message())
    line.until(
        lambda: line.value("SELECT count(*) FROM readings"), "the reading to be stored after all"
    )
