"""`angkut dead-letters` from the refusal to the stored reading."""

import re
from datetime import UTC, datetime

import pytest

from angkut_backend.db import Connection
from angkut_backend.errors import NotFoundError
from angkut_backend.ingest.batch import Batch, Received
from angkut_backend.ingest.store import store
from angkut_broker.codec import encode
from angkut_broker.messages import Telemetry
from integration.cli.conftest import Run
from parts.registry import TOPIC, add_registry


def arrive(conn: Connection, payload: bytes, device: str, *, channel: str = "telemetry") -> None:
    topic = TOPIC.rsplit("/", 1)[0] + f"/{device}/{channel}"
    store(conn, Batch.of([Received(0, 1, topic, payload, datetime.now(UTC))]))


def test_a_sensor_that_reported_before_it_was_registered_loses_nothing(
    run: Run, conn: Connection
) -> None:
    add_registry(conn)
    for seq in range(3):
        early = Telemetry(v=1, id="aabbcc", seq=seq, t=datetime.now(UTC), d_mm=[700])
        arrive(conn, encode(early), "aabbcc")
    arrive(conn, b'{"v":1,', "aabbcc")
    assert re.search(r"3 +unknown_device +3 open", run("dead-letters", "count").output)
    by_device = run("dead-letters", "count", "--by-device").output
    assert re.search(r"3 +unknown_device +aabbcc +3 open", by_device)
    listed = run("dead-letters", "list", "--reason", "unknown_device").output
    assert "angkut devices add" in listed
    number = listed.split()[0]
    assert '\n  "seq": 2,\n' in run("dead-letters", "show", number).output

    add = ("--bin", "BKS-BT-0002", "--id", "aabbcc", "--empty-mm", "1200", "--full-mm", "200")
    run("devices", "add", *add)
    assert "since   stored" in run("dead-letters", "replay", number).output
    rest = run("dead-letters", "replay", "--device", "aabbcc").output
    assert "2 stored, 1 refused again" in rest
    row = conn.execute("SELECT count(*) AS n FROM readings").fetchone()
    assert row is not None
    assert row["n"] == 3
    assert "0 stored, 1 refused again" in run("dead-letters", "replay", "--all").output
    assert "1 discarded" in run("dead-letters", "discard", "--reason", "not_json").output
    assert "no open dead letters" in run("dead-letters", "list").output
    assert "since   discarded" in run("dead-letters", "list", "--all").output


def test_bytes_are_shown_as_they_are_and_harmless(run: Run, conn: Connection) -> None:
    arrive(conn, b"\x1b[2J\xff", "aabbcc")
    number = run("dead-letters", "list").output.split()[0]
    assert r"\x1b[2J\xff" in run("dead-letters", "show", number).output
    assert run("dead-letters", "show", number, "--raw").stdout_bytes == b"\x1b[2J\xff"


def test_a_topic_cannot_steer_the_terminal(run: Run, conn: Connection) -> None:
    arrive(conn, b"{}", "aabbcc", channel="\x1b[2J")
    assert "\x1b" not in run("dead-letters", "list").output


@pytest.mark.parametrize("command", ["replay", "discard"])
@pytest.mark.parametrize("which", [(), ("17", "--all"), ("--all", "--reason", "not_json")])
def test_which_letters_must_be_said_in_one_way(
    run: Run, command: str, which: tuple[str, ...]
) -> None:
    assert "--all" in run("dead-letters", command, *which, fails=True).output


def test_a_number_that_is_not_there_is_named(run: Run) -> None:
    error = run("dead-letters", "show", "17", fails=True).exception
    assert isinstance(error, NotFoundError)
    assert "17" in str(error)
