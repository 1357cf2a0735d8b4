import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from angkut_broker.codec import decode
from angkut_broker.messages import MAX_BATCH, MAX_PAYLOAD_BYTES, Event, EventKind, Telemetry
from angkut_broker.topics import Channel
from angkut_edge.forward import FIRST_PATIENCE_S, LONGEST_PATIENCE_S, Forwarder, Outgoing
from angkut_edge.item import LANES, Name
from angkut_edge.spool import Spool

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
#: Names of devices whose lanes differ.
DEVICES = [f"dev-{letter}" for letter in "abcd"]


@dataclass
class Upstream:
    """Takes messages, and confirms what it is told to."""

    spool: Spool
    forwarder: Forwarder
    now_s: float = 1000.0
    messages: list[Outgoing] = field(default_factory=list)

    def turn(self, after_s: float = 0) -> list[Outgoing]:
        """Let time pass and the forwarder send; return what it sent."""
        self.now_s += after_s
        before = len(self.messages)
        now = NOW + timedelta(seconds=self.now_s)
        self.forwarder.send(self.messages.append, now=now, now_s=self.now_s)
        return self.messages[before:]

    def confirm(self, names: list[Name]) -> None:
        """Say that these are stored."""
        with self.spool.transaction():
            self.spool.settle(names)
        self.forwarder.settled(names, now_s=self.now_s)


@pytest.fixture
def upstream(tmp_path: Path) -> Iterator[Upstream]:
    spool = Spool(tmp_path / "spool.sqlite")
    yield Upstream(spool, Forwarder(spool, rng=random.Random(1)))  # noqa: S311 - jitter
    spool.close()


def reading(device: str, seq: int, **fields: object) -> Telemetry:
    values = {"v": 1, "id": device, "seq": seq, "t": NOW + timedelta(seconds=seq)}
    return Telemetry.model_validate(values | fields)


def put(upstream: Upstream, *things: Telemetry | Event) -> None:
    with upstream.spool.transaction():
        upstream.spool.add(things, now=NOW)


def names(messages: list[Outgoing]) -> list[tuple[str, int]]:
    found = []
    for message in messages:
        body = json.loads(message.payload)
        found += [(one["id"], one["seq"]) for one in (body if isinstance(body, list) else [body])]
    return found


def test_devices_of_different_lanes_go_side_by_side(upstream: Upstream) -> None:
    put(upstream, *(reading(device, 1) for device in DEVICES))
    assert len(upstream.turn()) == LANES


def test_no_reading_goes_before_an_earlier_one_of_its_device_is_confirmed(
    upstream: Upstream,
) -> None:
    put(upstream, reading("dev-a", 1), reading("dev-a", 2))
    assert names(upstream.turn()) == [("dev-a", 1), ("dev-a", 2)]
    put(upstream, reading("dev-a", 3))
    assert upstream.turn() == []
    upstream.confirm([Name.of(reading("dev-a", 1))])
    assert upstream.turn() == []
    upstream.confirm([Name.of(reading("dev-a", 2))])
    assert names(upstream.turn()) == [("dev-a", 3)]


def test_an_event_waits_for_the_readings_before_it_and_goes_alone(upstream: Upstream) -> None:
    event = Event(v=1, id="dev-a", seq=2, t=NOW, kind=EventKind.FIRE)
    put(upstream, reading("dev-a", 1), event, reading("dev-a", 3))
    [first] = upstream.turn()
    assert (first.channel, names([first])) == (Channel.TELEMETRY, [("dev-a", 1)])
    upstream.confirm([Name.of(reading("dev-a", 1))])
    [second] = upstream.turn()
    assert (second.channel, names([second])) == (Channel.EVENT, [("dev-a", 2)])
    upstream.confirm([Name.of(event)])
    assert names(upstream.turn()) == [("dev-a", 3)]


