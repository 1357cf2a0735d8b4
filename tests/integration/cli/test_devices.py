"""`angkut devices` beyond adding one."""

import csv
import re
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from angkut_backend.db import Connection
from angkut_backend.errors import ConflictError, NotFoundError
from angkut_infra.cli.device_import import FaultyLinesError
from integration.cli.conftest import Run

GEOMETRY = ("--empty-mm", "1200", "--full-mm", "200")
SHEET = """device_id;bin;empty_mm;full_mm;angle_deg;model
AA-BB-CC-DD-EE-FF-00-01;BKS-BT-0241;1200;200;7,3;EM400-MUD
aabbccddeeff0002;bks-bt-0242;950;150;;
aabbccddeeff0003;;;;;in stock
"""


@pytest.fixture
def site(run: Run) -> None:
    run("site", "load", "bekasi-timur")


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    path = tmp_path / "sensors.csv"
    path.write_bytes(SHEET.replace("\n", "\r\n").encode("utf-8-sig"))
    return path


@pytest.mark.usefixtures("site")
def test_a_device_in_stock_is_mounted_moved_taken_down_and_retired(run: Run) -> None:
    assert "in stock" in run("devices", "add", "--id", "AA01").output
    assert "aa01" in run("devices", "list", "--stock").output
    shown = run("devices", "mount", "AA01", "BKS-BT-0241", *GEOMETRY).output
    assert "aa01 hangs in BKS-BT-0241 since" in shown
    assert "no devices in stock" in run("devices", "list", "--stock").output
    elsewhere = ("devices", "mount", "aa01", "BKS-BT-0242", *GEOMETRY)
    assert "--move" in str(run(*elsewhere, fails=True).exception)
    run(*elsewhere, "--move", "--kind", "lid", "--depth-mm", "1100", "--height-mm", "80")
    assert re.search(r"aa01 +BKS-BT-0242", run("devices", "list").output)
    assert "BKS-BT-0242 has no sensor" in run("devices", "unmount", "BKS-BT-0242").output
    assert "aa01 is retired" in run("devices", "retire", "AA01").output
    assert "retired" in run("devices", "list").output
    assert isinstance(run("devices", "retire", "AA01", fails=True).exception, ConflictError)
    assert isinstance(run("devices", "rotate", "zz", fails=True).exception, NotFoundError)


@pytest.mark.usefixtures("site")
def test_an_id_is_one_device_however_its_label_writes_it(run: Run) -> None:
    run("devices", "add", "--id", "70B3D57ED0001234", "--bin", "BKS-BT-0241", *GEOMETRY)
    for label in ("70-B3-D5-7E-D0-00-12-34", "70:b3:d5:7e:d0:00:12:34"):
        again = run("devices", "add", "--id", label, fails=True)
        assert isinstance(again.exception, ConflictError)
        assert (
            "is queued" in run("devices", "command", label, "interval", "--seconds", "600").output
        )
        assert "interval" in run("devices", "commands", label).output
        moved = ("devices", "mount", label, "BKS-BT-0242", *GEOMETRY)
        assert "--move" in str(run(*moved, fails=True).exception)
    shown = run("devices", "rotate", "70-B3-D5-7E-D0-00-12-34").output
    assert "70b3d57ed0001234 has a new password" in shown
    assert "70b3d57ed0001234 is retired" in run("devices", "retire", "70B3D57ED0001234").output


@pytest.mark.usefixtures("site")
def test_a_rotated_password_is_shown_once_and_only_its_verifiers_are_kept(
    run: Run, conn: Connection
) -> None:
    first = run("devices", "add", "--id", "aa01").output
    before = conn.execute("SELECT secret_bcrypt FROM device").fetchone()
    shown = run("devices", "rotate", "AA01").output
    passwords = [re.findall(r"password (\S+)", text) for text in (first, shown)]
    assert [len(found) for found in passwords] == [1, 1]
    assert passwords[0] != passwords[1]
    conn.rollback()
    after = conn.execute("SELECT secret_bcrypt, device::text AS text FROM device").fetchone()
    assert before
    assert after
    assert after["secret_bcrypt"] != before["secret_bcrypt"]
    assert passwords[1][0] not in after["text"]
    audited = conn.execute("SELECT after FROM audit_log WHERE action = 'device.rotate'").fetchone()
    assert audited == {"after": None}


