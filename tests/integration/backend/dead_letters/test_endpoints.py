"""Dead letters and metrics through the API."""

import base64
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from angkut_backend.accounts.service import Role, Scope
from angkut_backend.db import Connection
from angkut_backend.ingest.batch import Batch, Received
from angkut_backend.ingest.store import store
from angkut_broker.codec import encode
from angkut_broker.messages import Telemetry
from parts.api import Api
from parts.registry import DEVICE, TOPIC, add_registry


@pytest.fixture
def admin(api: Api) -> httpx.Client:
    return api.signed_in(Role.ADMIN)


def arrive(conn: Connection, *payloads: bytes) -> None:
    now = datetime.now(UTC)
    topic = f"{TOPIC}/telemetry"
    store(conn, Batch.of(Received(0, 1, topic, payload, now) for payload in payloads))


def arrive_too_early(conn: Connection, n: int) -> None:
    """Readings that come before their device is registered."""
    at = datetime.now(UTC)
    readings = (
        Telemetry(v=1, id=DEVICE, seq=seq, t=at - timedelta(minutes=seq), d_mm=[600])
        for seq in range(n)
    )
    arrive(conn, *(encode(reading) for reading in readings))
    add_registry(conn)


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_only_an_admin_sees_dead_letters_and_metrics(api: Api, role: Role) -> None:
    client = api.signed_in(role)
    for path in ("/api/dead-letters", "/api/dead-letters/counts", "/api/metrics"):
        assert client.get(path).status_code == 403
    assert client.post("/api/dead-letters/replay", json={}).status_code == 403


def test_letters_come_in_pages_newest_first(admin: httpx.Client, conn: Connection) -> None:
    arrive(conn, b"[1", b"[2", b"[3")
    first = admin.get("/api/dead-letters", params={"limit": 2}).json()
    assert len(first["letters"]) == 2
    rest = admin.get("/api/dead-letters", params={"before": first["next_before"]}).json()
    numbers = [row["dead_letter_id"] for row in first["letters"] + rest["letters"]]
    assert numbers == sorted(numbers, reverse=True)
    assert (len(numbers), rest["next_before"]) == (3, None)


def test_a_letter_is_shown_whole_and_replayed(admin: httpx.Client, conn: Connection) -> None:
    arrive_too_early(conn, 1)
    (row,) = admin.get("/api/dead-letters", params={"device": DEVICE}).json()["letters"]
    path = f"/api/dead-letters/{row['dead_letter_id']}"
    whole = admin.get(path).json()
    assert '\n  "seq": 0,\n' in whole["payload_text"]
    assert b'"seq":0' in base64.b64decode(whole["payload_base64"])
    done = admin.post(f"{path}/replay").json()
    assert (done["outcome"], done["outcome_by"], done["is_open"]) == (
        "stored",
        "account:admin",
        False,
    )
    assert admin.post(f"{path}/replay").json() == done
    assert admin.post(f"{path}/discard").status_code == 409
    assert admin.get("/api/dead-letters").json()["letters"] == []
    assert len(admin.get("/api/dead-letters", params={"settled": True}).json()["letters"]) == 1


def test_a_reason_is_replayed_in_parts_until_none_is_left(
    admin: httpx.Client, conn: Connection
) -> None:
    arrive(conn, b"{")
    arrive_too_early(conn, 201)
    path, wanted = "/api/dead-letters/replay", {"reason": "unknown_device"}
    first = admin.post(path, json=wanted).json()
    assert (first["stored"], first["refused"]) == (200, 0)
    second = admin.post(path, json=wanted | {"after": first["last"]}).json()
    assert second == {"stored": 1, "refused": 0, "last": None}
    row = conn.execute("SELECT count(*) AS n FROM readings").fetchone()
    assert row is not None
    assert row["n"] == 201
    counts = admin.get("/api/dead-letters/counts").json()
    assert {(c["reason"], c["n"], c["open"]) for c in counts["by_reason"]} == {
        ("unknown_device", 201, 0),
        ("not_json", 1, 1),
    }
    assert counts["by_device"][0]["device"] == DEVICE
    assert admin.post("/api/dead-letters/discard", json={}).json() == {"discarded": 1}


def test_bytes_are_shown_so_that_a_person_can_read_them(
    admin: httpx.Client, conn: Connection
) -> None:
    arrive(conn, b"\0\x1b\xff\xe2\x80\xae<b>")
    (row,) = admin.get("/api/dead-letters").json()["letters"]
    whole = admin.get(f"/api/dead-letters/{row['dead_letter_id']}").json()
    assert whole["payload_text"] == r"\x00\x1b\xff\u202e<b>"


def test_what_is_not_there_or_malformed_is_said(admin: httpx.Client) -> None:
    assert admin.get("/api/dead-letters/17").status_code == 404
    assert admin.post("/api/dead-letters/17/replay").status_code == 404
    assert admin.get("/api/dead-letters", params={"reason": "a\0b"}).status_code == 422
    assert admin.post("/api/dead-letters/discard", json={"reasn": "x"}).status_code == 422


def test_a_monitor_reads_the_metrics_with_a_read_token(api: Api, conn: Connection) -> None:
    arrive(conn, b"{", b"[")
    program = api.token(api.account(Role.ADMIN), Scope.READ)
    program.get("/api/dead-letters/17")
    program.get("/nowhere/at/all")
    answer = program.get("/api/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    shown = answer.text
    assert 'angkut_dead_letters_open{reason="not_json"} 2.0' in shown
    route = "/api/dead-letters/{number}"
    counted = f'angkut_api_requests_total{{method="GET",route="{route}",status="404"}} 1.0'
    assert counted in shown
    assert f'angkut_api_first_byte_seconds_count{{route="{route}"}} 1.0' in shown
    assert 'route="page",status="404"' in shown
    assert "angkut_api_requests_in_progress 1.0" in shown
    assert "nowhere" not in shown
