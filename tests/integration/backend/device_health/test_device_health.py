"""The jobs that look at devices, on plain PostgreSQL and on TimescaleDB."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from angkut_backend.db import Connection
from angkut_backend.device_health import rules
from angkut_backend.device_health.rules import FindingKind
from angkut_backend.device_health.service import DeviceFinding, check_devices, list_findings
from angkut_backend.device_health.swap_search import search_swaps
from angkut_backend.ingest.batch import Batch, Received
from angkut_backend.ingest.store import store
from angkut_broker.codec import encode
from angkut_broker.messages import Telemetry
from parts.registry import BIN, DEVICE, FREE_BIN, MOUNTED_AT

START = datetime(2026, 3, 1, tzinfo=UTC)
HALF_HOUR = timedelta(minutes=30)
DAY = timedelta(days=1)
OTHER = "70b3d57ed0005678"


def at(slot: float) -> datetime:
    return START + slot * HALF_HOUR


def put(
    conn: Connection,
    slots: list[int],
    *,
    device: str = DEVICE,
    shift: timedelta = timedelta(),
    arrives: datetime | None = None,
    fields: Callable[[int], dict[str, object]] = lambda _slot: {},
) -> None:
    """Store a reading a slot, each in a message of its own, through ingest's own code."""
    topic = f"angkut/v1/bekasi/327501/bin/{device}/telemetry"
    messages = []
    for slot in slots:
        values: dict[str, object] = {"v": 1, "id": device, "seq": slot + 1, "t": at(slot) + shift}
        values |= {"d_mm": [700 + slot % 7], **fields(slot)}
        reading = Telemetry.model_validate(values)
        messages.append(Received(0, slot, topic, encode(reading), arrives or at(slot)))
    store(conn, Batch.of(messages))
    conn.commit()


def check(conn: Connection, now: datetime) -> None:
    while check_devices(conn, now):
        conn.commit()
    conn.commit()


def findings(conn: Connection) -> list[DeviceFinding]:
    found = list_findings(conn, since=datetime(2020, 1, 1, tzinfo=UTC))
    conn.commit()
    return found


def kinds(conn: Connection) -> list[FindingKind]:
    return [finding.kind for finding in findings(conn)]


def test_a_silence_is_found_with_device_bin_and_number(registry: Connection) -> None:
    put(registry, [n for n in range(100) if not 40 <= n < 50])
    check(registry, at(100))
    [finding] = findings(registry)
    assert (finding.device, finding.bin_code, finding.kind) == (DEVICE, BIN, FindingKind.DROPOUT)
    assert finding.detail == {"readings_missed": 10}
    assert finding.from_at == at(40)
    assert finding.found_at == at(100)


def test_late_readings_take_a_silence_back(registry: Connection) -> None:
    put(registry, list(range(60)))
    check(registry, at(100))
    assert kinds(registry) == [FindingKind.DROPOUT]
    put(registry, list(range(60, 101)), arrives=at(101))
    check(registry, at(103))
    assert kinds(registry) == []


def test_a_finding_grows_while_it_lasts_and_stays_one(registry: Connection) -> None:
    put(registry, list(range(20)))
    for slot in range(20, 20 + 10 * 48, 4):
        put(registry, list(range(slot, slot + 4)), fields=lambda _slot: {"d_mm": []})
        check(registry, at(slot + 4))
    [finding] = findings(registry)
    assert (finding.kind, finding.from_at, finding.to_at) == (FindingKind.NO_ECHO, at(20), at(499))
    assert finding.found_at == at(24)
    # Weeks later the window has left it behind: it stays as it was.
    put(registry, list(range(500, 500 + 20 * 48)))
    check(registry, at(500 + 20 * 48))
    assert [(f.from_at, f.to_at) for f in findings(registry)] == [(at(20), at(499))]


