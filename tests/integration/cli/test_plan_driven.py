"""`angkut plan driven`: said of a plan of yesterday, refused of one that is to come."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from click.testing import Result

from angkut_backend.db import Connection
from angkut_backend.forecast.loading import districts
from angkut_backend.planning import decisions, driven, service
from angkut_backend.planning.policies import Policy, PolicyParameters
from angkut_backend.planning.records import PlanRecord
from angkut_backend.planning.search import Budget
from angkut_backend.planning.service import PlanOrder
from angkut_backend.planning.shifts import next_day
from angkut_backend.roads.service import Roads

#: Calls `angkut` with arguments.
Run = Callable[..., Result]


@pytest.fixture
def town(town: Connection) -> Connection:
    """Its bins are emptied on every day of the week."""
    town.execute(
        "INSERT INTO collection_round (district_id, code, site_id, weekdays, valid_from, source) "
        "SELECT a.district_id, s.code, s.site_id, '{1,2,3,4,5,6,7}', '2020-01-01', 'test' "
        "FROM site AS s JOIN area AS a USING (area_id)"
    )
    town.commit()
    return town


def plan_of(conn: Connection, days_ago: int) -> PlanRecord:
    """Return a plan in force of the shift that was the next one so many days ago."""
    now = datetime.now(UTC) - timedelta(days=days_ago)
    roads, district = Roads(Path("none"), None), districts(conn)[0]
    order = PlanOrder(
        day=next_day(district, now),
        policy=Policy.FIXED,
        parameters=PolicyParameters(),
        budget=Budget(iterations=0),
        seed=1,
    )
    made = service.make(conn, district, order, roads, uuid4(), actor="account:ana", now=now)
    decisions.publish(conn, made.plan_id, actor="account:ana", now=now)
    conn.commit()
    return made


def test_what_was_driven_is_said_and_corrected(run: Run, town: Connection) -> None:
    made = plan_of(town, days_ago=2)
    plan_id = str(made.plan_id)
    first, second, *others = made.plan.routes[0].bins

    said = run("plan", "driven", plan_id, "--missed", f"{first}=gate = locked", "--missed", second)
    told = driven.told(town, made.plan_id)
    town.rollback()
    corrected = run("plan", "driven", plan_id)

    assert said.output == (f"{plan_id}: {len(others)} stops emptied, 2 missed, 0 still to come\n")
    assert {one.bin: one.reason for one in told.missed} == {first: "gate = locked", second: ""}
    assert told.author.startswith("cli")
    assert f"{len(others) + 2} stops emptied, 0 missed" in corrected.output
    town.execute("UPDATE bin SET code = 'was-' || code WHERE code = %s", [first])
    town.commit()
    left_out = run("plan", "driven", plan_id).output
    assert left_out.endswith("left out, gone from the registry: 1 bins\n")


@pytest.mark.parametrize(
    ("missed", "why"),
    [
        (["X-1", "X-2=banjir"], "missed: 'X-1' is no stop of this plan: .*; 'X-2' is no stop"),
        (["=banjir"], "--missed '=banjir': write BIN or BIN=REASON"),
        (["X-1", "X-1=banjir"], "--missed: 'X-1' is there twice; keep one"),
        (["T-001=ban\x1bjir"], "reason for 'T-001': leave out line breaks"),
        (["T-001=" + "x" * 201], "reason for 'T-001': 201 characters, at most 200"),
        (["T-001=\udcff"], "is not UTF-8: write it anew"),
    ],
)
def test_what_cannot_be_is_refused_with_what_to_do(
    run: Run, town: Connection, missed: list[str], why: str
) -> None:
    made = plan_of(town, days_ago=2)
    assert "T-001" in made.plan.routes[0].bins
    options = [word for one in missed for word in ("--missed", one)]

    refused = run("plan", "driven", str(made.plan_id), *options, fails=True)

    assert re.search(why, str(refused.exception))
    assert driven.told(town, made.plan_id).told_at is None


def test_it_is_too_soon_or_too_late(run: Run, town: Connection) -> None:
    old, next_one = plan_of(town, days_ago=10), plan_of(town, days_ago=0)

    for made, why in ((old, "it stays as it was told until then"), (next_one, "say it then")):
        refused = run("plan", "driven", str(made.plan_id), fails=True)
        assert why in str(refused.exception)


def test_the_help_teaches_it(run: Run) -> None:
    shown = " ".join(run("plan", "driven", "--help").output.split())

    assert f"up to {driven.OPEN_FOR.days} days after it" in shown
    assert 'angkut plan driven 6b1f3a52-... --missed "BKS-BT-0012=gate locked"' in shown
