"""What a writer remembers of the registry is what the registry says, whoever changed it when."""

import random
import threading
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest

from angkut_backend.db import Connection, connect
from angkut_backend.ingest.batch import Batch, Received
from angkut_backend.ingest.known import KnownDevices, Places
from angkut_backend.ingest.ready import Ready
from angkut_backend.ingest.store import Outcome, store
from angkut_backend.ingest.told import Told
from angkut_backend.registry.mountings import Geometry, correct_mounting
from angkut_broker.codec import encode
from angkut_broker.messages import Telemetry
from angkut_broker.reading import Reading
from parts.registry import BIN, DEVICE, FREE_BIN, TOPIC
from parts.waiting import wait_until

pytestmark = pytest.mark.usefixtures("way")

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
OTHER = "70b3d57ed0005678"
_ADD = (
    "INSERT INTO device (external_id, district_id, secret_pbkdf2_sha512, secret_bcrypt)"
    " SELECT %s, district_id, 'x', 'x' FROM district"
)


def told(*asked: tuple[str, datetime]) -> Told:
    """Return what devices told at a time."""
    source = Received(0, 1, f"{TOPIC}/telemetry", b"", NOW)
    return Told.of([(source, name, [Reading(v=1, id=name, seq=1, t=at)]) for name, at in asked])


def batch(minute: int, *, device: str = DEVICE, d_mm: int = 700) -> Batch:
    reading = Telemetry(
        v=1, id=device, seq=minute, t=NOW + timedelta(minutes=minute), d_mm=[d_mm], temp_c=1
    )
    topic = TOPIC.replace(DEVICE, device)
    return Batch.of([Received(0, 1, f"{topic}/telemetry", encode(reading), reading.t)])


def level(conn: Connection) -> tuple[object, object]:
    """Return the bin and the level of the newest reading."""
    row = conn.execute(
        "SELECT code, fill_pct FROM readings LEFT JOIN bin USING (bin_id)"
        " ORDER BY observed_at DESC LIMIT 1"
    ).fetchone()
    assert row
    conn.commit()
    return row["code"], row["fill_pct"]


@pytest.mark.parametrize(
    ("change", "then"),
    [
        ("UPDATE mounting SET d_empty_mm = 1700", (BIN, pytest.approx(100 / 1.5))),
        ("UPDATE mounting SET valid_to = '2026-02-01Z'", (None, None)),
        ("UPDATE mounting SET valid_from = '-infinity'", (BIN, 50)),
        ("DELETE FROM mounting", (None, None)),
        ("TRUNCATE mounting CASCADE", (None, None)),
        (
            "UPDATE mounting SET bin_id = (SELECT bin_id FROM bin WHERE code = 'BKS-BT-0002')",
            (FREE_BIN, 50),
        ),
    ],
)
def test_a_changed_mounting_holds_for_the_next_batch(
    registry: Connection, change: str, then: tuple[object, object]
) -> None:
    devices = KnownDevices()
    store(registry, batch(1), devices)
    assert level(registry) == (BIN, 50)
    registry.execute(change.encode())
    registry.commit()
    store(registry, batch(2), devices)
    assert level(registry) == then


def test_a_device_that_is_added_retired_or_revived_is_known_as_such_at_once(
    registry: Connection,
) -> None:
    devices = KnownDevices()

    def put(minute: int) -> tuple[int, dict[str, int]]:
        outcome = store(registry, batch(minute, device=OTHER), devices)
        return outcome.stored, dict(outcome.dead_letters)

    assert put(1) == (0, {"unknown_device": 1})
    assert put(1) == (0, {"unknown_device": 1})
    registry.execute(_ADD, [OTHER])
    registry.commit()
    assert put(2) == (1, {})
    registry.execute("UPDATE device SET retired_at = now()")
    assert put(3) == (0, {"retired_device": 1})
    registry.execute("UPDATE device SET retired_at = NULL, external_id = 'x-' || external_id")
    assert put(4) == (0, {"unknown_device": 1})
    registry.execute("UPDATE device SET external_id = substr(external_id, 3)")
    assert put(5) == (1, {})


