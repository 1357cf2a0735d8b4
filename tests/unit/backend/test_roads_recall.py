"""Travel that a process remembers."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from angkut_backend.roads.recall import Off, Recall
from angkut_backend.roads.straight import straight_travel
from angkut_backend.roads.travel import Point, Travel

Made = tuple[Travel, Off]


def points(count: int) -> list[Point]:
    return [Point(f"p{number}", 107 + number / 1000, -6.2) for number in range(count)]


def making(count: int, asked: list[int]) -> Callable[[], Made]:
    def make() -> Made:
        asked.append(count)
        return straight_travel(points(count)), {}

    return make


def test_what_was_asked_before_is_not_worked_out_again() -> None:
    recall, asked = Recall(), list[int]()

    first, _ = recall.get("a", making(3, asked))
    again, _ = recall.get("a", making(3, asked))

    assert asked == [3]
    assert again is first


def test_what_plans_share_cannot_be_written_to() -> None:
    travel, _ = Recall().get("a", making(3, []))

    with pytest.raises(ValueError, match="read-only"):
        travel.legs["truck"].duration_s[0, 1] = 0


def test_a_thread_that_asks_for_what_another_works_out_waits_for_it() -> None:
    recall, asked, begun, go_on = Recall(), list[int](), threading.Event(), threading.Event()

    def slowly() -> Made:
        begun.set()
        go_on.wait()
        return making(3, asked)()

    with ThreadPoolExecutor() as threads:
        first = threads.submit(recall.get, "a", slowly)
        begun.wait()
        second = threads.submit(recall.get, "a", making(3, asked))
        # What is asked for meanwhile waits for nobody.
        recall.get("b", making(4, asked))
        go_on.set()

    assert second.result()[0] is first.result()[0]
    assert asked == [4, 3]


def test_what_failed_is_tried_again() -> None:
    def fails() -> Made:
        raise OSError("no disk")

    recall, asked = Recall(), list[int]()
    with pytest.raises(OSError, match="no disk"):
        recall.get("a", fails)

    recall.get("a", making(3, asked))

    assert asked == [3]


def test_what_was_asked_for_longest_ago_makes_room_and_the_newest_stays() -> None:
    recall, asked = Recall(most_ways=50), list[int]()
    for key, count in (("a", 5), ("b", 4), ("a", 5), ("c", 3)):
        recall.get(key, making(count, asked))
    assert asked == [5, 4, 3]

    recall.get("d", making(4, asked))  # 25 + 16 + 9 + 16 ways
    recall.get("a", making(5, asked))
    assert asked == [5, 4, 3, 4]
    recall.get("b", making(4, asked))
    assert asked == [5, 4, 3, 4, 4]

    recall.get("large", making(9, asked))
    recall.get("large", making(9, asked))
    assert asked == [5, 4, 3, 4, 4, 9]


def test_as_many_districts_are_kept_ready_as_there_is_room_for_and_one_always() -> None:
    assert len(list(Recall(most_ways=50).what_fits([points(5), points(4), points(4)]))) == 2
    assert len(list(Recall(most_ways=50).what_fits([points(9), points(1)]))) == 1