def test_a_message_keeps_to_the_contract_and_is_decoded_as_it_was(upstream: Upstream) -> None:
    things = [reading("dev-a", seq, d_mm=[700] * 16, fw="x" * 64) for seq in range(3000)]
    put(upstream, *things)
    seen = []
    while sent := upstream.turn():
        [message] = sent
        assert len(message.payload) <= MAX_PAYLOAD_BYTES
        assert 0 < message.items <= MAX_BATCH
        topic = "angkut/v1/bekasi/327501/gateway/gw-1/telemetry"
        decoded = decode(topic, message.payload, now=NOW + timedelta(days=1))
        assert decoded.refusal is None
        seen += [one.seq for one in decoded.readings]
        upstream.confirm([Name.of(things[one.seq]) for one in decoded.readings])
    assert seen == [*range(3000)]


def test_what_is_not_confirmed_goes_again_later_and_later(upstream: Upstream) -> None:
    put(upstream, reading("dev-a", 1))
    upstream.turn()
    waits, since = [], 0.0
    for _ in range(4000):
        since += 1
        if upstream.turn(after_s=1):
            waits.append(since)
            since = 0
    assert FIRST_PATIENCE_S * 0.8 <= waits[0] <= FIRST_PATIENCE_S * 1.2 + 1
    assert waits[0] < waits[1] < waits[2] < waits[3]
    assert max(waits) <= LONGEST_PATIENCE_S * 1.2 + 1
    assert names(upstream.messages) == [("dev-a", 1)] * (len(waits) + 1)


def test_only_what_is_missing_goes_again(upstream: Upstream) -> None:
    put(upstream, *(reading("dev-a", seq) for seq in range(4)))
    upstream.turn()
    upstream.confirm([Name.of(reading("dev-a", seq)) for seq in (0, 2)])
    assert names(upstream.turn(after_s=100)) == [("dev-a", 1)]


def test_what_upstream_never_confirms_is_soon_alone_and_lets_the_others_pass(
    upstream: Upstream,
) -> None:
    things = [reading("dev-a", seq) for seq in range(64)]
    put(upstream, *things)
    confirmed: set[int] = set()
    for _ in range(60):
        for message in upstream.turn(after_s=60):
            # A message with number 7 in it is lost as a whole, each time.
            seqs = [seq for _, seq in names([message])]
            if 7 not in seqs:
                upstream.confirm([Name.of(things[seq]) for seq in seqs])
                confirmed.update(seqs)
    assert confirmed == set(range(64)) - {7}
    assert upstream.spool.backlog().total == 1
    assert upstream.spool.tallies()["put_off"] >= 1


def test_nothing_is_put_off_while_upstream_confirms_nothing_at_all(upstream: Upstream) -> None:
    things = [reading("dev-a", seq) for seq in range(8)]
    put(upstream, *things)
    for _ in range(200):
        upstream.turn(after_s=400)
    assert "put_off" not in upstream.spool.tallies()
    # What a broker kept meanwhile comes to ingest in this order, copies included.
    assert names(upstream.messages)[:9] == [("dev-a", seq) for seq in (*range(8), 0)]
    upstream.confirm([Name.of(things[seq]) for _, seq in names(upstream.messages)])
    rest = names(upstream.turn(after_s=400))
    assert rest == sorted(rest)


def test_what_is_confirmed_twice_or_was_never_sent_changes_nothing(upstream: Upstream) -> None:
    put(upstream, reading("dev-a", 1))
    upstream.turn()
    name = Name.of(reading("dev-a", 1))
    upstream.confirm([name])
    upstream.confirm([name, Name.of(reading("dev-b", 5))])
    put(upstream, reading("dev-a", 2))
    assert names(upstream.turn()) == [("dev-a", 2)]


def test_after_a_reconnection_what_was_on_its_way_goes_again_soon(upstream: Upstream) -> None:
    put(upstream, reading("dev-a", 1))
    upstream.turn()
    for _ in range(8):
        upstream.turn(after_s=LONGEST_PATIENCE_S * 1.3)
    upstream.forwarder.connected(now_s=upstream.now_s)
    assert names(upstream.turn(after_s=FIRST_PATIENCE_S * 1.3)) == [("dev-a", 1)]
