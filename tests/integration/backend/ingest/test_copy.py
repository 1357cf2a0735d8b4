"""The two ways of writing readings give the same, whatever comes."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from angkut_backend.db import Connection, Row
from angkut_backend.ingest.batch import Received
from angkut_backend.ingest.known import KnownDevices
from angkut_backend.ingest.ready import Ready
from angkut_backend.ingest.store import _COPIED_FROM, store
from angkut_backend.quality.derivation import derive
from angkut_broker.messages import Fault
from angkut_broker.reading import Reading
from parts.readings_in import batch_of
from parts.registry import BIN, DEVICE, MOUNTED_AT, TOPIC, add_registry

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SPARE = "70b3d57ed0005678"
TABLES = ("readings", "bin_latest", "dirty_device", "dirty_hour", "dead_letter")


@pytest.fixture
def registry(storage_conn: Connection) -> Connection:
    """Two bins; the second device took the first one's place after a week without any."""
    add_registry(storage_conn)
    storage_conn.execute(
        "INSERT INTO device (external_id, district_id, secret_pbkdf2_sha512, secret_bcrypt)"
        " SELECT %s, district_id, 'x', 'x' FROM district",
        [SPARE],
    )
    storage_conn.execute("UPDATE mounting SET valid_to = '2026-02-20Z', angle_deg = 7")
    storage_conn.execute(
        "INSERT INTO mounting (bin_id, device_id, valid_from, d_empty_mm, d_full_mm, offset_mm)"
        " SELECT bin_id, device_id, '2026-02-25Z', 1333, 77, -13 FROM bin, device"
        " WHERE code = %s AND external_id = %s",
        [BIN, SPARE],
    )
    storage_conn.commit()
    return storage_conn


def any_readings(rng: random.Random, n: int) -> list[tuple[Received, Reading]]:
    """Return readings of known and unknown devices, at any time, of any contents, each once."""

    def maybe(*values: object) -> object:
        return rng.choice([None, *values])

    times = rng.sample(range(90 * 24 * 60), n)
    found = []
    for minutes in times:
        device = rng.choice([DEVICE, DEVICE, SPARE, SPARE, "stranger"])
        at = MOUNTED_AT - timedelta(days=10) + timedelta(minutes=minutes)
        fields = {
            "d_mm": maybe([], [20], [rng.randrange(1500)], [rng.randrange(1500) for _ in "abcd"]),
            "fill_pct": maybe(rng.uniform(-50, 200), 0.0, 100.0),
            "bat_mv": maybe(0, rng.randrange(3000, 3700)),
            "temp_c": maybe(rng.uniform(-10, 60)),
            "tilt_deg": maybe(0.0, rng.uniform(0, 180)),
            "rssi_dbm": maybe(-rng.randrange(120)),
            "snr_db": maybe(rng.uniform(-20, 10)),
            "faults": maybe([], ["of_tomorrow"], rng.sample([f.value for f in Fault], 2)),
        }
        reading = Reading(v=1, id=device, seq=rng.randrange(2**40), t=at, **fields)  # type: ignore[arg-type]
        late = timedelta(seconds=rng.choice([0, 1, 5e3, 1e5]))
        topic = TOPIC.replace(DEVICE, device)
        found.append((Received(0, 1, f"{topic}/telemetry", b"", at + late), reading))
    return found


def put(
    conn: Connection, parts: list[list[tuple[Received, Reading]]], devices: KnownDevices
) -> tuple[int, int, int]:
    outcomes = [store(conn, batch_of(part), devices) for part in parts]
    return (
        sum(outcome.stored for outcome in outcomes),
        sum(outcome.duplicates for outcome in outcomes),
        sum(sum(outcome.dead_letters.values()) for outcome in outcomes),
    )


def state(conn: Connection) -> dict[str, list[Row]]:
    """Return all that was written, but for when, and the numbers of marks."""
    found = {}
    for table in TABLES:
        rows = conn.execute(f"TABLE {table}").fetchall()
        kept = [
            {k: v for k, v in row.items() if k != "stored_at" and not k.startswith(f"{table}_id")}
            for row in rows
        ]
        found[table] = sorted(kept, key=repr)
    conn.execute(f"TRUNCATE {', '.join(TABLES)}")
    conn.commit()
    return found


