"""The next batch is laid out early, and nothing changes in which batches come when."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime

import numpy as np
import pytest

from angkut_backend.ingest.ahead import Ahead
from angkut_backend.ingest.batch import Batch, Received
from angkut_backend.ingest.intake import Intake
from angkut_backend.ingest.known import Place, Remembered

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TOPIC = "angkut/v1/bekasi/327501/bin/a/telemetry"
READING = b'{"v":1,"id":"a","seq":%d,"t":"2026-03-01T12:00:00Z","d_mm":[700]}'
EVER = (np.iinfo("i8").min, np.iinfo("i8").max)
#: Nothing, and the device in bin 5.
ROWS = np.array([(0, False, 0, 0, 0, 0, 1, *EVER), (3, False, 5, 1200, 200, 0, 1, *EVER)], Place)
KNOWN = Remembered(1, {"a": 1}, ROWS)
NOBODY = Remembered(1, {}, ROWS)


@pytest.fixture
def intake() -> Intake:
    return Intake(batch_rows=2, wait_s=0)


@pytest.fixture
def ahead(intake: Intake) -> Iterator[Ahead]:
    with closing(Ahead(intake)) as ahead:
        yield ahead


def put(intake: Intake, *numbers: int) -> None:
    for number in numbers:
        intake.put(Batch.of([Received(0, number, TOPIC, READING % number, NOW)]))


def numbers_of(batch: Batch | None) -> list[int]:
    return [source.mid for source in batch.sources] if batch else []


def test_batches_come_in_their_order_whether_taken_early_or_not(
    intake: Intake, ahead: Ahead
) -> None:
    put(intake, *range(1, 8))
    taken = []
    while batch := ahead.take(0):
        taken.append(numbers_of(batch))
        ahead.begin(KNOWN)
    assert taken == [[1, 2], [3, 4], [5, 6], [7]]


def test_a_full_batch_is_made_ready(intake: Intake, ahead: Ahead) -> None:
    put(intake, 1, 2)
    ahead.begin(KNOWN)
    batch = ahead.take(0)
    assert batch
    assert batch.ready
    assert batch.ready.rows_n == 2
    assert batch.ready.remembered is KNOWN
    assert not intake.has_batch


def test_a_batch_that_may_grow_is_left_to_grow(intake: Intake, ahead: Ahead) -> None:
    put(intake, 1)
    ahead.begin(KNOWN)
    put(intake, 2)
    batch = ahead.take(0)
    assert numbers_of(batch) == [1, 2]
    assert batch
    assert batch.ready is None


def test_with_a_device_that_is_not_remembered_nothing_is_made_ready(
    intake: Intake, ahead: Ahead
) -> None:
    put(intake, 1, 2)
    ahead.begin(NOBODY)
    batch = ahead.take(0)
    assert numbers_of(batch) == [1, 2]
    assert batch
    assert batch.ready is None


def test_no_more_than_one_batch_is_taken_early(intake: Intake, ahead: Ahead) -> None:
    put(intake, 1, 2, 3, 4)
    ahead.begin(KNOWN)
    ahead.begin(KNOWN)
    assert numbers_of(ahead.take(0)) == [1, 2]
    assert numbers_of(intake.take(0)) == [3, 4]


class Faulty(dict[str, int]):
    """Has the device, and fails when it is asked for it."""

    def __getitem__(self, _key: str) -> int:
        raise KeyError("a fault of the program")


@pytest.mark.parametrize(
    ("first", "fault"), [({"a": 7}, IndexError), (Faulty(a=1), KeyError)], ids=["row", "key"]
)
def test_what_fails_in_the_thread_is_told_to_who_takes(
    intake: Intake, ahead: Ahead, first: dict[str, int], fault: type[Exception]
) -> None:
    put(intake, 1, 2)
    ahead.begin(Remembered(1, first, ROWS))
    with pytest.raises(fault):
        ahead.take(0)
