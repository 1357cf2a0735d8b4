"""Dead letters come back through ingest's own path, on plain PostgreSQL and on TimescaleDB."""

from datetime import UTC, datetime, timedelta

import pytest

from angkut_backend.db import Connection, Row
from angkut_backend.dead_letters import service
from angkut_backend.dead_letters.replay import Replayed, replay, replay_some
from angkut_backend.dead_letters.service import DeadLetter, Outcome, Selection
from angkut_backend.errors import ConflictError, NotFoundError
from angkut_backend.ingest.batch import Batch, Received
from angkut_backend.ingest.letters import KEPT_BYTES
from angkut_backend.ingest.store import store
from angkut_broker.codec import encode
from angkut_broker.messages import Meta, Status, Telemetry
from parts.registry import DEVICE, TOPIC

CAME = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOW = CAME + timedelta(days=3)
STRANGER_TOPIC = "angkut/v1/bekasi/327501/bin/stranger"


def reading(seq: int, device: str = DEVICE, **fields: object) -> Telemetry:
    at = CAME - timedelta(minutes=seq)
    return Telemetry.model_validate(
        {"v": 1, "id": device, "seq": seq, "t": at, "d_mm": [600]} | fields
    )


def arrive(
    conn: Connection, payload: bytes, topic: str = f"{TOPIC}/telemetry", *, at: datetime = CAME
) -> None:
    store(conn, Batch.of([Received(0, 1, topic, payload, at)]))


def arrive_too_early(conn: Connection, *messages: Telemetry) -> None:
    """Arrive while the device is retired."""
    conn.execute("UPDATE device SET retired_at = now()")
    for message in messages:
        arrive(conn, encode(message))
    conn.execute("UPDATE device SET retired_at = NULL")
    conn.commit()


def letters(conn: Connection, *, settled: bool = True) -> list[DeadLetter]:
    return service.list_letters(conn, Selection(), settled=settled, limit=1000)


def again(conn: Connection, letter: DeadLetter) -> DeadLetter:
    return replay(conn, letter.dead_letter_id, actor="cli:ana", now=NOW)


def again_all(conn: Connection, selection: Selection, *, after: int = 0, limit: int) -> Replayed:
    return replay_some(
        conn, selection, after=after, until=NOW, limit=limit, actor="cli:ana", now=NOW
    )


def one(conn: Connection, sql: str) -> Row:
    row = conn.execute(sql).fetchone()
    assert row is not None
    return row


def test_a_reading_is_stored_with_its_own_time_of_arrival(registry: Connection) -> None:
    arrive_too_early(registry, reading(7))
    (letter,) = letters(registry)
    assert (letter.reason, letter.device, letter.is_open) == ("retired_device", DEVICE, True)

    settled = again(registry, letter)
    assert (settled.outcome, settled.is_open) == (Outcome.STORED, False)
    assert (settled.outcome_at, settled.outcome_by) == (NOW, "cli:ana")
    stored = one(registry, "SELECT seq, received_at, fill_pct FROM readings")
    assert (stored["seq"], stored["received_at"]) == (7, CAME)
    assert one(registry, "SELECT trusted_at FROM bin_latest")["trusted_at"] == reading(7).t
    # What follows from readings is asked for as if it had just arrived.
    assert one(registry, "SELECT count(*) AS n FROM dirty_hour")["n"] == 1


def test_replaying_again_stores_nothing_twice_and_makes_no_letter(registry: Connection) -> None:
    arrive_too_early(registry, reading(1))
    (letter,) = letters(registry)
    first = again(registry, letter)
    assert again(registry, letter) == first
    arrive(registry, encode(reading(1)))
    assert one(registry, "SELECT count(*) AS n FROM readings")["n"] == 1
    assert len(letters(registry)) == 1


def test_a_batch_that_was_stored_in_part_keeps_what_was_good(registry: Connection) -> None:
    batch = encode([reading(1), reading(2)]).replace(b'"seq":2', b'"seq":"two"')
    arrive(registry, batch)
    (letter,) = letters(registry)
    settled = again(registry, letter)
    assert (settled.outcome, settled.is_open) == (Outcome.REFUSED, True)
    assert settled.outcome_detail is not None
    assert settled.outcome_detail.startswith("invalid_field: [1]seq")
    assert one(registry, "SELECT count(*) AS n FROM readings")["n"] == 1
    assert len(letters(registry)) == 1


def test_what_came_too_far_ahead_of_time_is_judged_by_its_own_arrival(
    registry: Connection,
) -> None:
    arrive(registry, encode(reading(1, t=CAME + timedelta(days=1))))
    (letter,) = letters(registry)
    settled = again(registry, letter)
    assert settled.outcome is Outcome.REFUSED
    assert one(registry, "SELECT count(*) AS n FROM readings")["n"] == 0


def test_what_was_cut_off_is_never_stored(registry: Connection) -> None:
    # Its first 64 KiB are a whole and valid message by themselves.
    arrive(registry, encode(reading(1)).ljust(KEPT_BYTES + 1))
    (letter,) = letters(registry)
    assert letter.reason == "payload_too_large"
    assert again(registry, letter).outcome is Outcome.REFUSED
    assert one(registry, "SELECT count(*) AS n FROM readings")["n"] == 0


