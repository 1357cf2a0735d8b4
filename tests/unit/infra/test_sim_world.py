"""`angkut simulate world`: options, totals, files."""

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from angkut_backend.registry.site.pack import read_pack
from angkut_broker.errors import AngkutError
from angkut_infra.cli.sim_world import read_policy, world
from angkut_infra.places import places_of
from angkut_infra.sites import find_site
from angkut_sim.places import PlaceKind
from angkut_sim.policies import PlannedVisits, Threshold
from angkut_sim.truth import TruthKind
from angkut_sim.truth_file import TruthFile

FOLDER = find_site("bekasi-timur")
PLACES = places_of(read_pack(FOLDER), FOLDER)


def ran(*arguments: str) -> Result:
    return CliRunner().invoke(world, arguments, catch_exceptions=False)


def test_the_pack_says_what_throws_into_a_bin_and_which_streets_flood() -> None:
    by_code = {place.code: place for place in PLACES}
    assert len(by_code) == 252
    assert {place.kind for place in PLACES} == set(PlaceKind)
    assert by_code["BKS-BT-0001"].kind is PlaceKind.TPS
    assert not by_code["BKS-BT-0001"].lidded
    assert 20 < sum(place.floods for place in PLACES) < 120


def test_a_pack_without_flood_places_has_dry_streets(tmp_path: Path) -> None:
    assert not any(place.floods for place in places_of(read_pack(FOLDER), tmp_path))


def test_policies_stand_side_by_side_over_the_same_waste(tmp_path: Path) -> None:
    out = tmp_path / "truth.npz"
    result = ran("--days", "3", "--policy", "fixed", "--policy", "threshold:60", "--out", str(out))
    assert result.exit_code == 0
    lines = {line[:34].strip(): line[34:].split() for line in result.stdout.splitlines()}
    fixed, threshold = lines["waste arrived, m3"]
    assert fixed == threshold
    assert lines["emptyings"][0] != lines["emptyings"][1]
    files = [TruthFile.read(tmp_path / f"truth.{name}.npz") for name in ("fixed", "threshold-60")]
    assert files[0].at_s.tolist() == files[1].at_s.tolist()
    assert len(files[0].codes) == 252


def test_a_seed_gives_the_same_events_twice(tmp_path: Path) -> None:
    texts = []
    for name in ("one.csv", "two.csv"):
        ran("--days", "2", "--seed", "7", "--events", str(tmp_path / name))
        texts.append((tmp_path / name).read_text())
    assert texts[0] == texts[1]
    assert len(texts[0].splitlines()) > 100


def test_a_plan_of_the_backend_is_followed(tmp_path: Path) -> None:
    plan, events = tmp_path / "plan.json", tmp_path / "events.csv"
    plan.write_text(json.dumps([{"bin": "BKS-BT-0007", "at": "2026-01-05T08:00:00+07:00"}]))
    ran("--days", "1", "--policy", str(plan), "--events", str(events))
    with events.open(newline="") as file:
        rows = list(csv.DictReader(file))
    visits = [row["bin"] for row in rows if row["kind"] in {TruthKind.COLLECTED, TruthKind.SKIPPED}]
    assert visits == ["BKS-BT-0007"]


def test_watching_tells_what_happens() -> None:
    result = ran("--days", "1", "--speed", "1000000")
    assert result.exit_code == 0
    assert "collected" in result.stdout
    assert "2026-01-0" in result.stdout


def test_policies_have_names() -> None:
    assert read_policy("fixed", PLACES) is None
    assert read_policy("threshold", PLACES) == Threshold()
    assert read_policy("threshold:30", PLACES) == Threshold(at_pct=30.0, along_pct=30.0)


@pytest.mark.parametrize("name", ["threshold:x", "threshold:0", "threshold:200", "daily", ""])
def test_an_unknown_policy_is_refused_with_what_there_is(name: str) -> None:
    with pytest.raises(AngkutError, match="threshold:"):
        read_policy(name, PLACES)


def test_a_plan_that_is_not_there_is_named() -> None:
    with pytest.raises(AngkutError, match=r"none\.json"):
        read_policy("none.json", PLACES)


def test_a_plan_names_its_bins(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps([{"bin": PLACES[5].code, "at": "2026-01-05T08:00:00+07:00"}]))
    policy = read_policy(str(path), PLACES)
    assert isinstance(policy, PlannedVisits)
    assert [stop.bin for stop in policy.stops] == [5]
