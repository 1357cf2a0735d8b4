import os
import shutil
import signal
import subprocess
from pathlib import Path

import psycopg
import pytest

from angkut_backend.db import connect
from angkut_infra.stack import postgres_files
from angkut_infra.stack.log import Log
from angkut_infra.stack.postgres import EmbeddedPostgres
from angkut_infra.stack.postgres_files import DatabaseStartError
from angkut_infra.stack.privileges import NOBODY, FolderOutOfReachError, Privileges
from integration.infra.processes import alive
from parts.waiting import wait_until


def write(dsn: str, text: str) -> None:
    with connect(dsn) as conn:
        conn.execute("CREATE TABLE IF NOT EXISTS note (text text)")
        conn.execute("INSERT INTO note VALUES (%s)", [text])


def notes(dsn: str) -> list[str]:
    with connect(dsn) as conn:
        return [row["text"] for row in conn.execute("SELECT text FROM note")]


def setting(dsn: str, name: str) -> str:
    with connect(dsn) as conn:
        row = conn.execute("SELECT current_setting(%s) AS value", [name]).fetchone()
    assert row
    return str(row["value"])


@pytest.mark.parametrize(
    "name",
    ["plain", "with spaces", 'comma, "quotes" and %41', "x" * 120],
    ids=lambda name: name[:9],
)
def test_a_restart_finds_the_data_in_any_folder(tmp_path: Path, log: Log, name: str) -> None:
    folder = tmp_path / name / "postgres"
    for text in ("first", "second"):
        database = EmbeddedPostgres(folder, log=log)
        database.start()
        try:
            write(database.dsn, text)
            found = notes(database.dsn)
            pid = database.pid
        finally:
            database.stop()
        assert pid
        assert not alive(pid)
    assert found == ["first", "second"]


def test_a_folder_too_deep_for_a_socket_leaves_nothing_in_the_temporary_folder(
    tmp_path: Path, log: Log
) -> None:
    database = EmbeddedPostgres(tmp_path / ("x" * 120), log=log)
    database.start()
    sockets = Path(setting(database.dsn, "unix_socket_directories").strip('"'))
    assert len(str(sockets)) < 60
    assert sockets.stat().st_mode & 0o777 == 0o700
    database.stop()
    assert not sockets.exists()


def test_it_listens_to_no_network_and_speaks_utf8_as_angkut(tmp_path: Path, log: Log) -> None:
    database = EmbeddedPostgres(tmp_path / "postgres", log=log)
    database.start()
    try:
        assert setting(database.dsn, "listen_addresses") == ""
        assert setting(database.dsn, "server_encoding") == "UTF8"
        assert setting(database.dsn, "TimeZone") == "UTC"
        with psycopg.connect(database.dsn) as conn:
            assert (conn.info.user, conn.info.dbname) == ("angkut", "angkut")
    finally:
        database.stop()
    assert (tmp_path / "postgres").stat().st_mode & 0o777 == 0o700


def test_variables_of_postgresql_in_our_environment_change_nothing(
    tmp_path: Path, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("PGPORT", "9"), ("PGDATA", "/nowhere"), ("PGTZ", "Asia/Jakarta")):
        monkeypatch.setenv(name, value)
    database = EmbeddedPostgres(tmp_path / "postgres", log=log)
    database.start()
    monkeypatch.delenv("PGTZ")  # a session would bring it
    try:
        with psycopg.connect(database.dsn) as conn:  # not ours, which asks for UTC
            assert conn.execute("SHOW timezone").fetchone() == ("UTC",)
        assert setting(database.dsn, "log_timezone") == "UTC"
        assert setting(database.dsn, "port") == "5432"
        folder = Path(setting(database.dsn, "data_directory"))
        assert folder.is_relative_to(tmp_path / "postgres")
    finally:
        database.stop()


def test_a_killed_server_starts_again_with_what_was_committed(tmp_path: Path, log: Log) -> None:
    database = EmbeddedPostgres(tmp_path / "postgres", log=log)
    database.start()
    try:
        write(database.dsn, "committed")
        assert database.pid
        os.kill(database.pid, signal.SIGKILL)
        wait_until(lambda: not database.running, what="its death")
        assert "signal 9" in database.death()
        database.start()
        assert notes(database.dsn) == ["committed"]
    finally:
        database.stop()


def test_a_server_left_over_from_a_killed_parent_is_stopped_by_the_next(
    tmp_path: Path, log: Log
) -> None:
    old, new = (EmbeddedPostgres(tmp_path / "postgres", log=log) for _ in range(2))
    old.start()
    try:
        write(old.dsn, "kept")
        new.start()
        assert not old.running
        assert notes(new.dsn) == ["kept"]
    finally:
        new.stop()
        old.stop()


