"""Devices hung, taken down and exchanged; history follows."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from angkut_backend.db import Connection, Row
from angkut_backend.errors import ConflictError, NotFoundError
from angkut_backend.quality.derivation import derive_due
from angkut_backend.readings import maintenance
from angkut_backend.registry.changes import Change, MountingTimeError
from angkut_backend.registry.exchanges import swap, take_back
from angkut_backend.registry.hanging import Hanging
from angkut_backend.registry.moves import BinTakenError, DeviceElsewhereError, mount, unmount
from angkut_backend.registry.service import (
    NewDevice,
    add_device,
    broker_users,
    retire_device,
    rotate_secret,
)
from angkut_broker.credentials import Verifiers
from parts.history import NOW, history, judge_all, put
from parts.registry import BIN, DEVICE, FREE_BIN, MOUNTED_AT, add_registry

OTHER = "other"
SHALLOW = Hanging(d_empty_mm=700, d_full_mm=200)
LATER = NOW + timedelta(hours=24)
END = NOW + timedelta(days=3)


@pytest.fixture
def registry(storage_conn: Connection) -> Connection:
    """Two bins; the device of `add_registry` in one, another in the other."""
    add_registry(storage_conn)
    add_device(
        storage_conn,
        NewDevice(
            external_id=OTHER,
            bin_code=FREE_BIN,
            hanging=SHALLOW,
            interval_s=1800,
            mounted_at=MOUNTED_AT,
        ),
        Verifiers("p", "b"),
        actor="test",
    )
    storage_conn.commit()
    return storage_conn


@pytest.fixture
def hang(registry: Connection) -> Callable[..., Change]:
    def mount_it(device: str, bin_code: str, at: datetime = LATER, **asked: bool) -> Change:
        return mount(registry, device, bin_code, SHALLOW, at=at, now=END, actor="test", **asked)

    return mount_it


def follow(conn: Connection) -> None:
    """Do what the worker does."""
    conn.commit()
    while derive_due(conn, END):
        pass
    judge_all(conn)
    while maintenance.refresh(conn, None, END):
        pass


def levels(conn: Connection) -> dict[str | None, list[int]]:
    """Levels by bin, in the order of time."""
    found: dict[str | None, list[int]] = {}
    for row in conn.execute(
        "SELECT code, fill_pct FROM readings LEFT JOIN bin USING (bin_id) ORDER BY observed_at"
    ):
        found.setdefault(row["code"], []).append(round(row["fill_pct"] or -1))
    return found


def latest(conn: Connection) -> dict[str, Row]:
    rows = conn.execute("SELECT code, bin_latest.* FROM bin_latest JOIN bin USING (bin_id)")
    return {row["code"]: row for row in rows}


def mountings(conn: Connection) -> list[tuple[str, str, datetime, datetime | None]]:
    rows = conn.execute(
        "SELECT external_id, code, valid_from, valid_to FROM mounting"
        " JOIN device USING (device_id) JOIN bin USING (bin_id) ORDER BY valid_from, external_id"
    )
    return [tuple(row.values()) for row in rows]


def test_readings_follow_a_device_that_was_moved_in_the_past(
    registry: Connection, hang: Callable[..., Change]
) -> None:
    unmount(registry, OTHER, at=LATER, now=END, actor="test")
    put(registry, history([60.0] * 10, every_min=360))  # 600 mm away, over two days and a half
    follow(registry)
    assert levels(registry) == {BIN: [60] * 10}
    hang(DEVICE, FREE_BIN, move=True)
    follow(registry)
    # 600 mm are 20 % where the bottom is 700 mm away.
    assert levels(registry) == {BIN: [60] * 4, FREE_BIN: [20] * 6}
    now = latest(registry)
    assert (now[BIN]["trusted_at"], round(now[FREE_BIN]["fill_pct"])) == (
        NOW + timedelta(hours=18),
        20,
    )
    rolled_up = registry.execute(
        "SELECT code, sum(n)::int AS n FROM readings_hourly JOIN bin USING (bin_id) GROUP BY code"
    )
    assert {row["code"]: row["n"] for row in rolled_up} == {BIN: 4, FREE_BIN: 6}
    assert not registry.execute("SELECT FROM derivation_due").fetchall()


def test_a_swap_at_a_time_divides_history_and_one_from_the_start_turns_it(
    registry: Connection,
) -> None:
    put(registry, history([60.0] * 10, every_min=360))
    done = swap(registry, BIN, FREE_BIN, at=LATER, now=END, actor="test")
    assert (done.at, set(done.bins), len(done.ended)) == (LATER, {BIN, FREE_BIN}, 2)
    follow(registry)
    assert levels(registry) == {BIN: [60] * 4, FREE_BIN: [20] * 6}


def test_two_that_were_noted_down_the_wrong_way_round_are_turned_from_the_start(
    registry: Connection,
) -> None:
    put(registry, history([60.0] * 10, every_min=360))
    swap(registry, DEVICE, OTHER, at=None, now=END, actor="test")
    follow(registry)
    assert levels(registry) == {FREE_BIN: [20] * 10}
    assert mountings(registry) == [
        (DEVICE, FREE_BIN, MOUNTED_AT, None),
        (OTHER, BIN, MOUNTED_AT, None),
    ]


def test_a_device_hung_anew_where_it_is_keeps_what_it_said_before(
    registry: Connection, hang: Callable[..., Change]
) -> None:
    put(registry, history([60.0] * 10, every_min=360))
    hang(DEVICE, BIN)
    follow(registry)
    assert levels(registry) == {BIN: [60] * 4 + [20] * 6}


def test_what_is_taken_or_hangs_elsewhere_is_only_changed_when_asked(
    registry: Connection, hang: Callable[..., Change]
) -> None:
    with pytest.raises(BinTakenError, match=f"{FREE_BIN} has device {OTHER}"):
        hang(DEVICE, FREE_BIN, move=True)
    with pytest.raises(DeviceElsewhereError, match=f"{DEVICE} hangs in bin {BIN}"):
        hang(DEVICE, FREE_BIN, replace=True)
    before = mountings(registry)
    done = hang(DEVICE, FREE_BIN, replace=True, move=True)
    assert len(done.ended) == 2
    assert mountings(registry)[-1] == (DEVICE, FREE_BIN, LATER, None)
    assert done.mounting_id is not None
    assert set(take_back(registry, done.mounting_id, done.ended, actor="test")) == {BIN, FREE_BIN}
    assert mountings(registry) == before


def test_what_changed_since_is_not_undone(
    registry: Connection, hang: Callable[..., Change]
) -> None:
    done = hang(DEVICE, FREE_BIN, replace=True, move=True)
    assert done.mounting_id is not None
    hang(OTHER, BIN, at=LATER + timedelta(hours=1))
    with pytest.raises(ConflictError, match="since"):
        take_back(registry, done.mounting_id, done.ended, actor="test")


def test_a_time_that_contradicts_what_is_recorded_is_refused(
    registry: Connection, hang: Callable[..., Change]
) -> None:
    with pytest.raises(MountingTimeError, match="only since 2026-01-01"):
        hang(DEVICE, FREE_BIN, at=MOUNTED_AT - timedelta(days=1), replace=True, move=True)
    with pytest.raises(MountingTimeError, match="still to come"):
        hang(DEVICE, FREE_BIN, at=END + timedelta(days=1), replace=True, move=True)
    unmount(registry, BIN, at=LATER, now=END, actor="test")
    with pytest.raises(MountingTimeError, match="choose a time from then on"):
        hang(DEVICE, BIN, at=LATER - timedelta(hours=1))
    with pytest.raises(NotFoundError, match="nothing hangs"):
        unmount(registry, BIN, at=LATER, now=END, actor="test")
    with pytest.raises(NotFoundError, match="NO-SUCH"):
        hang(DEVICE, "NO-SUCH")
    with pytest.raises(NotFoundError, match="no-such"):
        hang("no-such", BIN)
    with pytest.raises(ConflictError, match="same mounting"):
        swap(registry, FREE_BIN, OTHER, at=LATER, now=END, actor="test")


def test_only_what_measures_bins_hangs_in_one(
    registry: Connection, hang: Callable[..., Change]
) -> None:
    registry.execute("UPDATE device SET kind = 'gateway' WHERE external_id = %s", [OTHER])
    with pytest.raises(ConflictError, match="is a gateway"):
        hang(OTHER, BIN, replace=True, move=True)


def test_a_retired_device_loses_credential_and_bin_and_may_come_back(registry: Connection) -> None:
    def users() -> dict[str, str]:
        return {user.username: user.bcrypt for user in broker_users(registry)}

    assert users() == {DEVICE: "x", OTHER: "b"}
    topic = rotate_secret(registry, OTHER, Verifiers("p2", "b2"), actor="test")
    assert users()[OTHER] == "b2"
    assert str(topic) == f"angkut/v1/bekasi/327501/bin/{OTHER}/telemetry"
    now = datetime.now(UTC)
    assert retire_device(registry, OTHER, now=now, actor="test") == FREE_BIN
    assert users() == {DEVICE: "x"}
    assert mountings(registry)[-1] == (OTHER, FREE_BIN, MOUNTED_AT, now)
    for call in (
        lambda: retire_device(registry, OTHER, now=now, actor="test"),
        lambda: rotate_secret(registry, OTHER, Verifiers("p", "b"), actor="test"),
        lambda: mount(registry, OTHER, FREE_BIN, SHALLOW, at=now, now=now, actor="test"),
    ):
        with pytest.raises(ConflictError, match="retired"):
            call()
    again = NewDevice(external_id=OTHER, interval_s=600, mounted_at=now)
    add_device(registry, again, Verifiers("p3", "b3"), actor="test")
    assert users()[OTHER] == "b3"
    with pytest.raises(ConflictError, match="already registered"):
        add_device(registry, again, Verifiers("p3", "b3"), actor="test")
    actions = [row["action"] for row in registry.execute("SELECT action FROM audit_log")]
    assert actions[-4:] == ["device.rotate", "mounting.end", "device.retire", "device.restore"]
