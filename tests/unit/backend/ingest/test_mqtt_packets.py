"""The MQTT stream, whatever it is cut into and whatever is in it."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angkut_backend.ingest import mqtt_packets as packets
from angkut_backend.ingest.mqtt_packets import (
    KEPT_BYTES,
    Control,
    Delivery,
    Kind,
    MalformedPacketError,
    Parser,
)

NUMBERS = st.integers(1, 0xFFFF)


@st.composite
def streams(draw: st.DrawFn) -> tuple[bytes, list[Delivery], list[Control]]:
    """Return a stream and what is in it."""
    stream, deliveries, controls = b"", [], []
    for _ in range(draw(st.integers(0, 8))):
        if draw(st.booleans()):
            topic = draw(st.text(max_size=20))
            payload = draw(st.binary(max_size=200)) * draw(st.sampled_from([1, 1, 1, 100]))
            number, again = draw(NUMBERS), draw(st.booleans())
            stream += packets.publish(number, topic, payload, again=again)
            deliveries.append((topic.encode(), payload, number, again))
        else:
            control = draw(
                st.builds(Control, st.just(Kind.CONNACK), st.binary(min_size=2, max_size=2))
                | st.builds(Control, st.just(Kind.PUBACK), st.binary(min_size=2, max_size=2))
                | st.builds(Control, st.just(Kind.SUBACK), st.binary(min_size=3, max_size=9))
                | st.just(Control(Kind.PINGRESP, b""))
            )
            stream += bytes([control.kind, len(control.body)]) + control.body
            controls.append(control)
    return stream, deliveries, controls


def fed(pieces: list[bytes]) -> tuple[list[Delivery], list[Control]]:
    parser = Parser()
    deliveries: list[Delivery] = []
    controls: list[Control] = []
    for piece in pieces:
        some, others = parser.feed(piece)
        deliveries += some
        controls += others
    return deliveries, controls


@given(streams(), st.data())
def test_a_stream_holds_the_same_packets_however_it_is_cut(
    stream: tuple[bytes, list[Delivery], list[Control]], data: st.DataObject
) -> None:
    whole, deliveries, controls = stream
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)))))
    pieces = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    assert fed(pieces) == (deliveries, controls)


@given(streams())
def test_a_stream_holds_the_same_packets_byte_by_byte(
    stream: tuple[bytes, list[Delivery], list[Control]],
) -> None:
    whole, deliveries, controls = stream
    assert fed([bytes([byte]) for byte in whole]) == (deliveries, controls)


@given(streams(), st.lists(st.binary(max_size=30)), st.integers(0))
def test_rubbish_is_refused_and_nothing_else_happens(
    stream: tuple[bytes, list[Delivery], list[Control]], rubbish: list[bytes], at: int
) -> None:
    whole, _, _ = stream
    at %= len(whole) + 1
    with contextlib.suppress(MalformedPacketError):
        deliveries, _ = fed([whole[:at], *rubbish, whole[at:]])
        assert all(0 <= number <= 0xFFFF for _, _, number, _ in deliveries)


@pytest.mark.parametrize(
    ("bad", "word"),
    [
        (b"\x34\x07\x00\x01a\x00\x01{}", "QoS 2"),
        (b"\x36\x07\x00\x01a\x00\x01{}", "QoS 3"),
        (b"\x32\x07\x00\x01a\x00\x00{}", "identifier"),
        (b"\x32\x06\x00\x05ab\x00\x01", "within its head"),
        (b"\x32\x03\x00\x01a", "within its head"),
        (b"\x30\x01\x00", "without a head"),
        (b"\x30\x00", "without a head"),
        (b"\x30\xff\xff\xff\xff\x01", "length"),
        (b"\x20\x03\x00\x00\x00", "CONNACK"),
        (b"\x90\x02\x00\x01", "SUBACK"),
        (b"\x62\x02\x00\x01", "0x62"),
        (b"HTTP/1.1 400 Bad Request\r\n", "0x48"),
    ],
)
def test_what_no_broker_may_send_is_named(bad: bytes, word: str) -> None:
    with pytest.raises(MalformedPacketError, match=word):
        fed([bad + b"\x00" * 300])


@pytest.mark.parametrize("more", [1, 5000, 3_000_000])
def test_a_message_beyond_all_bounds_is_cut_and_what_follows_is_read(more: int) -> None:
    giant = packets.publish(7, "a/b", b"x" * (KEPT_BYTES + more), again=False)
    after = packets.publish(8, "a/b", b"after", again=False)
    for size in (1000, 65_536, len(giant + after)):
        stream = giant + after
        pieces = [stream[n : n + size] for n in range(0, len(stream), size)]
        (topic, payload, number, _), following = fed(pieces)[0]
        assert (topic, number) == (b"a/b", 7)
        assert KEPT_BYTES - 10 < len(payload) < KEPT_BYTES
        assert following == (b"a/b", b"after", 8, False)


@given(st.lists(NUMBERS))
def test_many_acknowledgements_are_so_many_packets(numbers: list[int]) -> None:
    _, controls = fed([packets.pubacks(numbers)])
    assert [control.kind for control in controls] == [Kind.PUBACK] * len(numbers)
    assert [control.number() for control in controls] == numbers


def test_packets_are_those_of_the_standard() -> None:
    connect = packets.connect(client_id="c", username="u", password="pw", keepalive_s=30)
    assert connect == b"\x10\x14\x00\x04MQTT\x04\xc0\x00\x1e\x00\x01c\x00\x01u\x00\x02pw"
    assert packets.subscribe(10, [("a/b", 1), ("c/d", 2)]) == (
        b"\x82\x0e\x00\x0a\x00\x03a/b\x01\x00\x03c/d\x02"  # figure 3.23 of the standard
    )
    assert packets.publish(10, "a/b", b"", again=False) == b"\x32\x07\x00\x03a/b\x00\x0a"
    assert packets.publish(10, "a/b", b"", again=True)[0] == 0x3A
    assert packets.publish(1, "a", b"x" * 123, again=False)[:3] == b"\x32\x80\x01"
    assert (packets.pingreq(), packets.disconnect()) == (b"\xc0\x00", b"\xe0\x00")
