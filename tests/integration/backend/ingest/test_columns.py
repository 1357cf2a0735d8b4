"""What a device sent is in the raw columns as it was sent."""

import random
from datetime import UTC, datetime, timedelta, timezone

import pytest

from angkut_backend.db import Connection
from angkut_backend.ingest.batch import Received
from angkut_backend.ingest.store import store
from angkut_backend.quality.rules import FAULTS
from angkut_broker.messages import MAX_ECHOES, Fault
from angkut_broker.reading import Reading
from parts.readings_in import batch_of
from parts.registry import DEVICE, TOPIC

pytestmark = pytest.mark.usefixtures("way")

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
#: Lowest, highest and what is easily lost on the way.
_VALUES: dict[str, list[object]] = {
    "seq": [0, 1, 2**31, 2**53 - 1],
    "d_mm": [None, [], [0], [100_000], [700, 650], list(range(300, 300 + MAX_ECHOES))],
    "fill_pct": [None, -50.0, 0.0, 200.0],
    "bat_mv": [None, 0, 3500, 100_000],
    "temp_c": [None, -100.0, -0.5, 0.0, 1000.0],
    "tilt_deg": [None, 0.0, 180.0],
    "rssi_dbm": [None, -200, 0, 50],
    "snr_db": [None, -100.0, 0.0, 100.0],
    "faults": [None, [], ["bad_field"], [fault.value for fault in Fault], ["of_tomorrow"]],
}
_COLUMNS = {
    "d_mm": "distances_mm",
    "fill_pct": "reported_fill_pct",
    "bat_mv": "battery_mv",
}


def received(at: datetime) -> Received:
    return Received(0, 1, f"{TOPIC}/telemetry", b"", at)


def stored(conn: Connection, readings: list[Reading]) -> list[dict[str, object]]:
    """Store them in one batch; return the rows in the order of the readings."""
    batch = batch_of((received(reading.t), reading) for reading in readings)
    assert store(conn, batch).stored == len(readings)
    rows = {row["observed_at"]: row for row in conn.execute("SELECT * FROM readings").fetchall()}
    return [rows[reading.t] for reading in readings]


@pytest.mark.parametrize("seed", range(3))
def test_each_value_arrives_as_it_was_sent(registry: Connection, seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - any mixture
    readings = []
    for minute in range(200):
        fields = {name: rng.choice(values) for name, values in _VALUES.items()}
        at = NOW + timedelta(minutes=minute, microseconds=rng.randrange(1_000_000))
        zone = timezone(timedelta(hours=rng.randrange(-12, 14)))
        readings.append(Reading(v=1, id=DEVICE, t=at.astimezone(zone), **fields))  # type: ignore[arg-type]
    rng.shuffle(readings)
    for reading, row in zip(readings, stored(registry, readings), strict=True):
        for name in _VALUES.keys() - {"faults"}:
            assert row[_COLUMNS.get(name, name)] == getattr(reading, name), name
        bits = sum(FAULTS[Fault(code)] for code in reading.faults or () if code in set(Fault))
        assert (row["reported_flags"] or 0) == bits
        assert row["received_at"] == row["observed_at"] == reading.t


@pytest.mark.parametrize("name", sorted(_VALUES))
def test_a_column_in_which_all_say_the_same_arrives_too(registry: Connection, name: str) -> None:
    for number, value in enumerate(_VALUES[name]):
        fields: dict[str, object] = {"seq": 1} | {name: value}
        readings = [
            Reading(v=1, id=DEVICE, t=NOW + timedelta(days=number, minutes=n), **fields)  # type: ignore[arg-type]
            for n in range(3)
        ]
        rows = stored(registry, readings)
        if name != "faults":
            assert [row[_COLUMNS.get(name, name)] for row in rows] == [value] * 3


@pytest.mark.parametrize(
    "at",
    [
        datetime(2020, 1, 1, tzinfo=UTC),
        datetime(2026, 3, 1, 11, 59, 59, 999_999, tzinfo=UTC),
        datetime(2026, 3, 1, 12, 0, 0, 1, tzinfo=UTC),
        datetime(2099, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    ],
)
def test_a_time_is_kept_to_the_microsecond(registry: Connection, at: datetime) -> None:
    [row] = stored(registry, [Reading(v=1, id=DEVICE, seq=1, t=at, d_mm=[700])])
    assert row["observed_at"] == row["received_at"] == at
