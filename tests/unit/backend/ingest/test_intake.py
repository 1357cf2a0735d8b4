import threading
from collections.abc import Sequence
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from angkut_backend.ingest.batch import Batch, Received
from angkut_backend.ingest.intake import Intake

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TOPIC = "angkut/v1/bekasi/327501/bin/a/telemetry"


def messages(numbers: Sequence[int], payload: bytes = b"?") -> Batch:
    """Return messages that nobody can read: a row each."""
    return Batch.of(Received(0, number, TOPIC, payload, NOW) for number in numbers)


def numbers_of(batch: Batch | None) -> list[int]:
    return [source.mid for source in batch.sources] if batch else []


@given(st.lists(st.integers(1, 8), max_size=20), st.integers(1, 10))
def test_everything_comes_out_once_in_order_and_batches_keep_their_bound(
    sizes: list[int], batch_rows: int
) -> None:
    intake = Intake(batch_rows=batch_rows, wait_s=0)
    put = 0
    for size in sizes:
        intake.put(messages(range(put, put + size)))
        put += size
    taken: list[int] = []
    while batch := intake.take(0):
        # A part is never divided.
        assert len(batch.sources) <= max(batch_rows, *sizes)
        assert len(batch.dead_letters) == len(batch.sources)
        taken += numbers_of(batch)
    assert taken == list(range(put))


def test_nothing_comes_out_of_an_empty_one() -> None:
    assert Intake(batch_rows=10, wait_s=60).take(0) is None


def test_a_batch_that_is_full_is_not_waited_for() -> None:
    intake = Intake(batch_rows=2, wait_s=3600)
    intake.put(messages([1, 2]))
    assert numbers_of(intake.take(3600)) == [1, 2]


def test_who_waits_hears_of_the_first_message_and_of_the_last() -> None:
    intake = Intake(batch_rows=3, wait_s=3600)
    taken: list[int] = []
    taker = threading.Thread(target=lambda: taken.extend(numbers_of(intake.take(3600))))
    taker.start()
    for number in (1, 2, 3):
        intake.put(messages([number]))
    taker.join()
    assert taken == [1, 2, 3]


def test_it_is_full_by_rows_and_has_room_again_when_they_are_taken() -> None:
    intake = Intake(batch_rows=5, wait_s=0)
    intake.put(messages(range(19)))
    assert not intake.is_full
    intake.put(messages([20]))
    assert intake.is_full
    intake.take(0)
    assert not intake.is_full


def test_it_is_full_by_bytes() -> None:
    intake = Intake(batch_rows=5000, wait_s=0)
    while not intake.is_full:
        intake.put(messages(range(16), b"x" * 65_536))
    assert len(numbers_of(intake.take(0))) == 32 * 16
    assert not intake.is_full