def test_a_silence_at_the_edge_of_the_window_is_not_forgotten(registry: Connection) -> None:
    put(registry, [n for n in range(12 * 48) if not 100 <= n < 130])
    for slot in range(131, 12 * 48, 2):
        check(registry, at(slot))
    known = [f for f in findings(registry) if f.from_at == at(100)]
    assert [f.kind for f in known] == [FindingKind.DROPOUT]


def test_a_clock_seven_hours_behind_is_found_as_a_zone_and_leaves_no_silence(
    registry: Connection,
) -> None:
    put(registry, list(range(100)))
    put(registry, list(range(100, 160)), shift=timedelta(hours=-7))
    put(registry, list(range(160, 200)))
    for slot in range(100, 200, 2):
        check(registry, at(slot))
    [finding] = findings(registry)
    assert finding.kind is FindingKind.CLOCK
    assert finding.detail["looks_like"] == "time zone off by -7 h"
    assert abs(finding.to_at - at(159)) <= HALF_HOUR


def test_messages_refused_for_their_time_are_the_clock(registry: Connection) -> None:
    put(registry, list(range(20)))
    for shift in (timedelta(hours=7), datetime(1970, 1, 1, tzinfo=UTC) - START):
        put(registry, [20, 21, 22], shift=shift)
    check(registry, at(23))
    [finding] = findings(registry)
    assert finding.kind is FindingKind.CLOCK
    assert finding.detail == {"readings_refused": 6}


def test_a_device_of_which_everything_is_refused_is_found_too(registry: Connection) -> None:
    put(registry, [1, 2, 3], shift=datetime(2000, 1, 1, tzinfo=UTC) - START)
    check(registry, at(5))
    assert [(f.kind, f.detail) for f in findings(registry)] == [
        (FindingKind.CLOCK, {"readings_refused": 3})
    ]


def test_a_device_is_looked_at_once_an_hour(registry: Connection) -> None:
    put(registry, list(range(20)))
    check(registry, at(30))
    assert kinds(registry) == [FindingKind.DROPOUT]
    put(registry, list(range(20, 31)), arrives=at(30))
    check(registry, at(31))
    assert kinds(registry) == [FindingKind.DROPOUT]
    check(registry, at(32))
    assert kinds(registry) == []


def test_a_retired_or_unmounted_device_is_left_alone(registry: Connection) -> None:
    put(registry, list(range(20)))
    registry.execute("UPDATE device SET retired_at = %s", [at(20)])
    registry.commit()
    check(registry, at(400))
    assert kinds(registry) == []


def test_the_list_is_bounded_and_filtered(registry: Connection) -> None:
    put(registry, [n for n in range(300) if n % 30 < 20])
    check(registry, at(300))
    found = findings(registry)
    assert len(found) >= 9
    assert [f.to_at for f in found] == sorted((f.to_at for f in found), reverse=True)
    old = datetime(2020, 1, 1, tzinfo=UTC)
    assert len(list_findings(registry, since=old, limit=3)) == 3
    assert list_findings(registry, since=old, kind=FindingKind.STUCK) == []
    assert list_findings(registry, since=old, device="nobody") == []
    assert len(list_findings(registry, since=at(295))) < len(found)


@pytest.fixture
def neighbours(registry: Connection) -> Connection:
    """A second device in the bin beside."""
    registry.execute(
        "INSERT INTO device (external_id, district_id, secret_pbkdf2_sha512, secret_bcrypt) "
        "SELECT %s, district_id, 'x', 'x' FROM district",
        [OTHER],
    )
    registry.execute(
        "INSERT INTO mounting (bin_id, device_id, valid_from, d_empty_mm, d_full_mm) "
        "SELECT bin_id, device_id, %s, 1200, 200 FROM bin, device "
        "WHERE code = %s AND external_id = %s",
        [MOUNTED_AT, FREE_BIN, OTHER],
    )
    registry.commit()
    return registry


