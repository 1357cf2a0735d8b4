"""`angkut forecast` and `angkut plan` from the first forecast to a plan out of force."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from angkut_backend.db import Connection
from parts.registry import BIN

#: Calls `angkut` with arguments.
Said = Callable[..., str]


def made(output: str) -> str:
    found = re.search(r"[0-9a-f-]{36}", output)
    assert found
    return found.group()


@pytest.fixture
def said(run: Callable[..., Result], town: Connection) -> Said:  # noqa: ARG001 - it runs there
    """What a command prints in the town, or the error with which it fails."""

    def call(*arguments: str, fails: bool = False) -> str:
        result = run(*arguments, fails=fails)
        return str(result.exception) if fails else result.output

    return call


def test_a_forecast_is_made_and_shown(said: Said) -> None:
    assert "32.75.01: 7 bins" in said("forecast", "run", "--learn")
    shown = said("forecast", "show", BIN)
    assert "no level in a week" in shown
    assert len(re.findall(r"\d\d:\d\dZ +\d+ +\d+", shown)) == 7
    assert "nothing to score" in said("forecast", "backtest", "--every", "168")


def test_a_plan_goes_from_nothing_into_force_and_out(said: Said) -> None:
    assert "angkut plan make" in said("plan", "list")
    printed = said("plan", "make", "--iterations", "5")
    plan_id = made(printed)
    assert "keeps its fixed round, and the day is not treated" in printed
    assert "approximate" in printed

    assert "+0.0 km" in said("plan", "compare", plan_id, plan_id)
    assert "accepted" in said("plan", "accept", plan_id)
    assert "published" in said("plan", "publish", plan_id)
    assert f"{plan_id}  integrated  published" in said("plan", "show", plan_id)
    assert "withdrawn" in said("plan", "withdraw", plan_id, "--note", "banjir")
    assert re.search(rf"{plan_id}.*withdrawn", said("plan", "list"))


def test_a_plan_is_changed_before_the_shift_and_in_it(said: Said, tmp_path: Path) -> None:
    first = made(said("plan", "make", "--iterations", "5", "--policy", "fixed"))
    quick = ("--iterations", "5")

    changed = said(
        "plan", "replan", first, *quick,
        "--lock", "T-002=B 9001@1", "--forbid", "T-003", "--complaint", "T-004",
        "--hours", "T-001=07:00-10:00", "--queue", "TPA=20", "--fix", "B 9001=0",
    )  # fmt: skip
    second = made(changed)
    shown = said("plan", "show", second)

    assert f"from {first}" in changed
    assert re.search(r"added +T-004 +by B 9001", changed) or "T-004" in said("plan", "show", first)
    assert re.search(r"[+-]\d+\.\d km, [+-]\d+ min, \+", changed)
    stops = re.findall(r"stop +(\S+)", shown)
    assert stops[0] == "T-002"
    assert "T-003" not in stops
    file = tmp_path / "changes.json"
    file.write_text('{"unlock": ["T-003"]}')
    both = ("--changes", str(file), "--force", "T-003")
    refused = said("plan", "replan", second, *quick, *both, fails=True)
    assert "unlock: 'T-003' is also changed" in refused


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--lock", "T-002"], "write BIN=VEHICLE"),
        (["--lock", "T-002=B 9001@x"], "'x' is not a whole number"),
        (["--lock", "T-002=B 9001@0"], "locks.0.position"),
        (["--force", "T-99"], "there is no bin 'T-99'"),
        (["--force", "T-002", "--forbid", "T-002"], "keep one of the two"),
        (["--without", "B 1"], "there is no vehicle 'B 1' in this plan: it has B 9001"),
        (["--truck", "B 9001=107,-6"], "say with --at"),
        (["--at", "06:00", "--truck", "B 9001=107"], "write VEHICLE=LON,LAT"),
        (["--at", "25:00"], "is not a time such as 09:30"),
        (["--at", "23:00"], "is outside"),
        (["--hours", "T-002=9"], "write BIN=FROM-TO"),
    ],
)
def test_a_change_that_cannot_be_read_or_made_says_why(
    said: Said, options: list[str], word: str
) -> None:
    first = made(said("plan", "make", "--iterations", "1", "--policy", "fixed"))

    assert word in said("plan", "replan", first, "--iterations", "1", *options, fails=True)
