"""How much of a simulated world's errors and emptyings the rules find, and how often they err.

The floors are a little below what was seen: docs/quality.md has the figures.
"""

from dataclasses import dataclass
from datetime import timedelta

import pytest

from angkut_backend.quality.emptyings import emptyings, is_trusted
from angkut_backend.quality.judgement import judge
from angkut_backend.quality.rules import JUMP_PCT, Flag
from parts.faulty_world import History, histories

EXCURSION = int(Flag.SPIKE | Flag.RATE_IMPOSSIBLE)
#: Off by more than this is an error at half an hour: the jump, and what fills meanwhile.
OFF_PCT = JUMP_PCT + 12.5


@dataclass
class Score:
    """What was found of what is true."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    def add(self, *, found: bool, true: bool) -> None:
        self.right += found and true
        self.wrong += found and not true
        self.missed += true and not found

    @property
    def precision(self) -> float:
        return self.right / (self.right + self.wrong)

    @property
    def recall(self) -> float:
        return self.right / (self.right + self.missed)


@pytest.fixture(scope="module")
def scores() -> dict[str, Score]:
    """Forty bins, four weeks, a reading every half hour."""
    found = {"excursion": Score(), "stuck": Score(), "emptied": Score()}
    for history in histories(7, bins=40, days=28, every=timedelta(minutes=30)):
        flags = judge(history.readings, 0)
        _compare_flags(history, flags, found)
        _compare_emptyings(history, flags, found["emptied"])
    return found


def _compare_flags(history: History, flags: list[int], scores: dict[str, Score]) -> None:
    for reading, slot, bits in zip(history.readings, history.slots, flags, strict=True):
        stuck = bool(bits & Flag.STUCK)
        scores["stuck"].add(found=stuck, true=slot.stuck)
        # Readings that another rule refuses are neither hit nor miss of this one.
        if slot.stuck or reading.fill_pct is None or bits & Flag.DOUBLE_ECHO:
            continue
        off = abs(reading.fill_pct - slot.level_pct) > OFF_PCT
        scores["excursion"].add(found=bool(bits & EXCURSION), true=off)


def _compare_emptyings(history: History, flags: list[int], score: Score) -> None:
    trusted = [r for r, f in zip(history.readings, flags, strict=True) if is_trusted(r, f)]
    seen = [e for e in emptyings(trusted) if e.confidence >= 0.5]
    really = [s.emptied for s in history.slots]
    emptied_at = [
        reading.observed_at
        for reading, before, after in zip(
            history.readings[1:], really[:-1], really[1:], strict=True
        )
        if after > before
    ]
    for emptying in seen:
        true = any(emptying.before_at < at <= emptying.after_at for at in emptied_at)
        score.right += true
        score.wrong += not true
    score.missed += sum(
        not any(e.before_at < after and before < e.after_at for e in seen)
        for before, after in history.falls(20)
    )


@pytest.mark.parametrize(
    ("what", "precision", "recall"),
    [("excursion", 0.95, 0.9), ("stuck", 0.99, 0.8), ("emptied", 0.95, 0.93)],
)
def test_the_rules_find_most_of_what_is_wrong_and_little_else(
    scores: dict[str, Score], what: str, precision: float, recall: float
) -> None:
    assert scores[what].precision >= precision, scores[what]
    assert scores[what].recall >= recall, scores[what]
