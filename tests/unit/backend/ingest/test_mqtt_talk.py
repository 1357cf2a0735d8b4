"""Whether the other side is still there, and what the socket does meanwhile."""

import socket
from collections.abc import Iterator
from contextlib import closing, suppress

import pytest

from angkut_backend.ingest import mqtt_packets as packets
from angkut_backend.ingest.mqtt_packets import Kind
from angkut_backend.ingest.mqtt_talk import Talk
from angkut_backend.ingest.mqtt_wire import Bell, Wire

PINGRESP = b"\xd0\x00"


class Line:
    """A talk, the broker's end of it, and the time."""

    def __init__(self, wire: Wire, far: socket.socket) -> None:
        self.now_s = 1000.0
        self.far = far
        self.talk = Talk(wire, monotonic=lambda: self.now_s)
        self.talk.accepted = True

    def later(self, seconds: float, *, reading: bool = True) -> bytes:
        """Let time pass; return what the broker hears."""
        self.now_s += seconds
        self.talk.keep_alive(reading=reading)
        try:
            return self.far.recv(100)
        except BlockingIOError:
            return b""

    def hear(self, data: bytes) -> None:
        """The broker says something."""
        self.far.send(data)
        assert self.talk.wire.wait(60, reading=True)
        self.talk.receive()


@pytest.fixture
def line() -> Iterator[Line]:
    near, far = socket.socketpair()
    far.setblocking(False)
    with closing(Bell()) as bell, closing(Wire(near, bell)) as wire, far:
        yield Line(wire, far)


def test_a_quiet_line_is_asked_once_and_an_answer_satisfies(line: Line) -> None:
    assert line.later(14) == b""
    assert line.later(2) == packets.pingreq()
    assert line.later(1) == b""
    line.hear(PINGRESP)
    assert line.later(13) == b""
    assert line.later(2) == packets.pingreq()


def test_a_line_without_an_answer_is_given_up(line: Line) -> None:
    assert line.later(16) == packets.pingreq()
    with pytest.raises(TimeoutError, match="PINGRESP"):
        line.later(16)


def test_an_answer_that_never_came_is_named(line: Line) -> None:
    line.talk.send(b"x", expect=Kind.SUBACK)
    line.later(14)
    with pytest.raises(TimeoutError, match="SUBACK"):
        line.later(2)


def test_messages_are_a_sign_of_life(line: Line) -> None:
    assert line.later(16) == packets.pingreq()
    for _ in range(5):
        line.hear(packets.publish(1, "t", b"", again=False))
        assert line.later(10) == b""


def test_a_broker_hears_from_us_though_we_only_listen(line: Line) -> None:
    heard = b""
    for _ in range(4):
        line.hear(packets.publish(1, "t", b"", again=False))
        heard += line.later(10)
    assert heard == packets.pingreq()


def test_while_nothing_is_read_no_answer_is_missed_but_the_broker_hears_from_us(
    line: Line,
) -> None:
    assert line.later(16, reading=False) == packets.pingreq()
    for _ in range(10):
        line.later(60, reading=False)
    line.hear(PINGRESP)
    line.later(1)


def test_what_the_network_does_not_take_waits_and_arrives_whole(line: Line) -> None:
    sent = bytes(range(256)) * 40_000
    line.talk.send(sent)
    arrived = bytearray(line.far.recv(len(sent)))
    assert len(arrived) < len(sent)
    while len(arrived) < len(sent):
        line.talk.wire.wait(0, reading=False)
        with suppress(BlockingIOError):
            arrived += line.far.recv(1_000_000)
    assert arrived == sent


def test_a_bell_that_rang_ends_the_wait_once() -> None:
    near, far = socket.socketpair()
    with closing(Bell()) as bell, closing(Wire(near, bell)) as wire, far:
        for _ in range(1000):
            bell.ring()
        assert not wire.wait(3600, reading=True)
        far.send(b"x")
        assert wire.wait(3600, reading=True)
        assert wire.receive() == b"x"
        assert wire.receive() == b""


def test_a_closed_line_is_an_error(line: Line) -> None:
    line.far.close()
    assert line.talk.wire.wait(60, reading=True)
    with pytest.raises(ConnectionResetError, match="closed"):
        line.talk.receive()
