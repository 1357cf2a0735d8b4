"""Judging after arrival, on plain PostgreSQL and on TimescaleDB."""

import random
from datetime import timedelta

import pytest

from angkut_backend.db import Connection
from angkut_backend.ingest.batch import Batch
from angkut_backend.ingest.store import store
from angkut_backend.quality import rules
from angkut_backend.quality.derivation import derive
from angkut_backend.quality.rules import OWN, Flag
from angkut_backend.quality.service import judge_new_readings
from angkut_broker.messages import Fault
from parts.history import (
    LEVELS,
    NOW,
    arriving,
    collections,
    flags,
    history,
    judge_all,
    latest,
    put,
    stored,
)


def test_a_spike_loses_its_trust_once_the_next_reading_denies_it(registry: Connection) -> None:
    spiky = history([50, 51, 95, None, 52])
    put(registry, spiky[:4])
    judge_all(registry)
    assert latest(registry)["fill_pct"] == pytest.approx(95)
    put(registry, spiky[4:])
    judge_all(registry)
    assert flags(registry) == [0, 0, Flag.SPIKE, Flag.NO_ECHO, 0]
    assert [row["score"] for row in stored(registry)] == [1, 1, 0, 0, 1]


def test_the_map_goes_back_to_the_newest_level_that_is_believed(registry: Connection) -> None:
    day = history([50.0 + n % 2 for n in range(4)]) + history([70.0] * 55)[5:]
    put(registry, day)
    assert latest(registry)["trusted_at"] == day[-1].t
    registry.execute("LISTEN angkut_bins")
    registry.commit()
    judge_all(registry)
    assert flags(registry)[-1] == Flag.STUCK
    found = latest(registry)
    assert (found["seen_at"], found["trusted_at"]) == (day[-1].t, day[3].t)
    assert (found["fill_pct"], found["flags"]) == (pytest.approx(51), Flag.STUCK)
    assert [note.payload for note in registry.notifies(timeout=5, stop_after=1)]


def test_judging_marks_the_hours_that_changed_and_forgets_what_it_did(
    registry: Connection,
) -> None:
    put(registry, history([50, 51, 95, 52]))
    registry.execute("DELETE FROM dirty_hour")
    judge_all(registry)
    hours = registry.execute("SELECT bucket FROM dirty_hour").fetchall()
    assert [row["bucket"] for row in hours] == [NOW + timedelta(hours=1)]
    assert not registry.execute("SELECT FROM dirty_device").fetchall()


def test_a_flag_that_leaves_the_score_leaves_the_roll_ups(registry: Connection) -> None:
    late = history([50])
    store(registry, Batch.of([arriving(late[0], NOW + timedelta(days=2))]))
    registry.execute("DELETE FROM dirty_hour")
    judge_all(registry)
    assert flags(registry) == [Flag.STALE]
    assert not registry.execute("SELECT FROM dirty_hour").fetchall()


def test_raw_columns_stay_as_they_arrived(registry: Connection) -> None:
    put(registry, history([50, 51, 95, 52]))
    derived = {"flags", "score"}
    before = [{k: v for k, v in row.items() if k not in derived} for row in stored(registry)]
    judge_all(registry)
    after = [{k: v for k, v in row.items() if k not in derived} for row in stored(registry)]
    assert after == before


@pytest.mark.parametrize("seed", range(4))
def test_any_order_of_arrival_and_any_batches_give_the_same(
    registry: Connection, seed: int
) -> None:
    readings = history(LEVELS)
    put(registry, readings)
    judge_all(registry)
    in_order = [(row["observed_at"], row["flags"], row["score"]) for row in stored(registry)]
    assert {Flag.SPIKE, Flag.RATE_IMPOSSIBLE, Flag.STUCK, Flag.NO_ECHO} <= set(flags(registry))
    shown, emptied = latest(registry), collections(registry)
    assert [round(row["after_pct"]) for row in emptied] == [0, 12]

    registry.execute("TRUNCATE readings, bin_latest, dirty_device, dirty_hour, collection")
    rng = random.Random(seed)  # noqa: S311 - a shuffled delivery
    rng.shuffle(readings)
    while readings:
        put(registry, [readings.pop() for _ in range(min(len(readings), rng.randint(1, 40)))])
        if rng.random() < 0.7:
            judge_new_readings(registry, NOW)
    judge_all(registry)
    assert [(r["observed_at"], r["flags"], r["score"]) for r in stored(registry)] == in_order
    assert latest(registry) == shown
    assert collections(registry) == emptied