def test_a_pid_file_with_the_number_of_another_program_does_not_block(
    tmp_path: Path, log: Log
) -> None:
    database = EmbeddedPostgres(tmp_path / "postgres", log=log)
    database.start()
    database.stop()
    sleep = shutil.which("sleep")
    assert sleep
    with subprocess.Popen([sleep, "1000"]) as other:
        pid_file = tmp_path / "postgres" / "cluster" / "postmaster.pid"
        pid_file.write_text(f"{other.pid}\n/elsewhere\n1700000000\n5432\n")
        try:
            database.start()
            assert other.poll() is None
        finally:
            database.stop()
            other.kill()


def test_the_data_of_another_major_version_is_refused_with_both_numbers(
    tmp_path: Path, log: Log
) -> None:
    database = EmbeddedPostgres(tmp_path / "postgres", log=log)
    database.start()
    database.stop()
    (tmp_path / "postgres" / "cluster" / "PG_VERSION").write_text("9\n")
    with pytest.raises(DatabaseStartError, match=r"written by PostgreSQL 9, but .* is version 1"):
        database.start()


def test_a_server_that_dies_at_the_start_is_reported_with_its_last_lines(
    tmp_path: Path, log: Log
) -> None:
    database = EmbeddedPostgres(tmp_path / "postgres", log=log)
    database.start()
    database.stop()
    with (tmp_path / "postgres" / "cluster" / "postgresql.conf").open("a") as file:
        file.write("no_such_setting = 1\n")
    with pytest.raises(DatabaseStartError, match="no_such_setting"):
        database.start()
    assert not database.running


def test_a_kill_during_the_making_of_the_database_leaves_no_half_of_it(
    tmp_path: Path, log: Log
) -> None:
    draft = tmp_path / "postgres" / "cluster.new"
    draft.mkdir(parents=True)
    (draft / "PG_VERSION").write_text("18\n")
    database = EmbeddedPostgres(tmp_path / "postgres", log=log)
    database.start()
    database.stop()
    assert not draft.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become nobody")
def test_programs_that_nobody_can_read_are_copied_once_and_again_when_they_change(
    short_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = short_folder / "closed"
    original = closed / "wheel" / "pginstall" / "bin" / "postgres"
    library = closed / "wheel.libs" / "libpq.so"
    for path, text in ((original, "#!/bin/sh\necho 1\n"), (library, "library")):
        path.parent.mkdir(parents=True)
        path.write_text(text)
        path.chmod(0o755)
    closed.chmod(0o700)
    monkeypatch.setattr(postgres_files, "programs", lambda: original.parent)
    cache = short_folder / "programs"
    for text in ("#!/bin/sh\necho 1\n", "#!/bin/sh\necho twenty\n"):
        original.write_text(text)
        for _ in range(2):
            found = postgres_files.usable_programs(cache, Privileges(uid=NOBODY))
            assert found == cache / "wheel" / "pginstall" / "bin"
            assert (found / "postgres").read_text() == text
    assert (cache / "wheel.libs" / "libpq.so").stat().st_uid == NOBODY


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become nobody")
def test_a_folder_that_nobody_can_enter_is_named_with_a_way_out(
    short_folder: Path, log: Log
) -> None:
    folder = short_folder / "closed" / "data" / "postgres"
    folder.mkdir(parents=True)
    folder.parent.parent.chmod(0o700)
    database = EmbeddedPostgres(folder, log=log, privileges=Privileges(uid=NOBODY))
    with pytest.raises(FolderOutOfReachError, match=r"cannot enter .*postgres\..*ANGKUT_DATA_DIR"):
        database.start()
    assert folder.parent.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become nobody")
def test_root_without_user_namespaces_runs_the_database_as_nobody(
    short_folder: Path, log: Log
) -> None:
    database = EmbeddedPostgres(
        short_folder / "postgres", log=log, privileges=Privileges(uid=NOBODY)
    )
    database.start()
    try:
        assert Path(f"/proc/{database.pid}").stat().st_uid == NOBODY
        write(database.dsn, "kept")
    finally:
        database.stop()
    # The machine may allow user namespaces at the next start: root takes its files back.
    again = EmbeddedPostgres(short_folder / "postgres", log=log)
    again.start()
    try:
        assert notes(again.dsn) == ["kept"]
    finally:
        again.stop()