@pytest.mark.usefixtures("site")
def test_a_swap_in_the_past_derives_history_again(run: Run, conn: Connection) -> None:
    for device, code in (("aa01", "BKS-BT-0241"), ("aa02", "BKS-BT-0242")):
        run("devices", "add", "--id", device, "--bin", code, *GEOMETRY)
    now = datetime.now(UTC).replace(microsecond=0)
    conn.execute("UPDATE mounting SET valid_from = %s", [now - timedelta(days=2)])
    conn.execute(
        "INSERT INTO readings (device_id, observed_at, received_at, seq, distances_mm,"
        " distance_mm, bin_id, fill_pct, flags, score)"
        " SELECT device_id, t, t, 1, '{700}', 700, bin_id, 50, 0, 1"
        " FROM mounting CROSS JOIN unnest(%s) AS t",
        [[now - timedelta(hours=30), now - timedelta(hours=6)]],
    )
    conn.commit()
    at = (now - timedelta(days=1)).isoformat()
    shown = run("devices", "swap", "BKS-BT-0241", "aa02", "--at", at).output
    assert "that is in the past" in shown
    assert re.search(r"^2 readings changed$", shown, re.MULTILINE)
    rows = conn.execute(
        "SELECT external_id, code FROM readings JOIN device USING (device_id)"
        " JOIN bin USING (bin_id) ORDER BY observed_at, external_id"
    )
    assert [tuple(row.values()) for row in rows] == [
        ("aa01", "BKS-BT-0241"),
        ("aa02", "BKS-BT-0242"),
        ("aa01", "BKS-BT-0242"),
        ("aa02", "BKS-BT-0241"),
    ]
    both = run("devices", "swap", "aa01", "aa02", "--at", at, "--from-start", fails=True)
    assert "not both" in both.output


@pytest.mark.usefixtures("site")
def test_a_sheet_is_checked_then_written_once_with_passwords_for_its_owner_only(
    run: Run, sheet: Path, tmp_path: Path
) -> None:
    checked = run("devices", "import", str(sheet)).output
    assert "3 devices: 3 new (2 of them in bins), 0 as before, 0 at fault" in checked
    assert "no devices" in run("devices", "list").output

    kept = tmp_path / "passwords.csv"
    apply = ("devices", "import", str(sheet), "--apply", "--credentials", str(kept))
    shown = run(*apply).output
    assert "register: 3 of 3" in shown
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    rows = list(csv.DictReader(kept.read_text().splitlines()))
    assert [row["username"] for row in rows] == [f"aabbccddeeff000{n}" for n in (1, 2, 3)]
    assert len({row["password"] for row in rows}) == 3
    assert rows[0]["topic"] == "angkut/v1/bekasi/327501/bin/aabbccddeeff0001/telemetry"
    assert all(row["password"] not in shown for row in rows)

    assert "exists; name a new file" in run(*apply, fails=True).output
    again = run(*apply[:-1], str(tmp_path / "more.csv")).output
    assert "0 new (0 of them in bins), 3 as before" in again
    assert not (tmp_path / "more.csv").exists()


@pytest.mark.usefixtures("site")
def test_one_faulty_line_keeps_all_out_and_each_fault_is_told(
    run: Run, sheet: Path, tmp_path: Path
) -> None:
    run("devices", "add", "--id", "taken", "--bin", "BKS-BT-0242", *GEOMETRY)
    run("devices", "add", "--id", "gone")
    run("devices", "retire", "gone")
    with sheet.open("a") as lines:
        lines.write("gone;;;;;\ntaken;BKS-BT-0240;900;100;;\nx;BKS-XX-1;900;100;;\n")
        lines.write("angkut-ingest;;;;;\ny;BKS-BT-0239;9OO;100;;\n")
    kept = tmp_path / "passwords.csv"
    result = run("devices", "import", str(sheet), "--apply", "--credentials", str(kept), fails=True)
    assert isinstance(result.exception, FaultyLinesError)
    assert "6 lines are at fault; nothing was written" in str(result.exception)
    told = re.findall(r"^line (\d+)  (\S+)  (\w+): .*?(?:`(.+)`)?$", result.output, re.MULTILINE)
    assert [(line, device, column) for line, device, column, _ in told] == [
        ("3", "aabbccddeeff0002", "bin"),
        ("5", "gone", "device_id"),
        ("6", "taken", "bin"),
        ("7", "x", "bin"),
        ("8", "angkut-ingest", "device_id"),
        ("9", "y", "empty_mm"),
    ]
    assert told[0][3] == "angkut devices unmount BKS-BT-0242"
    assert not kept.exists()
    assert "aabbccddeeff0001" not in run("devices", "list").output


@pytest.mark.usefixtures("site")
def test_a_sheet_that_differs_from_what_is_registered_changes_nothing(
    run: Run, sheet: Path, tmp_path: Path
) -> None:
    run("devices", "import", str(sheet), "--apply", "--credentials", str(tmp_path / "p.csv"))
    sheet.write_text(SHEET.replace("950", "960").replace("in stock", "other"))
    result = run("devices", "import", str(sheet), fails=True)
    assert re.search(r"line 3 .* empty_mm: .*angkut devices correct", result.output)
    assert re.search(r"line 4 .* model: other differs from in stock", result.output)
    needed = run("devices", "import", str(sheet), "--apply", fails=True)
    assert "--credentials" in needed.output