def test_an_old_status_or_description_does_not_replace_a_newer_one(registry: Connection) -> None:
    registry.execute("UPDATE device SET external_id = 'elsewhere'")
    arrive(registry, encode(Status.OFFLINE), f"{TOPIC}/status")
    arrive(registry, encode(Meta(v=1, id=DEVICE, fw="1.0")), f"{TOPIC}/meta")
    registry.execute("UPDATE device SET external_id = %s", [DEVICE])
    later = CAME + timedelta(hours=1)
    arrive(registry, encode(Status.ONLINE), f"{TOPIC}/status", at=later)
    arrive(registry, encode(Meta(v=1, id=DEVICE, fw="2.0")), f"{TOPIC}/meta", at=later)

    assert again_all(registry, Selection(), limit=10) == Replayed(2, 0, None)
    device = one(registry, "SELECT online, firmware, status_at FROM device")
    assert (device["online"], device["firmware"], device["status_at"]) == (True, "2.0", later)


def test_a_status_nobody_heard_of_since_is_taken_over(registry: Connection) -> None:
    registry.execute("UPDATE device SET external_id = 'elsewhere'")
    arrive(registry, encode(Status.ONLINE), f"{TOPIC}/status")
    arrive(registry, encode(Status.OFFLINE), f"{TOPIC}/status", at=CAME + timedelta(minutes=1))
    registry.execute("UPDATE device SET external_id = %s", [DEVICE])
    assert again_all(registry, Selection(), limit=10).stored == 2
    assert one(registry, "SELECT online FROM device")["online"] is False


def test_many_are_replayed_in_parts_oldest_first(registry: Connection) -> None:
    arrive_too_early(registry, *(reading(n) for n in range(5)))
    arrive(registry, b"{")
    chosen = Selection(reason="retired_device", device=DEVICE)
    first = again_all(registry, chosen, limit=3)
    assert (first.stored, first.refused) == (3, 0)
    assert first.last is not None
    assert one(registry, "SELECT max(seq) AS n FROM readings")["n"] == 2
    assert again_all(registry, chosen, after=first.last, limit=3) == Replayed(2, 0, None)
    assert [letter.reason for letter in letters(registry, settled=False)] == ["not_json"]
    assert again_all(registry, Selection(), limit=3) == Replayed(0, 1, None)
    audited = registry.execute(
        "SELECT actor, after FROM audit_log WHERE action = 'dead_letter.replay' ORDER BY audit_id"
    ).fetchall()
    assert [row["after"]["stored"] for row in audited] == [3, 2, 0]
    assert {row["actor"] for row in audited} == {"cli:ana"}


def test_letters_that_come_during_a_run_wait_for_the_next(registry: Connection) -> None:
    arrive(registry, b"{", at=NOW + timedelta(seconds=1))
    assert again_all(registry, Selection(), limit=10) == Replayed(0, 0, None)


def test_a_discarded_letter_is_out_of_the_way_but_not_gone(registry: Connection) -> None:
    arrive_too_early(registry, reading(1), reading(2))
    second, first = letters(registry)
    service.discard(registry, first.dead_letter_id, actor="cli:ana", now=NOW)
    assert letters(registry, settled=False) == [second]
    assert again_all(registry, Selection(), limit=10).stored == 1
    # A person who thinks better of it.
    assert again(registry, first).outcome is Outcome.STORED
    with pytest.raises(ConflictError, match="is stored"):
        service.discard(registry, first.dead_letter_id, actor="cli:ana", now=NOW)


def test_a_selection_is_discarded_and_audited(registry: Connection) -> None:
    for payload in (b"{", b"[", encode(reading(1, device="other"))):
        arrive(registry, payload)
    chosen = Selection(reason="not_json")
    assert service.discard_all(registry, chosen, actor="cli:ana", now=NOW) == 2
    assert [letter.reason for letter in letters(registry, settled=False)] == ["id_mismatch"]
    assert one(registry, "SELECT after FROM audit_log")["after"]["n"] == 2


def test_letters_are_counted_by_reason_and_device(registry: Connection) -> None:
    arrive(registry, b"{")
    arrive(registry, b"[")
    arrive(registry, encode(reading(1, "stranger")), f"{STRANGER_TOPIC}/telemetry")
    arrive(registry, b"{", "foreign/topic")
    service.discard(registry, letters(registry)[-1].dead_letter_id, actor="x", now=NOW)
    by_reason = {row.reason: (row.n, row.open) for row in service.count_by_reason(registry)}
    assert by_reason == {"not_json": (2, 1), "unknown_device": (1, 1), "bad_topic": (1, 1)}
    by_device = [(row.reason, row.device, row.n) for row in service.count_by_device(registry)]
    assert by_device[0] == ("not_json", DEVICE, 2)
    assert {("unknown_device", "stranger", 1), ("bad_topic", None, 1)} == set(by_device[1:])


def test_a_letter_that_is_not_there_is_named(registry: Connection) -> None:
    with pytest.raises(NotFoundError, match="no dead letter 17"):
        replay(registry, 17, actor="x", now=NOW)
