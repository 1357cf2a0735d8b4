from angkut_backend.ingest import mqtt_packets as packets
from angkut_backend.ingest.mqtt_outbox import Outbox
from angkut_backend.ingest.mqtt_packets import Kind, Parser


def sent(outbox: Outbox) -> tuple[list[int], list[int]]:
    """Return the numbers of what is acknowledged and of what is published."""
    data = outbox.take()
    acks = b"".join(data[n : n + 4] for n in range(0, len(data), 4) if data[n] == Kind.PUBACK)
    deliveries, _ = Parser().feed(data[len(acks) :])
    _, controls = Parser().feed(acks)
    return [control.number() for control in controls], [number for _, _, number, _ in deliveries]


def test_acknowledgements_leave_once_and_in_order() -> None:
    outbox = Outbox()
    assert outbox.take() == b""
    outbox.acknowledge([3, 1, 2], generation=0)
    outbox.acknowledge([9], generation=0)
    assert sent(outbox) == ([3, 1, 2, 9], [])
    assert outbox.take() == b""


def test_nothing_is_acknowledged_over_another_connection() -> None:
    outbox = Outbox()
    outbox.acknowledge([1], generation=0)
    outbox.lose()
    assert outbox.take() == b""
    outbox.acknowledge([2], generation=0)
    outbox.acknowledge([3], generation=1)
    assert sent(outbox) == ([3], [])


def test_what_the_broker_brings_twice_is_acknowledged_once() -> None:
    outbox = Outbox()
    assert not outbox.received([1, 2, 3])
    assert outbox.received([2, 4]) == [0]
    assert outbox.received([5, 5, 0, 0]) == [1]
    outbox.acknowledge([1, 2, 3, 4, 5], generation=0)
    # From here on the numbers may mean other messages.
    assert not outbox.received([2, 0])
    outbox.lose()
    assert not outbox.received([2, 4])


def test_publications_wait_for_a_place_in_the_window() -> None:
    outbox = Outbox()
    outbox.publish([("t", b"%d" % n) for n in range(250)])
    first = sent(outbox)[1]
    assert (len(first), len(set(first))) == (100, 100)
    assert sent(outbox)[1] == []
    for number in first[:10]:
        outbox.arrived(number)
    outbox.arrived(60_000)  # of nobody
    assert len(sent(outbox)[1]) == 10


def test_what_the_last_connection_left_open_is_published_again() -> None:
    outbox = Outbox()
    outbox.publish([("t", b"a"), ("t", b"b")])
    first, second = sent(outbox)[1]
    outbox.arrived(first)
    outbox.lose()
    assert outbox.take_again(session_kept=True) == packets.publish(second, "t", b"b", again=True)
    assert outbox.take_again(session_kept=False) == packets.publish(second, "t", b"b", again=False)


def test_numbers_begin_anew_and_leave_out_those_in_use() -> None:
    outbox = Outbox()
    outbox.publish([("t", b"kept")])
    (kept,) = sent(outbox)[1]
    for _ in range(0xFFFE - 1):
        outbox.publish([("t", b"")])
        (number,) = sent(outbox)[1]
        assert 0 < number < 0xFFFF
        outbox.arrived(number)
    outbox.publish([("t", b"")])
    assert sent(outbox)[1] == [kept + 1]


def test_publications_that_nobody_takes_have_a_bound() -> None:
    outbox = Outbox()
    for _ in range(3):
        outbox.publish([("t", b"")] * 4000)
    count = 0
    while numbers := sent(outbox)[1]:
        count += len(numbers)
        for number in numbers:
            outbox.arrived(number)
    assert count == 5000