class Interrupted(KnownDevices):
    """Lets something happen after the places were found and before they are used."""

    def __init__(self, *happenings: Callable[[], None]) -> None:
        super().__init__()
        self._happenings = list(happenings)

    def find(self, conn: Connection, told: Told) -> Places:
        places = super().find(conn, told)
        if self._happenings:
            self._happenings.pop(0)()
        return places


def test_what_changes_between_looking_and_writing_is_noticed(
    registry: Connection, storage_database: str
) -> None:
    def change(sql: str) -> Callable[[], None]:
        def happen() -> None:
            with connect(storage_database) as other:
                other.execute(sql.encode())

        return happen

    devices = Interrupted(
        change("UPDATE mounting SET d_empty_mm = 1900"),
        change("UPDATE mounting SET d_empty_mm = 1700"),
    )
    assert store(registry, batch(1), devices).stored == 1
    assert level(registry) == (BIN, pytest.approx(100 / 1.5))
    # Also when none of the batch was known, and nothing would have been written.
    add = f"{_ADD.replace('%s', repr(OTHER))}"
    outcome = store(registry, batch(2, device=OTHER), Interrupted(change(add)))
    assert (outcome.stored, outcome.dead_letters) == (1, {})


def test_who_corrects_history_waits_for_the_batch_in_hand_and_the_next_one_for_him(
    registry: Connection, storage_database: str
) -> None:
    devices = KnownDevices()
    store(registry, batch(1), devices)
    corrected: list[int] = []

    def correct() -> None:
        with connect(storage_database, application="corrector") as other:
            correct_mounting(other, BIN, Geometry(d_empty_mm=1700), at=NOW, actor="test")
            row = other.execute("SELECT count(*) AS n FROM readings").fetchone()
            corrected.append(row["n"] if row else 0)

    correcting = threading.Thread(target=correct)
    with registry.transaction():
        store(registry, batch(2), devices)
        correcting.start()
        with connect(storage_database) as watcher:
            wait_until(lambda: _is_waiting(watcher), what="the corrector to wait")
    correcting.join()
    # It saw the batch that was derived from the old measure, and can derive it again.
    assert corrected == [2]
    store(registry, batch(3), devices)
    assert level(registry) == (BIN, pytest.approx(100 / 1.5))


def _is_waiting(conn: Connection) -> bool:
    conn.rollback()
    return bool(
        conn.execute(
            "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            " AND datname = current_database() AND application_name = 'corrector'"
        ).fetchall()
    )


def version(conn: Connection) -> int:
    devices = KnownDevices()
    devices.find(conn, told((DEVICE, NOW)))
    conn.commit()
    assert devices.version is not None
    return devices.version


def test_what_is_not_remembered_changes_nothing(registry: Connection) -> None:
    before = version(registry)
    registry.execute("UPDATE device SET online = true, status_at = now(), firmware = '2'")
    registry.commit()
    assert version(registry) == before
    registry.execute("UPDATE device SET confirm = true")
    registry.commit()
    assert version(registry) > before


def test_transactions_that_change_the_registry_do_not_wait_for_each_other(
    registry: Connection, storage_database: str
) -> None:
    versions = [version(registry)]
    with ExitStack() as stack:
        others = [stack.enter_context(connect(storage_database)) for _ in range(4)]
        for number, other in enumerate(others):
            other.execute("SET lock_timeout = '1s'")
            for part in range(3):
                other.execute(_ADD, [f"device-{number}-{part}"])
                with other.transaction():
                    other.execute(_ADD, [f"device-{number}-{part}-again"])
        # In whatever order they commit, each commit is a version of its own.
        for other in reversed(others):
            other.commit()
            versions.append(version(registry))
    assert versions == sorted(set(versions))


