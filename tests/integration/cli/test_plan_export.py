"""`angkut plan export` and `angkut site rounds`: what is kept, as files and lists."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest
from click.testing import Result

from angkut_backend.db import Connection
from angkut_backend.planning.exports.service import Format


def some_plan(run: Callable[..., Result]) -> str:
    made = run("plan", "make", "--iterations", "2")
    found = re.search(r"^[0-9a-f-]{36}", made.stdout, re.MULTILINE)
    assert found
    return found.group()


@pytest.mark.usefixtures("town")
def test_a_plan_is_written_in_every_form(run: Callable[..., Result], tmp_path: Path) -> None:
    plan_id = some_plan(run)
    for form in get_args(Format):
        name = form.partition(".")[0]
        by_name, by_ending = tmp_path / f"{name}-file", tmp_path / f"plan.{form}"
        run("plan", "export", plan_id, "--format", name, "-o", str(by_name))
        run("plan", "export", plan_id, "--out", str(by_ending))
        assert by_name.read_bytes() == by_ending.read_bytes()
    assert (tmp_path / "plan.pdf").read_bytes().startswith(b"%PDF-")
    written = run("plan", "export", plan_id, "--format", "vroom", "-o", "-")
    assert json.loads(written.stdout)["angkut"]["plan_id"] == plan_id


@pytest.mark.usefixtures("town")
def test_an_export_that_cannot_be_says_why(run: Callable[..., Result], tmp_path: Path) -> None:
    plan_id = some_plan(run)
    answer = run("plan", "export", plan_id, "-o", str(tmp_path / "plan.xlsx"), fails=True)
    assert (answer.exit_code, "give --format" in answer.output) == (2, True)
    out = str(tmp_path / "plan.pdf")
    answer = run("plan", "export", plan_id, "-o", out, "--vehicle", "T9", fails=True)
    assert "vehicle 'T9' has no route" in str(answer.exception)
    answer = run("plan", "export", plan_id, "-o", str(tmp_path / "no" / "plan.csv"), fails=True)
    assert answer.exit_code == 1
    assert "cannot be written" in str(answer.exception)


def test_rounds_are_listed_and_a_plan_says_that_it_invented_them(
    run: Callable[..., Result], town: Connection
) -> None:
    assert "write rounds.csv" in run("site", "rounds").output
    shown = run("plan", "show", some_plan(run)).output
    assert "the fixed rounds are invented" in shown
    town.execute(
        "INSERT INTO collection_round (district_id, code, site_id, weekdays, valid_from, source, "
        "invented) SELECT district_id, 'x', site_id, '{1,4}', '2026-01-01', 'test', '{weekdays}' "
        "FROM site JOIN area USING (area_id)"
    )
    town.commit()
    listed = run("site", "rounds").output
    assert "TPS-01           site  from 2026-01-01  Mon Thu" in listed
    assert "(invented)" in listed
    assert "the fixed rounds are invented" not in run("plan", "show", some_plan(run)).output