@pytest.mark.parametrize("seed", range(4))
def test_copied_readings_are_what_inserted_ones_would_be(
    registry: Connection, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(seed)  # noqa: S311
    readings = any_readings(rng, 900)
    parts = [readings[:400], readings[400:]]
    registry.execute("LISTEN angkut_bins")
    registry.commit()
    devices = KnownDevices()
    counts = put(registry, parts, devices)
    assert not devices.careful
    assert [note.payload for note in registry.notifies(timeout=5, stop_after=1)]
    copied = state(registry)
    monkeypatch.setattr("angkut_backend.ingest.store._COPIED_FROM", 10_000)
    assert put(registry, parts, devices) == counts
    inserted = state(registry)
    for table in TABLES:
        assert copied[table] == inserted[table], table
    assert len(copied["readings"]) > 400
    assert len({row["flags"] for row in copied["readings"]}) > 20


def test_readings_laid_out_ahead_are_copied_as_the_others_are(registry: Connection) -> None:
    readings = any_readings(random.Random(9), 900)  # noqa: S311
    devices = KnownDevices()
    counts = put(registry, [readings[:400], readings[400:]], devices)
    at_once = state(registry)
    assert sum(counts) == 900
    stored = 0
    for part in (readings[:400], readings[400:]):
        batch = batch_of(part)
        batch.ready = Ready.of(batch.readings(), devices.remembered)
        stored += store(registry, batch, devices).stored
    assert stored == counts[0]
    ahead = state(registry)
    for table in TABLES:
        assert ahead[table] == at_once[table], table


@pytest.mark.parametrize("seed", range(4))
def test_what_ingest_derives_is_what_the_database_derives_again(
    registry: Connection, seed: int
) -> None:
    rng = random.Random(100 + seed)  # noqa: S311
    put(registry, [any_readings(rng, 900)], KnownDevices())
    query = "SELECT device_id, observed_at, bin_id, fill_pct, score, flags FROM readings"
    before = sorted(registry.execute(query).fetchall(), key=repr)
    rows = registry.execute(
        "SELECT r.device_id, r.observed_at, m.bin_id, q.fill_pct, q.score,"
        " q.flags | (r.flags & 4096) AS flags FROM readings AS r"
        " LEFT JOIN mounting AS m ON m.device_id = r.device_id AND m.valid_from <= r.observed_at"
        " AND (m.valid_to IS NULL OR r.observed_at < m.valid_to)"
        " CROSS JOIN LATERAL derive_reading(r.distances_mm, r.distance_mm, r.reported_fill_pct,"
        " r.reported_flags, m.d_empty_mm, m.d_full_mm, m.offset_mm, m.angle_deg) AS q"
    ).fetchall()
    assert sorted(rows, key=repr) == before


def test_derivation_finds_nothing_to_do_after_ingest(registry: Connection) -> None:
    put(registry, [any_readings(random.Random(7), 900)], KnownDevices())  # noqa: S311
    done = derive(registry, bin_code=None, since=None, now=NOW, on_progress=lambda *_: None)
    assert done.changed == 0


def test_a_copy_among_many_costs_nothing_but_care(registry: Connection) -> None:
    rng = random.Random(5)  # noqa: S311
    first, second = any_readings(rng, 300), any_readings(rng, 300)
    third = any_readings(rng, 300)
    devices = KnownDevices()
    put(registry, [first], devices)
    known = sum(reading.id != "stranger" for _, reading in first)
    stored, duplicates, _ = put(registry, [second + first[:50]], devices)
    assert devices.careful
    again = sum(reading.id != "stranger" for _, reading in first[:50])
    # Two of the same device at the same time by chance would be copies too.
    assert stored + duplicates == again + sum(r.id != "stranger" for _, r in second)
    assert duplicates >= again
    rows = registry.execute("SELECT count(*) AS n FROM readings").fetchone()
    assert rows
    assert rows["n"] == known + stored
    # Twice in one batch, in a batch that is copied otherwise.
    devices.careful = 0
    stored, duplicates, _ = put(registry, [third + third[:9]], devices)
    assert devices.careful
    for _ in range(devices.careful):
        store(registry, batch_of(any_readings(rng, 1)), devices)
    assert not devices.careful


def test_a_batch_of_strangers_alone_is_kept_aside(registry: Connection) -> None:
    rng = random.Random(5)  # noqa: S311
    strangers = [pair for pair in any_readings(rng, 2000) if pair[1].id == "stranger"]
    assert len(strangers) >= _COPIED_FROM
    assert put(registry, [strangers], KnownDevices()) == (0, 0, len(strangers))
