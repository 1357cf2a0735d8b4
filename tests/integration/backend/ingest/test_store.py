"""Storing a batch, on plain PostgreSQL and on TimescaleDB."""

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from angkut_backend.db import Connection, Row
from angkut_backend.ingest.batch import Batch, Received
from angkut_backend.ingest.store import Outcome, store
from angkut_backend.quality.rules import DISTRUST, Flag
from angkut_broker.codec import encode
from angkut_broker.messages import (
    MAX_PAYLOAD_BYTES,
    Event,
    EventKind,
    Meta,
    Status,
    Stored,
    Telemetry,
)
from angkut_broker.topics import Channel, Kind, Topic
from parts.registry import DEVICE, MOUNTED_AT, TOPIC

pytestmark = pytest.mark.usefixtures("way")

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
_mids = count(1)


def received(payload: bytes, channel: str = "telemetry") -> Received:
    return Received(0, next(_mids), f"{TOPIC}/{channel}", payload, NOW)


def reading(
    seq: int, *, minutes: int = 0, d_mm: list[int] | None = None, **fields: float
) -> Telemetry:
    return Telemetry.model_validate(
        {"v": 1, "id": DEVICE, "seq": seq, "t": NOW + timedelta(minutes=minutes), "d_mm": d_mm}
        | fields
    )


def put(conn: Connection, *messages: Telemetry | list[Telemetry]) -> Outcome:
    return store(conn, Batch.of(received(encode(message)) for message in messages))


def counts(outcome: Outcome) -> tuple[int, int, int]:
    return outcome.stored, outcome.duplicates, sum(outcome.dead_letters.values())


def one(conn: Connection, sql: str) -> Row:
    row = conn.execute(sql).fetchone()
    assert row is not None
    return row


def test_a_reading_gets_its_bin_and_level_from_the_mounting(registry: Connection) -> None:
    assert counts(put(registry, reading(1, d_mm=[612, 608, 1490, 610]))) == (1, 0, 0)
    stored = one(registry, "SELECT * FROM readings")
    # Median echo 611 mm of a span from 1,200 to 200 mm.
    assert stored["fill_pct"] == pytest.approx(58.9)
    assert (stored["flags"], stored["score"]) == (0, 1)
    assert stored["distances_mm"] == [612, 608, 1490, 610]
    latest = one(registry, "SELECT * FROM bin_latest")
    assert latest["fill_pct"] == pytest.approx(58.9)
    assert latest["trusted_at"] == latest["seen_at"] == NOW


def test_the_same_reading_twice_is_stored_once(registry: Connection) -> None:
    first = reading(1, d_mm=[600])
    assert counts(put(registry, first, first)) == (1, 1, 0)
    assert counts(put(registry, [first, reading(2, minutes=-10, d_mm=[650])])) == (1, 1, 0)
    assert one(registry, "SELECT count(*) AS n FROM readings")["n"] == 2


def test_a_late_reading_does_not_move_the_latest_back(registry: Connection) -> None:
    put(registry, reading(2, d_mm=[300]))
    assert counts(put(registry, reading(1, minutes=-60, d_mm=[1000]))) == (1, 0, 0)
    latest = one(registry, "SELECT * FROM bin_latest")
    assert (latest["seen_at"], round(latest["fill_pct"])) == (NOW, 90)


@pytest.mark.parametrize(
    ("fields", "flag"),
    [
        ({"d_mm": []}, Flag.NO_ECHO),
        ({"d_mm": [5000]}, Flag.OUT_OF_RANGE),
        ({}, Flag.NO_LEVEL),
    ],
)
def test_an_untrusted_reading_is_seen_but_leaves_the_trusted_level(
    registry: Connection, fields: dict[str, list[int]], flag: Flag
) -> None:
    put(registry, reading(1, minutes=-5, d_mm=[700]))
    put(registry, reading(2, **fields))  # type: ignore[arg-type]
    stored = one(registry, "SELECT * FROM readings WHERE seq = 2")
    assert Flag(stored["flags"]) == flag
    assert flag & DISTRUST
    assert (stored["fill_pct"], stored["score"]) == (None, 0)
    latest = one(registry, "SELECT * FROM bin_latest")
    assert (latest["seen_at"], latest["trusted_at"]) == (NOW, NOW - timedelta(minutes=5))
    assert latest["fill_pct"] == pytest.approx(50)


