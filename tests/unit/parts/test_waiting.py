import itertools

import pytest

from parts.waiting import wait_until


def test_waiting_returns_the_first_true_answer() -> None:
    answers = itertools.chain([0, "", None], itertools.repeat(7))
    assert wait_until(lambda: next(answers), what="seven") == 7


def test_waiting_in_vain_names_what_was_awaited() -> None:
    with pytest.raises(AssertionError, match=r"0 s in vain for the moon"):
        wait_until(lambda: False, what="the moon", timeout_s=0)
