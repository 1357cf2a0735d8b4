"""`angkut readings` and `angkut devices correct`."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from angkut_backend.db import Connection
from angkut_backend.device_health.service import check_devices
from angkut_backend.ingest.batch import Batch, Received
from angkut_backend.ingest.store import store
from angkut_backend.quality.service import judge_new_readings
from angkut_backend.readings import maintenance
from angkut_broker.codec import encode
from angkut_broker.messages import Telemetry
from integration.cli.conftest import Run
from parts.registry import BIN, DEVICE, MOUNTED_AT, TOPIC, add_registry


@pytest.fixture
def now(conn: Connection) -> datetime:
    """Two hours of readings up to now, with an emptying."""
    add_registry(conn)
    now = datetime.now(UTC).replace(microsecond=0)
    for seq, level in enumerate([70, 72, 1, 2]):
        at = now - timedelta(minutes=30 * (4 - seq))
        reading = Telemetry(v=1, id=DEVICE, seq=seq, t=at, d_mm=[1200 - 10 * level])
        store(conn, Batch.of([Received(0, 1, f"{TOPIC}/telemetry", encode(reading), at)]))
    while judge_new_readings(conn, now):
        pass
    while maintenance.refresh(conn, None, now):
        pass
    conn.commit()
    return now


@pytest.mark.usefixtures("now")
def test_a_bins_days_and_collections_are_shown(run: Run) -> None:
    shown = run("readings", "quality", "--bin", BIN, "--days", "2").output
    assert len(shown.splitlines()) == 3
    assert re.search(r"72 % -> +1 % +confidence 0.9", run("readings", "collections").output)
    nothing = run("readings", "collections", "--min-confidence", "1").output
    assert "no collections" in nothing


def test_what_is_wrong_with_devices_is_listed(run: Run, conn: Connection, now: datetime) -> None:
    assert "nothing is known" in run("readings", "findings").output
    check_devices(conn, now + timedelta(hours=3))
    conn.commit()
    assert (
        "against nobody in these 7 days" in run("readings", "findings", "--device", "Nobody").output
    )
    [line] = run("readings", "findings", "--device", DEVICE.upper()).output.splitlines()
    assert re.match(rf"dropout +{DEVICE} +{BIN} .*readings missed 6", line)
    assert "nothing is known" in run("readings", "findings", "--kind", "stuck").output


@pytest.mark.usefixtures("now")
def test_a_correction_derives_the_history_with_progress(run: Run, conn: Connection) -> None:
    result = run("devices", "correct", "--bin", BIN, "--empty-mm", "1210")
    assert re.search(r"d_empty_mm +1200 -> 1210", result.output)
    assert f"derive {BIN}: 0 of" in result.output
    assert "4 readings changed" in result.output
    row = conn.execute("SELECT fill_pct FROM bin_latest").fetchone()
    assert row
    assert row["fill_pct"] == pytest.approx(100 * 30 / 1010)
    assert "0 readings changed" in run("readings", "derive", "--since", "2026-01-01").output


@pytest.mark.usefixtures("now")
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "what to correct"),
        (("--full-mm", "1200"), "1200 mm"),
        (("--full-mm", "1", "--at", "soon"), "soon"),
        (("--full-mm", "1", "--at", f"{MOUNTED_AT - timedelta(1):%F}"), "no device"),
    ],
)
def test_a_correction_that_cannot_be_is_refused(
    run: Run, options: tuple[str, ...], words: str
) -> None:
    result = run("devices", "correct", "--bin", BIN, *options, fails=True)
    assert words in result.output + str(result.exception)
