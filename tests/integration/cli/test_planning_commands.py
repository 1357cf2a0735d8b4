"""`angkut forecast` and `angkut plan` from the first forecast to a plan out of force."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from click.testing import Result

from angkut_backend.db import Connection
from angkut_backend.forecast.loading import districts
from angkut_backend.planning import service
from angkut_backend.planning.policies import Policy, PolicyParameters
from angkut_backend.planning.search import Budget
from angkut_backend.planning.service import PlanOrder
from angkut_backend.roads.service import Roads
from instances.filling import filling
from parts.levels_stored import put_levels
from parts.registry import BIN, add_vehicle

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


def test_a_backtest_says_on_how_many_times_to_full_it_compares(
    said: Said, town: Connection
) -> None:
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    measured = filling(5, 35, seed=5).history
    rows = town.execute("SELECT bin_id FROM bin WHERE code LIKE 'T-%'").fetchall()
    bin_ids = [row["bin_id"] for row in rows]
    put_levels(town, bin_ids, measured.level_pct, measured.emptied, until=now)
    town.commit()

    shown = said("forecast", "backtest", "--every", "24")

    off_h = dict(re.findall(r"^  (angkut|linear|last value) .*?(\d+\.\d h)?$", shown, re.MULTILINE))
    assert re.search(r"^  times to full: [1-9]\d*$", shown, re.MULTILINE), shown
    assert off_h["angkut"]
    assert off_h["linear"]
    assert not off_h["last value"]


def test_bytes_of_another_encoding_are_named(said: Said) -> None:
    # What Python makes of the byte 0xff on a command line.
    for command in (("forecast", "show"), ("jobs", "list", "--kind")):
        assert said(*command, "\udcff", fails=True) == r"'\udcff' is not UTF-8: write it anew"


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
    refused = said("plan", "withdraw", plan_id, "--note", "ban\x1bjir", fails=True)
    assert "leave out line breaks and other control characters" in refused
    assert "withdrawn" in said("plan", "withdraw", plan_id, "--note", "banjir")
    assert re.search(rf"{plan_id}.*withdrawn", said("plan", "list"))


def test_a_plan_of_a_shift_that_is_over_is_refused_with_what_to_do(
    said: Said, town: Connection
) -> None:
    now = datetime.now(UTC) - timedelta(days=3)
    order = PlanOrder(
        day=(now + timedelta(days=1)).date(),
        policy=Policy.FIXED,
        parameters=PolicyParameters(),
        budget=Budget(iterations=0),
        seed=1,
    )
    roads, district = Roads(Path("none"), None), districts(town)[0]
    old = service.make(town, district, order, roads, uuid4(), actor="account:ana", now=now)
    town.commit()

    for command in ("accept", "publish"):
        refused = said("plan", command, str(old.plan_id), fails=True)
        assert re.search(r"the shift of .* is over since .*: make a plan for a later day", refused)


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
    file.write_text("[" * 100_000)
    assert "is not JSON" in said("plan", "replan", first, "--changes", str(file), fails=True)
    file.write_text('{"unlock": ["T-003"]}')
    both = ("--changes", str(file), "--force", "T-003")
    refused = said("plan", "replan", second, *quick, *both, fails=True)
    assert "unlock: 'T-003' is also changed" in refused


def test_a_plan_is_replanned_with_a_report_from_the_street_and_a_truck_lost(
    said: Said, town: Connection, tmp_path: Path
) -> None:
    add_vehicle(town, "B 9002")
    town.commit()
    first = made(said("plan", "make", "--iterations", "5", "--policy", "fixed"))
    quick = ("--iterations", "5")
    bins = {"T-000": "B 9001", "T-001": "B 9001", "T-003": "B 9002", "T-004": "B 9002"}
    locks = [word for one in bins.items() for word in ("--lock", "=".join(one))]
    second = made(said("plan", "replan", first, *quick, *locks))
    file = tmp_path / "street.json"
    # What is said on the command line comes on top of what the file says of the same truck.
    file.write_text(
        '{"underway": {"at": "05:00", "vehicles": [{"vehicle": "B 9001", "served": ["T-001"]}]}}'
    )
    refused = said("plan", "replan", second, *quick, "--changes", str(file), fails=True)
    assert "underway.at" in refused

    told = said(
        "plan", "replan", second, *quick, "--at", "05:01", "--truck",
        "B 9001=107.002,-6.225,90,450",
        "--served", "B 9001=T-000", "--without", "B 9002",
    )  # fmt: skip
    third = made(told)

    assert f"from {second}" in told
    assert re.search(r"moved +T-003 +from B 9002 to B 9001 +\([+-]\d+ Rp", told), told
    assert "served until it takes over: 1 bins" in told
    assert re.search(r"B 9002 +-\d+\.\d km, -\d+ min, -\d+ stops, -1 trips", told), told
    assert "0 bins that must be served and are not" in told
    for code in ("T-003", "T-004"):
        assert re.search(rf"(lock|B 9002).*{code}|{code}.*(lock|B 9002)", told), told
    shown = said("plan", "show", third)
    stops = re.findall(r"stop +(\S+)", shown)
    assert {"T-001", "T-003", "T-004"} <= {*stops}
    assert "T-000" not in stops
    assert "breaks a rule" not in shown
    early = re.search(r"\nB 9001\n +(\d\d:\d\d) +start", shown)
    assert early
    assert early.group(1) == "05:01"


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
        (["--at", "25:00"], "is not a local time such as 09:30"),
        (["--at", "06:30Z"], "is not a local time such as 09:30"),
        (["--at", "2026"], "is not a local time such as 09:30"),
        (["--at", "23:00"], "is outside"),
        (["--hours", "T-002=9"], "write BIN=FROM-TO"),
    ],
)
def test_a_change_that_cannot_be_read_or_made_says_why(
    said: Said, options: list[str], word: str
) -> None:
    first = made(said("plan", "make", "--iterations", "1", "--policy", "fixed"))

    assert word in said("plan", "replan", first, "--iterations", "1", *options, fails=True)
