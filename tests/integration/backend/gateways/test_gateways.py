"""Gateways: what they say of themselves, what they could not read, who speaks through them."""

import base64
from datetime import UTC, datetime, timedelta

import pytest

from angkut_backend.accounts.service import Role
from angkut_backend.db import Connection
from angkut_backend.errors import ConflictError
from angkut_backend.gateways import service
from angkut_backend.ingest.batch import Batch, Received
from angkut_backend.ingest.store import Outcome, store
from angkut_broker.codec import encode
from angkut_broker.credentials import Verifiers
from angkut_broker.messages import (
    Event,
    EventKind,
    Health,
    Message,
    Meta,
    Refused,
    Status,
    Stored,
    Telemetry,
)
from parts.api import Api
from parts.edge import GATEWAY, register_gateway
from parts.registry import DEVICE, add_registry

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TOPIC = f"angkut/v1/bekasi/327501/gateway/{GATEWAY}"


@pytest.fixture
def registry(conn: Connection) -> Connection:
    add_registry(conn)
    register_gateway(conn)
    conn.commit()
    return conn


def put(
    conn: Connection,
    channel: str,
    *messages: Message | Status | list[Telemetry],
    at: datetime = NOW,
    name: str = GATEWAY,
) -> Outcome:
    topic = f"{TOPIC.replace(GATEWAY, name)}/{channel}"
    sources = [Received(0, n, topic, encode(message), at) for n, message in enumerate(messages)]
    outcome = store(conn, Batch.of(sources))
    conn.commit()
    return outcome


def health(queued: int, **fields: object) -> Health:
    values = {"v": 1, "id": GATEWAY, "t": NOW, "spool_bytes": 4096, "spool_max_bytes": 10**6}
    return Health.model_validate(values | {"queued": queued} | fields)


def refusal(seq: int = 1) -> Refused:
    return Refused(
        v=1,
        id=GATEWAY,
        seq=seq,
        t=NOW,
        topic="application/1/device/x/event/up",
        payload=base64.b64encode(b'{"data":"AA=="}').decode(),
        reason="unknown_model",
        detail="24e124: no decoder for 'X1'",
    )


def letters(conn: Connection) -> list[tuple[str, str, str]]:
    rows = conn.execute("SELECT device, reason, detail FROM dead_letter").fetchall()
    return [(row["device"], row["reason"], row["detail"]) for row in rows]


def confirmed(outcome: Outcome) -> list[Stored]:
    assert all(topic == f"{TOPIC}/stored" for topic, _ in outcome.confirmations)
    return [Stored.model_validate_json(payload) for _, payload in outcome.confirmations]


def test_the_newest_word_of_a_gateway_is_kept_and_shown(registry: Connection, api: Api) -> None:
    put(registry, "status", Status.ONLINE)
    put(registry, "meta", Meta(v=1, id=GATEWAY, model="angkut edge", fw="1.2.3"))
    put(registry, "meta", Meta(v=1, id=DEVICE, model="em310-udl"))
    trouble = {"disk full": NOW - timedelta(hours=1)}
    word = health(12, oldest=NOW - timedelta(hours=2), dropped={"age": 3}, troubles=trouble)
    put(registry, "health", health(7), word, at=NOW)
    put(registry, "health", health(99), at=NOW - timedelta(minutes=1))
    [row] = api.signed_in(Role.DISPATCHER).get("/api/gateways").json()["gateways"]
    assert (row["id"], row["online"], row["firmware"]) == (GATEWAY, True, "1.2.3")
    assert (row["queued"], row["dropped"], row["devices"]) == (12, {"age": 3}, 1)
    assert row["oldest_at"] == "2026-03-01T10:00:00Z"
    assert row["troubles"] == {"disk full": "2026-03-01T11:00:00Z"}


def test_a_gateway_that_never_spoke_is_shown_without_figures(
    registry: Connection,  # noqa: ARG001 - fills the database
    api: Api,
) -> None:
    [row] = api.signed_in(Role.ADMIN).get("/api/gateways").json()["gateways"]
    assert (row["online"], row["queued"], row["seen_at"]) == (None, None, None)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.DRIVER, Role.EVALUATOR])
def test_others_do_not_see_gateways(api: Api, role: Role) -> None:
    assert api.signed_in(role).get("/api/gateways").status_code == 403


def test_the_word_of_an_unregistered_gateway_is_a_dead_letter(registry: Connection) -> None:
    stranger = health(1, id="stranger")
    outcome = put(registry, "health", stranger, name="stranger")
    assert outcome.dead_letters == {"unknown_device": 1}


def test_what_a_gateway_cannot_read_is_a_dead_letter_with_its_reason_and_confirmed(
    registry: Connection,
) -> None:
    outcome = put(registry, "refused", refusal())
    assert letters(registry) == [(GATEWAY, "unknown_model", "24e124: no decoder for 'X1'")]
    [stored] = confirmed(outcome)
    assert [(name.id, name.seq, name.t) for name in stored.stored] == [(GATEWAY, 1, NOW)]


def test_a_refusal_that_is_sent_again_is_kept_once_and_confirmed_each_time(
    registry: Connection,
) -> None:
    assert len(confirmed(put(registry, "refused", refusal(), refusal()))) == 1
    assert len(confirmed(put(registry, "refused", refusal()))) == 1
    assert len(letters(registry)) == 1
    put(registry, "refused", refusal(2))
    assert len(letters(registry)) == 2


def test_a_reason_of_a_newer_gateway_is_kept_too(registry: Connection) -> None:
    put(registry, "refused", refusal().model_copy(update={"reason": "from_the_future"}))
    assert [reason for _, reason, _ in letters(registry)] == ["invalid_field"]


def test_a_reading_and_events_of_one_frame_are_confirmed_by_names_of_their_own(
    registry: Connection,
) -> None:
    reading = Telemetry(v=1, id=DEVICE, seq=9, t=NOW, d_mm=[700])
    events = [Event(v=1, id=DEVICE, seq=9, t=NOW, kind=kind) for kind in EventKind]
    [of_reading] = confirmed(put(registry, "telemetry", [reading]))
    [of_events] = confirmed(put(registry, "event", *events))
    assert [name.kind for name in of_reading.stored] == [None]
    assert {name.kind for name in of_events.stored} == set(EventKind)


def test_readings_that_are_refused_for_their_time_are_named_as_refused(
    registry: Connection,
) -> None:
    good = Telemetry(v=1, id=DEVICE, seq=1, t=NOW, d_mm=[700])
    ahead = Telemetry(v=1, id=DEVICE, seq=2, t=NOW + timedelta(days=1), d_mm=[700])
    stored = confirmed(put(registry, "telemetry", [good, ahead]))
    assert [name.seq for said in stored for name in said.stored] == [1]
    assert [name.seq for said in stored for name in said.refused] == [2]


def test_a_gateways_name_is_given_once(registry: Connection) -> None:
    checks = Verifiers("x", "y")
    topic = service.add_gateway(registry, "gw-0002", checks, actor="test")
    assert str(topic) == "angkut/v1/bekasi/327501/gateway/gw-0002/status"
    with pytest.raises(ConflictError, match="already registered"):
        service.add_gateway(registry, "gw-0002", checks, actor="test")
