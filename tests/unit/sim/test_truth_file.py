import csv
import math
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from angkut_sim.figures import Figures
from angkut_sim.places import Place
from angkut_sim.policies import PlannedVisits
from angkut_sim.truth import TruthKind
from angkut_sim.truth_file import TruthFile, TruthFileError, TruthRecorder
from angkut_sim.world import STEP_S, World

START_S = datetime(2026, 1, 11, 17, tzinfo=UTC).timestamp()
DAY_S = 86_400
DAYS = 12


def lived(*, chunks: int, policy: PlannedVisits | None = None) -> tuple[World, TruthFile]:
    places = [Place(f"BKS-BT-{number:04d}", 240.0) for number in range(20)]
    world, recorder = World(places, seed=4, start_s=START_S, policy=policy), TruthRecorder(4)
    for chunk in range(1, chunks + 1):
        recorder.add(world.advance(START_S + chunk * DAYS * DAY_S / chunks))
    return world, recorder.finish()


def test_a_file_gives_back_what_was_written(tmp_path: Path) -> None:
    _, truth = lived(chunks=3)
    truth.write(tmp_path / "truth.npz")
    again = TruthFile.read(tmp_path / "truth.npz")
    assert again.events == truth.events
    assert (again.seed, again.codes, again.kinds) == (4, truth.codes, truth.kinds)
    for name in ("at_s", "level_pct", "beside_l", "volume_l"):
        assert getattr(again, name).tobytes() == getattr(truth, name).tobytes()


def test_numpy_alone_reads_it(tmp_path: Path) -> None:
    lived(chunks=1)[1].write(tmp_path / "truth.npz")
    with np.load(tmp_path / "truth.npz", allow_pickle=False) as arrays:
        assert arrays["level_pct"].shape == (DAYS * 144 + 1, 20)
        assert len(arrays["event_kind"]) == len(arrays["event_at_s"])


def test_in_how_many_stretches_it_was_lived_does_not_show() -> None:
    (_, one), (_, many) = lived(chunks=1), lived(chunks=12)
    assert one.at_s.tolist() == many.at_s.tolist()
    assert one.level_pct.tobytes() == many.level_pct.tobytes()
    assert one.events == many.events


def test_a_level_can_be_asked_for_by_code_and_time() -> None:
    _, truth = lived(chunks=2)
    assert truth.level("BKS-BT-0003", START_S) == truth.level_pct[0, 3]
    assert truth.level("BKS-BT-0003", START_S + 5 * STEP_S + 1) == truth.level_pct[5, 3]
    assert math.isnan(truth.level("BKS-BT-0003", START_S - 1))
    assert math.isnan(truth.level("BKS-BT-0003", START_S + DAYS * DAY_S + STEP_S))


def test_events_are_told_in_utc_and_what_lasts_has_no_end(tmp_path: Path) -> None:
    _, truth = lived(chunks=1, policy=PlannedVisits(()))
    truth.write_events(tmp_path / "events.csv")
    with (tmp_path / "events.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(truth.events)
    assert {row["kind"] for row in rows if row["until"] == ""} == {TruthKind.OVERFLOW.value}
    assert all(datetime.fromisoformat(row["at"]).utcoffset() is not None for row in rows)


def test_figures_balance_and_count() -> None:
    world, truth = lived(chunks=1)
    figures = Figures.of(truth, world)
    there = figures.collected_m3 + figures.picked_m3 + figures.left_m3
    assert figures.arrived_m3 == pytest.approx(there)
    assert figures.emptyings == world.emptied.sum() > 0
    assert figures.bin_days == pytest.approx(20 * DAYS, rel=0.001)


def test_without_emptyings_the_figures_say_so() -> None:
    world, truth = lived(chunks=1, policy=PlannedVisits(()))
    figures = Figures.of(truth, world)
    assert (figures.emptyings, figures.collected_m3, figures.fill_pct) == (0, 0, 0)
    assert figures.overflow_h > 0


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no archive", b"text"])
def test_a_file_that_holds_no_truth_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "truth.npz"
    path.write_bytes(content)
    with pytest.raises(TruthFileError, match=r"truth\.npz holds no truth"):
        TruthFile.read(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(TruthFileError, match=r"none\.npz"):
        TruthFile.read(tmp_path / "none.npz")
