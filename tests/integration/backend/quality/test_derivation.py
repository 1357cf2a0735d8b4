"""History derived again from a corrected mounting."""

import random

import pytest

from angkut_backend.db import Connection
from angkut_backend.errors import NotFoundError
from angkut_backend.quality.derivation import derive
from angkut_backend.readings import maintenance
from angkut_backend.readings.maintenance import Edition, edition
from angkut_backend.registry.hanging import GeometryError
from angkut_backend.registry.mountings import Geometry, correct_mounting
from parts.history import LEVELS, NOW, collections, history, judge_all, latest, put, stored
from parts.registry import BIN, FREE_BIN, MOUNTED_AT

RIGHT = Geometry(d_empty_mm=1300, d_full_mm=150, offset_mm=12, angle_deg=5)


def correct(conn: Connection, geometry: Geometry) -> None:
    correct_mounting(conn, BIN, geometry, at=NOW, actor="test")
    conn.commit()


def state(conn: Connection) -> dict[str, object]:
    judge_all(conn)
    while maintenance.refresh(conn, None, NOW):
        pass
    rollups = conn.execute("SELECT * FROM readings_hourly ORDER BY bucket").fetchall()
    # As stored, but for when: the raw columns must be the same too.
    readings = [{k: v for k, v in row.items() if k != "stored_at"} for row in stored(conn)]
    return {
        "readings": readings,
        "latest": latest(conn),
        "collections": collections(conn),
        "roll-ups": rollups,
    }


@pytest.mark.parametrize("order", ["in order", "late"])
def test_a_corrected_mounting_gives_what_the_right_one_would_have_given(
    registry: Connection, order: str
) -> None:
    correct(registry, RIGHT)
    put(registry, history(LEVELS))
    right = state(registry)

    registry.execute("TRUNCATE readings, bin_latest, dirty_device, dirty_hour, collection")
    registry.execute("TRUNCATE rollup_hourly, rollup_daily")
    correct(registry, Geometry(1200, 200, 0, 0))
    readings = history(LEVELS)
    if order == "late":
        random.Random(3).shuffle(readings)  # noqa: S311
    put(registry, readings)
    assert state(registry) != right
    correct(registry, RIGHT)
    steps: list[tuple[int, int]] = []
    done = derive(
        registry,
        bin_code=BIN,
        since=MOUNTED_AT,
        now=NOW,
        on_progress=lambda *step: steps.append(step),
    )
    assert done.changed > 150
    assert steps[0][0] == 0
    assert steps[-1][0] == steps[-1][1] > 1
    assert state(registry) == right


def test_deriving_what_is_right_changes_nothing(registry: Connection) -> None:
    put(registry, history(LEVELS))
    before = state(registry)
    done = derive(registry, bin_code=None, since=None, now=NOW, on_progress=lambda *_: None)
    assert (done.changed, done.bins) == (0, 0)
    assert not registry.execute("SELECT FROM dirty_hour").fetchall()
    assert state(registry) == before


def test_compressed_readings_are_derived_and_judged_too(registry: Connection) -> None:
    if edition(registry) is not Edition.TIMESCALE:
        pytest.skip("only the Community edition of TimescaleDB compresses")
    put(registry, history(LEVELS))
    judge_all(registry)
    registry.execute("SELECT compress_chunk(c) FROM show_chunks('readings') AS c")
    # The limit that a fleet's day would meet.
    name = "timescaledb.max_tuples_decompressed_per_dml_transaction"
    registry.execute("SELECT set_config(%s, '50', false)", [name])
    correct(registry, RIGHT)
    done = derive(registry, bin_code=BIN, since=None, now=NOW, on_progress=lambda *_: None)
    assert done.changed > 150
    again = [row["flags"] for row in stored(registry)]
    registry.execute("TRUNCATE readings, bin_latest, dirty_device, dirty_hour, collection")
    put(registry, history(LEVELS))
    judge_all(registry)
    assert again == [row["flags"] for row in stored(registry)]


def test_a_mounting_that_turns_out_to_be_older_takes_its_readings_in(registry: Connection) -> None:
    registry.execute("UPDATE mounting SET valid_from = %s", [history([0] * 30)[-1].t])
    registry.commit()
    put(registry, history(LEVELS))
    judge_all(registry)
    registry.execute("UPDATE mounting SET valid_from = %s", [MOUNTED_AT])
    registry.commit()
    assert (
        derive(registry, bin_code=BIN, since=None, now=NOW, on_progress=lambda *_: None).changed
        == 29
    )
    again = state(registry)
    registry.execute("TRUNCATE readings, bin_latest, dirty_device, dirty_hour, collection")
    registry.execute("TRUNCATE rollup_hourly, rollup_daily")
    put(registry, history(LEVELS))
    assert again == state(registry)


def test_a_correction_is_audited_and_an_impossible_one_refused(registry: Connection) -> None:
    correct(registry, Geometry(offset_mm=5))
    row = registry.execute("SELECT * FROM audit_log WHERE action = 'mounting.correct'").fetchone()
    assert row
    assert (row["before"]["offset_mm"], row["after"]["offset_mm"]) == (0, 5)
    # Whoever is interrupted before history followed leaves it to the worker.
    due = registry.execute("SELECT since FROM derivation_due").fetchall()
    assert due == [{"since": MOUNTED_AT}]
    with pytest.raises(GeometryError):
        correct_mounting(registry, BIN, Geometry(d_full_mm=1200), at=NOW, actor="test")
    with pytest.raises(NotFoundError):
        correct_mounting(registry, FREE_BIN, Geometry(offset_mm=5), at=NOW, actor="test")


def test_a_bin_without_any_device_cannot_be_derived(registry: Connection) -> None:
    with pytest.raises(NotFoundError):
        derive(registry, bin_code=FREE_BIN, since=None, now=NOW, on_progress=lambda *_: None)