def test_more_new_readings_than_fit_in_one_go_are_judged_in_pieces(
    registry: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(registry, history(LEVELS))
    judge_all(registry)
    whole, emptied = flags(registry), collections(registry)
    registry.execute("UPDATE readings SET flags = flags & %s", [int(OWN)])
    registry.execute(
        "INSERT INTO dirty_device (device_id, since) SELECT device_id, '2026-01-01Z' FROM device"
    )
    monkeypatch.setattr("angkut_backend.quality.neighbourhood.FORWARD_MAX", 7)
    judge_all(registry)
    assert flags(registry) == whole
    assert collections(registry) == emptied


def test_an_emptying_that_late_readings_deny_is_taken_back(registry: Connection) -> None:
    levels = [60, 61, 8, 9, 62, 63]
    readings = history(levels)
    put(registry, readings[:2] + readings[3:4])
    judge_all(registry)
    assert len(collections(registry)) == 1
    put(registry, readings[2:3] + readings[4:])
    judge_all(registry)
    assert flags(registry) == [0, 0, Flag.RATE_IMPOSSIBLE, Flag.RATE_IMPOSSIBLE, 0, 0]
    assert not collections(registry)


@pytest.mark.parametrize(
    ("distance_mm", "flag"),
    [
        (rules.CODE_MM, Flag.OUT_OF_RANGE),
        (rules.CODE_MM + 1, 0),
        (1200 - 10 * rules.LEVEL_RANGE_PCT[1] - 1, Flag.OUT_OF_RANGE),
        (1200 - 10 * rules.LEVEL_RANGE_PCT[0], 0),
        (1200 - 10 * rules.LEVEL_RANGE_PCT[0] + 1, Flag.OUT_OF_RANGE),
    ],
)
def test_the_database_judges_single_readings_by_the_figures_of_the_rules(
    storage_conn: Connection, distance_mm: float, flag: Flag
) -> None:
    full_mm = 200 if distance_mm > 100 else 0
    row = storage_conn.execute(
        "SELECT * FROM derive_reading("
        "ARRAY[%(d)s::int], %(d)s::real, NULL, NULL, 1200, %(f)s, 0, 0)",
        {"d": distance_mm, "f": full_mm},
    ).fetchone()
    assert row
    assert Flag(row["flags"]) == flag
    assert row["score"] == rules.score(row["flags"])


def test_the_database_scores_single_readings_as_the_rules_do(storage_conn: Connection) -> None:
    row = storage_conn.execute(
        "SELECT * FROM derive_reading(NULL, NULL, 40, NULL, 1200, 200, 0, 0)"
    ).fetchone()
    assert row
    assert row["flags"] == Flag.REPORTED
    assert row["score"] == pytest.approx(rules.score(Flag.REPORTED))


@pytest.mark.parametrize("reported", [flag.value for flag in rules.FAULTS.values()])
@pytest.mark.parametrize("also", [0, Flag.LOW_BATTERY | Flag.NO_CLOCK])
@pytest.mark.parametrize("fill_pct", [40, None])
def test_what_a_device_reports_is_judged_by_the_rules(
    storage_conn: Connection, reported: int, also: int, fill_pct: float | None
) -> None:
    row = storage_conn.execute(
        "SELECT * FROM derive_reading(NULL, NULL, %s, %s, 1200, 200, 0, 0)",
        [fill_pct, reported | also],
    ).fetchone()
    assert row
    mine = Flag.REPORTED if fill_pct else Flag.NO_LEVEL
    assert Flag(row["flags"]) == Flag(reported | also) | mine
    assert (row["fill_pct"] is None) == bool(row["flags"] & rules.LEVELLESS)
    assert row["score"] == pytest.approx(rules.score(row["flags"]))


@pytest.mark.parametrize("fault", Fault)
def test_a_reported_fault_stays_whatever_is_judged_and_derived_again(
    registry: Connection, fault: Fault
) -> None:
    readings = history([50, 51, 52, 53])
    readings[2] = readings[2].model_copy(update={"faults": [fault.value, "of_tomorrow"]})
    put(registry, readings)
    on_arrival = [(row["flags"], row["score"], row["fill_pct"]) for row in stored(registry)]
    flag = rules.FAULTS[fault]
    assert on_arrival[2][0] == flag
    assert [row[0] for row in on_arrival[:2] + on_arrival[3:]] == [0, 0, 0]
    assert stored(registry)[2]["reported_flags"] == flag
    assert (on_arrival[2][2] is None) == bool(flag & rules.DISTRUST)
    judge_all(registry)
    assert [(r["flags"], r["score"], r["fill_pct"]) for r in stored(registry)] == on_arrival
    done = derive(registry, bin_code=None, since=None, now=NOW, on_progress=lambda _done, _of: None)
    assert done.changed == 0
    # Also by a derivation that has something to do.
    registry.execute("UPDATE readings SET flags = 1, score = 0, fill_pct = NULL")
    derive(registry, bin_code=None, since=None, now=NOW, on_progress=lambda _done, _of: None)
    assert [(r["flags"], r["score"], r["fill_pct"]) for r in stored(registry)] == on_arrival


def test_the_map_shows_no_level_that_the_device_itself_doubts(registry: Connection) -> None:
    sure, doubted = history([50, 95])
    put(registry, [sure, doubted.model_copy(update={"faults": ["blind_zone"]})])
    judge_all(registry)
    found = latest(registry)
    assert (found["seen_at"], found["trusted_at"]) == (doubted.t, sure.t)
    assert (found["fill_pct"], found["flags"]) == (pytest.approx(50), Flag.BLIND)


def test_every_fault_of_the_contract_has_a_flag() -> None:
    assert set(rules.FAULTS) == set(Fault)
    # What `judge` may set itself is repeated by it; all the rest must outlive it.
    assert {flag for flag in rules.FAULTS.values() if not flag & OWN} == {Flag.LOW_BATTERY}
    assert rules.reported_flags(["of_tomorrow"]) is None
