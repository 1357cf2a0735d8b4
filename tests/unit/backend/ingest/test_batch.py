from dataclasses import fields
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from angkut_backend.ingest.batch import Batch, Received
from angkut_broker.decoded import Decoded
from angkut_broker.topics import Channel

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
OWN = "angkut/v1/bekasi/327501/bin/a/telemetry"
TOPICS = st.one_of(
    st.just(OWN),
    st.text(),
    st.builds(
        "angkut/v1/bekasi/327501/{}/a/{}".format,
        st.sampled_from(["bin", "truck", "gateway"]),
        st.sampled_from(list(Channel)),
    ),
)
GOOD = b'{"v":1,"id":"a","seq":1,"t":"2026-03-01T12:00:00Z"}'
PAYLOADS = st.binary() | st.sampled_from([GOOD, b"[%b,%b]" % (GOOD, GOOD), b"online"])


def in_hand(batch: Batch) -> set[int]:
    """Return the messages of which something will be written."""
    lists = (batch.events, batch.acks, batch.refused)
    words = (batch.statuses, batch.metas, batch.healths, batch.unread)
    sources = [source for pairs in lists for source, _ in pairs]
    sources += [source for last in words for source, _ in last.values()]
    sources += [letter.source for letter in batch.dead_letters]
    sources += batch.readings().sources
    return {source.mid for source in sources}


@given(TOPICS, PAYLOADS)
def test_every_message_whatever_it_holds_leads_to_a_row(topic: str, payload: bytes) -> None:
    batch = Batch.of([Received(0, 7, topic, payload, NOW)])
    assert in_hand(batch) == {7}
    assert not any("report it" in letter.refusal.detail for letter in batch.dead_letters)


def test_a_message_that_decoding_fails_on_is_kept_aside_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail_once(*arguments: object, **named: object) -> Decoded:
        monkeypatch.undo()
        raise TypeError(arguments, named)

    monkeypatch.setattr("angkut_backend.ingest.batch.decode", fail_once)
    batch = Batch.of(Received(0, number, OWN, GOOD, NOW) for number in (1, 2))
    assert [letter.source.mid for letter in batch.dead_letters] == [1]
    assert [source.mid for source in batch.readings().sources] == [2]
    assert "cannot decode" in caplog.text


@given(st.lists(st.tuples(TOPICS, PAYLOADS)), st.integers(0), st.booleans())
def test_a_batch_in_two_parts_holds_what_the_whole_does(
    messages: list[tuple[str, bytes]], cut: int, settled: bool
) -> None:
    sources = [
        Received(0, number, topic, payload, NOW)
        for number, (topic, payload) in enumerate(messages, start=1)
    ]
    cut %= len(sources) + 1
    whole, first = Batch.of(sources), Batch.of(sources[:cut])
    second = Batch.of(sources[cut:])
    if settled:
        # As when many come at once: their readings are columns already.
        second.settle()
        first.settle()
    first.extend(second)
    told, expected = first.readings(), whole.readings()
    for field in fields(told):
        assert_array_equal(getattr(told, field.name), getattr(expected, field.name))
    first.told = whole.told
    assert first == whole