def live_side_by_side(conn: Connection, *, swapped_from: int | None, slots: int = 480) -> None:
    """Two bins, one weak and cool, one strong and sunny, filling at their own pace."""
    rng = random.Random(1)  # noqa: S311 - a simulation

    def fields(own: int) -> Callable[[int], dict[str, object]]:
        def of(slot: int) -> dict[str, object]:
            bin_ = own if swapped_from is None or slot < swapped_from else 1 - own
            level = (15.0 + 0.1 * slot % 40, 75.0 - 0.05 * slot % 30)[bin_]
            noon = 9.0 * bin_ if 4 <= at(slot).hour < 10 else 0.0
            return {
                "d_mm": [round(1200 - 10 * level + rng.gauss(0, 7)) for _ in range(3)],
                "rssi_dbm": round((-105, -93)[bin_] + rng.gauss(0, 3)),
                "temp_c": round(28 + noon + rng.gauss(0, 0.5), 1),
            }

        return of

    for own, device in enumerate((DEVICE, OTHER)):
        put(conn, list(range(slots)), device=device, fields=fields(own))


def search(conn: Connection, slots: range) -> None:
    for slot in slots:
        check(conn, at(slot))
        while search_swaps(conn, at(slot)):
            conn.commit()
        conn.commit()


def test_two_devices_that_changed_places_are_found_once_and_name_each_other(
    neighbours: Connection,
) -> None:
    live_side_by_side(neighbours, swapped_from=250)
    search(neighbours, range(300, 481, 12))
    swaps = [f for f in findings(neighbours) if f.kind is FindingKind.SWAPPED]
    assert {(f.device, f.detail["with"]) for f in swaps} == {(DEVICE, OTHER), (OTHER, DEVICE)}
    assert len(swaps) == 2
    assert all(abs(f.from_at - at(250)) <= DAY / 2 for f in swaps)


def test_neighbours_that_stay_are_no_swap(neighbours: Connection) -> None:
    live_side_by_side(neighbours, swapped_from=None)
    search(neighbours, range(100, 481, 12))
    assert FindingKind.SWAPPED not in kinds(neighbours)


def test_a_swap_that_the_registry_knows_is_none(neighbours: Connection) -> None:
    live_side_by_side(neighbours, swapped_from=250)
    neighbours.execute("UPDATE mounting SET valid_to = %s", [at(250)])
    neighbours.execute(
        "INSERT INTO mounting (bin_id, device_id, valid_from, d_empty_mm, d_full_mm) "
        "SELECT b.bin_id, d.device_id, %s, 1200, 200 FROM bin AS b, device AS d "
        "WHERE (b.code = %s) = (d.external_id = %s)",
        [at(250), BIN, OTHER],
    )
    neighbours.commit()
    search(neighbours, range(300, 481, 12))
    assert FindingKind.SWAPPED not in kinds(neighbours)


def test_bins_that_stand_far_apart_are_not_compared(neighbours: Connection) -> None:
    neighbours.execute(
        "WITH s AS (INSERT INTO site (area_id, code, name, kind, lon, lat, source) "
        "SELECT area_id, 'FAR', 'Far', 'tps', 107.02, -6.23, 'test' FROM area RETURNING site_id) "
        "UPDATE bin SET site_id = s.site_id, lon = 107.02 FROM s WHERE code = %s",
        [FREE_BIN],
    )
    neighbours.commit()
    live_side_by_side(neighbours, swapped_from=250)
    search(neighbours, range(300, 481, 12))
    assert FindingKind.SWAPPED not in kinds(neighbours)


def test_swaps_are_searched_for_every_six_hours(neighbours: Connection) -> None:
    live_side_by_side(neighbours, swapped_from=250, slots=300)
    check(neighbours, at(300))
    search_swaps(neighbours, at(300))
    asked = neighbours.execute("SELECT DISTINCT swaps_at FROM device_check").fetchall()
    assert [row["swaps_at"] for row in asked] == [at(300)]
    search_swaps(neighbours, at(300) + rules.SWAP_EVERY - timedelta(seconds=1))
    again = neighbours.execute("SELECT DISTINCT swaps_at FROM device_check").fetchall()
    assert [row["swaps_at"] for row in again] == [at(300)]