def test_a_percentage_of_the_device_is_used_with_a_lower_score(registry: Connection) -> None:
    put(registry, reading(1, fill_pct=40))
    stored = one(registry, "SELECT * FROM readings")
    assert (stored["fill_pct"], stored["flags"]) == (40, Flag.REPORTED)
    assert 0.5 <= stored["score"] < 1


def test_a_reading_before_the_mounting_is_kept_without_a_bin(registry: Connection) -> None:
    early = reading(1, d_mm=[600]).model_copy(update={"t": MOUNTED_AT - timedelta(seconds=1)})
    assert counts(put(registry, early)) == (1, 0, 0)
    stored = one(registry, "SELECT * FROM readings")
    assert (stored["bin_id"], stored["fill_pct"]) == (None, None)
    assert stored["flags"] & Flag.UNMOUNTED
    assert one(registry, "SELECT count(*) AS n FROM bin_latest")["n"] == 0


def test_a_batch_with_one_bad_reading_costs_one_dead_letter(registry: Connection) -> None:
    good = [reading(n, minutes=-n, d_mm=[600]) for n in range(3)]
    payload = encode(good).replace(b'"seq":1,', b'"seq":"one",')
    assert counts(store(registry, Batch.of([received(payload)]))) == (2, 0, 1)
    letter = one(registry, "SELECT * FROM dead_letter")
    assert letter["reason"] == "invalid_field"
    assert letter["detail"].startswith("[1]seq")
    assert bytes(letter["payload"]) == payload


def test_unknown_and_retired_devices_become_dead_letters(registry: Connection) -> None:
    stranger = Topic("bekasi", "327501", Kind.BIN, "stranger", Channel.TELEMETRY)
    strange = reading(1, d_mm=[1]).model_copy(update={"id": "stranger"})
    batch = Batch.of([Received(0, 1, str(stranger), encode([strange, strange]), NOW)])
    assert counts(store(registry, batch)) == (0, 0, 1)
    registry.execute("UPDATE device SET retired_at = now()")
    assert counts(put(registry, reading(1, d_mm=[600]))) == (0, 0, 1)
    reasons = registry.execute("SELECT reason FROM dead_letter ORDER BY 1").fetchall()
    assert [row["reason"] for row in reasons] == ["retired_device", "unknown_device"]


def test_events_status_and_meta_reach_the_device(registry: Connection) -> None:
    event = Event(v=1, kind=EventKind.LID, id=DEVICE, seq=1, t=NOW, value=1)
    meta = Meta(v=1, id=DEVICE, model="DT-1", interval_s=600)
    messages = [
        received(encode(event), "event"),
        received(encode(event), "event"),
        received(b"online", "status"),
        received(b"offline", "status"),
        received(encode(meta), "meta"),
    ]
    assert counts(store(registry, Batch.of(messages))) == (0, 0, 0)
    device = one(registry, "SELECT * FROM device")
    assert (device["online"], device["model"], device["interval_s"]) == (False, "DT-1", 600)
    assert one(registry, "SELECT count(*) AS n FROM event")["n"] == 1


def test_every_channel_of_an_unknown_device_is_kept_aside(registry: Connection) -> None:
    topic = "angkut/v1/bekasi/327501/bin/stranger"
    event = Event(v=1, kind=EventKind.FIRE, id="stranger", seq=1, t=NOW)
    messages = [
        Received(0, 1, f"{topic}/event", encode(event), NOW),
        Received(0, 2, f"{topic}/status", encode(Status.ONLINE), NOW),
        Received(0, 3, f"{topic}/meta", encode(Meta(v=1, id="stranger")), NOW),
    ]
    assert counts(store(registry, Batch.of(messages))) == (0, 0, 3)


def test_text_that_the_database_cannot_hold_is_still_kept_aside(registry: Connection) -> None:
    odd = Received(0, 1, "angkut/\0/\ud800", b"\0\xff", NOW)
    assert counts(store(registry, Batch.of([odd]))) == (0, 0, 1)
    assert bytes(one(registry, "SELECT payload FROM dead_letter")["payload"]) == b"\0\xff"


