import re

import click
import pytest

from angkut_backend.db import Connection
from angkut_backend.errors import ConflictError, DatabaseTooNewError, NotFoundError
from angkut_infra.cli import _COMMANDS, angkut
from integration.cli.conftest import Run

PASSWORD = {"ANGKUT_NEW_PASSWORD": "a long enough one"}


@pytest.fixture
def site(run: Run) -> None:
    run("site", "load", "bekasi-timur")


@pytest.mark.parametrize("name", _COMMANDS)
def test_every_command_and_subcommand_explains_itself(name: str, run: Run) -> None:
    run(name, "--help")
    command = angkut.get_command(click.Context(angkut), name)
    assert command is not None
    for sub in command.commands if isinstance(command, click.Group) else ():
        assert len(run(name, sub, "--help").output.splitlines()) > 3


def test_a_site_is_loaded_once_and_then_left_as_it_is(run: Run) -> None:
    assert "4 areas, 252 bins" in run("site", "validate", "bekasi-timur").output
    first = run("site", "load", "bekasi-timur").output
    assert re.search(r"bin +252 added", first)
    again = run("site", "load", "bekasi-timur").output
    assert re.search(r"bin +0 added +0 changed +252 as before", again)


def test_a_site_that_is_not_there_is_named(run: Run) -> None:
    assert "atlantis" in str(run("site", "load", "atlantis", fails=True).exception)


@pytest.mark.usefixtures("site")
def test_a_device_is_added_to_a_free_bin_with_credentials_and_a_line_to_try(
    run: Run, conn: Connection
) -> None:
    assert "BKS-BT-0241" in run("devices", "free").output
    mount = ("--bin", "BKS-BT-0241", "--empty-mm", "1200", "--full-mm", "200")
    output = run("devices", "add", *mount, "--id", "AABBCC").output
    assert "angkut/v1/bekasi/327501/bin/aabbcc/telemetry" in output
    assert re.search(r"mosquitto_pub .* -u aabbcc -P '\S+'", output)
    assert re.search(r"aabbcc +BKS-BT-0241", run("devices", "list").output)
    assert "BKS-BT-0241" not in run("devices", "free").output

    taken = run("devices", "add", *mount, fails=True).exception
    assert isinstance(taken, ConflictError)
    assert "--replace" in str(taken)
    run("devices", "add", *mount, "--replace")
    open_mountings = conn.execute("SELECT FROM mounting WHERE valid_to IS NULL").fetchall()
    audited = conn.execute("SELECT actor FROM audit_log WHERE action = 'device.add'").fetchall()
    assert (len(open_mountings), len(audited)) == (1, 2)
    assert audited[0]["actor"].startswith("cli")
    secret = re.search(r"password (\S+)", output)
    assert secret
    kept = conn.execute("SELECT string_agg(d::text, '') AS text FROM device AS d").fetchone()
    assert kept
    assert secret.group(1) not in kept["text"]


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--bin", "NO-SUCH", "--empty-mm", "1200", "--full-mm", "200"), "NO-SUCH"),
        (("--bin", "BKS-BT-0001", "--empty-mm", "200", "--full-mm", "200"), "--full-mm"),
        (
            ("--bin", "BKS-BT-0001", "--empty-mm", "1200", "--full-mm", "200", "--id", "a/b"),
            "--id",
        ),
        (
            ("--bin", "BKS-BT-1", "--empty-mm", "9", "--full-mm", "2", "--id", "angkut-ingest"),
            "--id",
        ),
        (("--bin", "BKS-BT-0001", "--empty-mm", "0", "--full-mm", "200"), "--empty-mm"),
    ],
)
def test_a_wrong_device_is_refused_by_the_option_that_is_wrong(
    run: Run, arguments: tuple[str, ...], words: str
) -> None:
    result = run("devices", "add", *arguments, fails=True)
    assert words in result.output + str(result.exception)
    assert "no devices" in run("devices", "list").output


def test_people_and_programs_get_and_lose_access(run: Run) -> None:
    assert "no accounts" in run("accounts", "list").output
    run("accounts", "add", "siti", "--role", "dispatcher", **PASSWORD)
    assert re.search(r"siti +dispatcher", run("accounts", "list").output)
    run("accounts", "password", "siti", **PASSWORD)
    token = run("tokens", "add", "siti", "--name", "dashboard").output.splitlines()[0]
    listed = run("tokens", "list").output
    assert "dashboard" in listed
    assert token not in listed
    run("tokens", "revoke", listed.split()[0])
    assert "revoked" in run("tokens", "list").output
    run("accounts", "disable", "siti")
    assert "disabled" in run("accounts", "list").output


def test_an_account_that_is_not_there_is_named(run: Run) -> None:
    error = run("accounts", "disable", "nobody", fails=True).exception
    assert isinstance(error, NotFoundError)
    assert "nobody" in str(error)


def test_dead_letters_are_counted_and_shown(run: Run, conn: Connection) -> None:
    assert "no open dead letters" in run("dead-letters", "list").output
    conn.execute(
        "INSERT INTO dead_letter (received_at, topic, payload, reason, detail) "
        "VALUES (now(), 'a/b', 'xyz', 'not_json', 'payload: Invalid JSON')"
    )
    conn.commit()
    assert re.search(r"1 +not_json", run("dead-letters", "count").output)
    shown = run("dead-letters", "list", "--reason", "not_json").output
    assert "a/b" in shown
    assert "b'xyz' (3 bytes)" in shown


def test_migrating_again_changes_nothing_and_a_newer_database_is_refused(
    run: Run, conn: Connection
) -> None:
    assert "applied" not in run("migrate").output
    conn.execute("INSERT INTO migration (number, name, sha256) VALUES (9999, '9999_x.sql', '')")
    conn.commit()
    error = run("migrate", fails=True).exception
    assert isinstance(error, DatabaseTooNewError)
    assert "9999_x.sql" in str(error)
    assert isinstance(run("devices", "list", fails=True).exception, DatabaseTooNewError)


def test_the_doctor_names_each_fault_and_its_remedy(run: Run) -> None:
    report = run("doctor", fails=True).output
    assert re.search(r"FAIL +broker .*angkut up", report)
    assert re.search(r"ok +migrations", report)
    assert re.search(r"warn +registry .*angkut site load", report)
    assert re.search(r"warn +accounts .*angkut accounts add", report)
    away = run("doctor", fails=True, ANGKUT_DATABASE_DSN="postgresql://127.0.0.1:1/x").output
    assert re.search(r"FAIL +database", away)


def test_the_settings_in_force_are_shown_without_their_secrets(run: Run, database: str) -> None:
    shown = run("config", "show").output
    assert re.search(r"database_dsn +\*+ +environment", shown)
    assert database not in shown
    assert "# mqtt_port = 1883" in run("config", "default").output
