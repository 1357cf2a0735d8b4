"""`angkut simulate compare`: figures add up, the same seed gives the same table."""

import csv
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from angkut_backend.planning.plan_document import StepKind
from angkut_infra.cli import angkut
from angkut_infra.comparison import runs
from angkut_infra.comparison.driven import Driven
from angkut_infra.comparison.office import Morning
from angkut_infra.comparison.runs import live
from angkut_infra.comparison.tally import Day, Tally
from angkut_sim.stretch import Stretch
from angkut_sim.truth import TruthKind

from .test_comparison import small_run


def compared(pack: Path, out: Path, *arguments: str) -> str:
    found = CliRunner().invoke(
        angkut,
        [
            "simulate", "compare", "--site", str(pack), "--days", "2", "--jobs", "1",
            "--iterations", "10", "--out", str(out), *arguments,
        ],
        catch_exceptions=False,
    )  # fmt: skip
    assert found.exit_code == 0, found.output
    return found.stdout


def test_simulate_answers_to_sim_too() -> None:
    found = [
        CliRunner().invoke(angkut, [name, "compare", "--help"]) for name in ("simulate", "sim")
    ]
    assert [one.exit_code for one in found] == [0, 0]
    assert all("--policy" in one.output for one in found)


def rows_of(file: Path) -> Iterator[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as opened:
        yield from csv.DictReader(opened)


def test_the_same_seed_gives_the_same_table_and_figures_are_sums_of_days(
    small_pack: Path, tmp_path: Path
) -> None:
    named = ("--policy", "fixed:1d", "--policy", "integrated")
    told = compared(small_pack, tmp_path / "one", *named)
    # In processes of their own, too.
    assert compared(small_pack, tmp_path / "two", *named, "--jobs", "2") == told
    days = list(rows_of(tmp_path / "one" / "days.csv"))
    assert len(days) == 4
    for figures in rows_of(tmp_path / "one" / "figures.csv"):
        mine = [day for day in days if day["policy"] == figures["policy"]]
        km = sum(float(day["km"]) for day in mine) / len(mine)
        late, taken = (sum(int(day[name]) for day in mine) for name in ("late", "emptyings"))
        assert float(figures["km"]) == pytest.approx(km)
        assert float(figures["service_pct"]) == pytest.approx(100 - 100 * late / taken)
        assert f"{km:.1f}" in told
    drawn = ET.fromstring((tmp_path / "one" / "curve.svg").read_text())  # noqa: S314 - written by us
    assert drawn.tag.endswith("svg")
    assert (tmp_path / "one" / "table.md").read_text(encoding="utf-8").strip() == told.strip()


def test_what_is_on_disk_is_not_driven_again(small_pack: Path, tmp_path: Path) -> None:
    told = compared(small_pack, tmp_path, "--policy", "fixed:2d")
    (kept,) = (tmp_path / "runs").iterdir()
    kept.write_text(kept.read_text().replace('"stops": ', '"stops": 100'))
    assert compared(small_pack, tmp_path, "--policy", "fixed:2d") != told
    kept.write_text("{}")
    broken = CliRunner().invoke(
        angkut,
        ["simulate", "compare", "--site", str(small_pack), "--days", "2", "--iterations", "10",
         "--policy", "fixed:2d", "--out", str(tmp_path)],
    )  # fmt: skip
    assert "remove it" in str(broken.exception)


def test_figures_agree_with_a_count_by_another_route(
    small_pack: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kilometres from the plans' own steps, overflow bin by bin and step by step."""
    seen: list[tuple[Stretch, float, int]] = []

    class Spy(Tally):
        def add(self, number: int, stretch: Stretch, morning: Morning, driven: Driven) -> Day:
            planned_m = sum(s.distance_m for r in morning.plan.routes for s in r.steps)
            tips = sum(s.kind is StepKind.UNLOAD for r in morning.plan.routes for s in r.steps)
            seen.append((stretch, planned_m / 1000, tips))
            return super().add(number, stretch, morning, driven)

    monkeypatch.setattr(runs, "Tally", Spy)
    days = live(small_run(small_pack, "integrated", days=5))
    since: dict[str, bool] = {}
    for number, (stretch, planned_km, tips) in enumerate(seen):
        late = emptyings = full_steps = 0
        events = sorted(
            (e for e in stretch.happened if e.kind is TruthKind.COLLECTED), key=lambda e: e.at_s
        )
        for row, code in enumerate(stretch.codes):
            mine = [e for e in events if e.bin_code == code]
            for step in range(len(stretch.level_pct) - 1):
                until_s = stretch.start_s + (step + 1) * stretch.step_s
                while mine and mine[0].at_s < until_s:
                    event = mine.pop(0)
                    emptyings += 1
                    late += since.get(code, False) or event.before_pct >= 100
                    since[code] = False
                if stretch.level_pct[step + 1, row] >= 100:
                    full_steps += 1
                    since[code] = True
        if number < runs.SETTLE_DAYS:
            continue
        day = days[number - runs.SETTLE_DAYS]
        assert (day.late, day.emptyings) == (late, emptyings)
        assert day.overflow_h == pytest.approx(full_steps / 6)
        if day.trips == tips:
            assert day.km == pytest.approx(planned_km)
        else:
            assert day.km > planned_km
    assert len(days) == 5