def test_a_bad_message_sent_twice_is_two_letters_and_delivered_again_one(
    registry: Connection,
) -> None:
    bad, other = received(b"{"), received(b"{{")
    again = Received(1, 9, bad.topic, bad.payload, NOW + timedelta(minutes=9), again=True)
    elsewhere = Received(1, 9, "angkut/v1/odd", bad.payload, NOW, again=True)
    assert store(registry, Batch.of([bad, bad, other])).dead_letters == {"not_json": 3}
    # Kept before ingest died; nothing else of the batch may suffer.
    fine = received(encode(reading(1, d_mm=[600])))
    assert counts(store(registry, Batch.of([again, again, fine]))) == (1, 0, 0)
    assert one(registry, "SELECT count(*) AS n FROM dead_letter")["n"] == 3
    # Another topic, or not kept before: it is news.
    assert counts(store(registry, Batch.of([elsewhere]))) == (0, 0, 1)
    unheard = Received(1, 9, bad.topic, b"{{{", NOW, again=True)
    assert counts(store(registry, Batch.of([unheard]))) == (0, 0, 1)
    assert counts(store(registry, Batch.of([unheard]))) == (0, 0, 0)
    # A device that never learns: what it sends once more is kept once more.
    assert counts(store(registry, Batch.of([bad]))) == (0, 0, 1)


def stored_on(outcome: Outcome) -> dict[str, Stored]:
    return {topic: Stored.model_validate_json(payload) for topic, payload in outcome.confirmations}


def test_a_gateway_hears_what_is_stored_and_what_never_will_be(registry: Connection) -> None:
    gateway = "angkut/v1/bekasi/327501/gateway/gw-01"
    known = reading(7, d_mm=[600])
    strange = reading(8).model_copy(update={"id": "stranger"})
    for _ in "first", "again":
        message = Received(0, 1, f"{gateway}/telemetry", encode([known, strange]), NOW)
        heard = stored_on(store(registry, Batch.of([message])))[f"{gateway}/stored"]
        assert [(name.id, name.t, name.seq) for name in heard.stored] == [(DEVICE, NOW, 7)]
        assert [name.id for name in heard.refused] == ["stranger"]


def test_a_gateway_hears_of_events_too(registry: Connection) -> None:
    gateway = "angkut/v1/bekasi/327501/gateway/gw-01"
    known = Event(v=1, kind=EventKind.LID, id=DEVICE, seq=9, t=NOW, value=1)
    strange = known.model_copy(update={"id": "stranger"})
    messages = [
        Received(0, mid, f"{gateway}/event", encode(event), NOW)
        for mid, event in enumerate([known, strange])
    ]
    for _ in "first", "again":
        heard = stored_on(store(registry, Batch.of(messages)))[f"{gateway}/stored"]
        assert [(name.id, name.t, name.seq) for name in heard.stored] == [(DEVICE, NOW, 9)]
        assert [name.id for name in heard.refused] == ["stranger"]


def test_a_device_that_asked_hears_of_its_events(registry: Connection) -> None:
    event = Event(v=1, kind=EventKind.LID, id=DEVICE, seq=9, t=NOW, value=1)
    assert store(registry, Batch.of([received(encode(event), "event")])).confirmations == ()
    registry.execute("UPDATE device SET confirm = true")
    outcome = store(registry, Batch.of([received(encode(event), "event")]))
    assert [name.seq for name in stored_on(outcome)[f"{TOPIC}/stored"].stored] == [9]


def test_a_device_hears_it_only_after_it_asked(registry: Connection) -> None:
    assert put(registry, reading(1, d_mm=[600])).confirmations == ()
    asks = received(encode(Meta(v=1, id=DEVICE, confirm=True)), "meta")
    store(registry, Batch.of([asks]))
    outcome = put(registry, reading(1, d_mm=[600]), reading(2, minutes=1, d_mm=[600]))
    assert [name.seq for name in stored_on(outcome)[f"{TOPIC}/stored"].stored] == [1, 2]


def test_confirmations_fit_into_the_contract_s_payload(registry: Connection) -> None:
    registry.execute("UPDATE device SET confirm = true")
    batches = [
        [reading(n, minutes=-n, d_mm=[600]) for n in range(k, k + 300)] for k in range(0, 1200, 300)
    ]
    outcome = put(registry, *batches)
    assert outcome.stored == 1200
    assert max(len(payload) for _, payload in outcome.confirmations) <= MAX_PAYLOAD_BYTES
    heard = [Stored.model_validate_json(payload) for _, payload in outcome.confirmations]
    assert sum(len(one.stored) for one in heard) == 1200