@pytest.mark.parametrize("seed", range(3))
def test_a_reading_is_where_its_device_was_at_its_time(registry: Connection, seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - some lives of some devices
    registry.execute("DELETE FROM mounting")
    names = [f"device-{number}" for number in range(8)]
    for number, name in enumerate(names):
        registry.execute(_ADD, [name])
        registry.execute(
            "INSERT INTO bin (code, site_id, container, volume_l, access, service_s, lon, lat,"
            " source) SELECT %s, site_id, container, volume_l, access, service_s, lon, lat, source"
            " FROM bin WHERE code = %s",
            [f"{BIN}-{number}", BIN],
        )
        # Some intervals with gaps and some without, the last one open.
        at = NOW
        for part in range(rng.randrange(5)):
            since = at + timedelta(microseconds=rng.choice([0, 1, 3_000_000]))
            at = since + timedelta(microseconds=rng.choice([1, 2, 60_000_000]))
            until = None if part == 3 else at
            registry.execute(
                "INSERT INTO mounting (bin_id, device_id, valid_from, valid_to, d_empty_mm,"
                " d_full_mm) SELECT bin_id, device_id, %s, %s, 1200, 200 FROM bin, device"
                " WHERE code = %s AND external_id = %s",
                [since, until, f"{BIN}-{number}", name],
            )
    registry.commit()
    edges = registry.execute(
        "SELECT unnest(ARRAY[valid_from, coalesce(valid_to, valid_from)]) AS at FROM mounting"
    ).fetchall()
    near = [row["at"] + timedelta(microseconds=by) for row in edges for by in (-1, 0, 1)]
    asked = [(rng.choice([*names, "stranger"]), rng.choice([*near, NOW])) for _ in range(400)]
    right = registry.execute(
        "SELECT coalesce(d.device_id, 0) AS device_id, coalesce(m.bin_id, 0) AS bin_id"
        " FROM unnest(%s::text[], %s::timestamptz[]) WITH ORDINALITY AS u (name, at, n)"
        " LEFT JOIN device AS d ON d.external_id = u.name"
        " LEFT JOIN mounting AS m ON m.device_id = d.device_id AND m.valid_from <= u.at"
        " AND (m.valid_to IS NULL OR u.at < m.valid_to) ORDER BY n",
        [[name for name, _ in asked], [at for _, at in asked]],
    ).fetchall()
    devices = KnownDevices()
    found = []
    for part in range(0, len(asked), 100):
        found += devices.find(registry, told(*asked[part : part + 100])).tolist()
    assert [(row[0], row[2]) for row in found] == [
        (row["device_id"], row["bin_id"]) for row in right
    ]
    assert len({row["bin_id"] for row in right}) > 3


def test_what_was_laid_out_ahead_of_a_change_is_laid_out_anew(registry: Connection) -> None:
    devices = KnownDevices()
    assert store(registry, batch(0), devices).stored == 1
    before, after = batch(1), batch(2)
    for one in (before, after):
        one.ready = Ready.of(one.readings(), devices.remembered)
    assert store(registry, before, devices).stored == 1
    assert level(registry) == (BIN, 50)
    registry.execute("UPDATE mounting SET d_empty_mm = 1700, d_full_mm = 700")
    registry.commit()
    assert store(registry, after, devices).stored == 1
    assert level(registry) == (BIN, 100)


def test_no_more_devices_are_remembered_than_fit(
    registry: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("angkut_backend.ingest.known._DEVICES_MAX", 3)
    devices = KnownDevices()
    outcomes: list[Outcome] = []
    for minute in range(10):
        strangers = [f"stranger-{minute}-{n}" for n in range(2)]
        found = devices.find(registry, told(*((name, NOW) for name in [DEVICE, *strangers])))
        assert [row[0] > 0 for row in found.tolist()] == [True, False, False]
        assert len(devices.remembered.first) <= 3
        outcomes.append(store(registry, batch(minute), devices))
    assert sum(outcome.stored for outcome in outcomes) == 10
