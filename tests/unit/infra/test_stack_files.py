import os
import socket
import stat
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from angkut_backend.settings import LoadedSettings, Settings
from angkut_infra.stack import leftover, ports, running
from angkut_infra.stack.files import write_private
from angkut_infra.stack.lock import FolderInUseError, FolderLock
from parts.waiting import wait_until


def test_a_private_file_is_for_its_owner_only_even_if_it_was_open_before(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("old")
    path.chmod(0o644)
    write_private(path, "new")
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_the_usual_port_is_taken_if_free_else_another() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = server.getsockname()[1]
        assert not ports.is_free(taken)
        other = ports.choose(taken)
        assert other != taken
        assert ports.is_free(other)
    assert ports.choose(taken) == taken
    # An outgoing connection never takes it before the server does.
    assert all(ports.choose(0) < 32_768 for _ in range(50))


def test_a_port_taken_on_all_addresses_is_not_free_on_loopback() -> None:
    with socket.create_server(("", 0)) as server:
        assert not ports.is_free(server.getsockname()[1])


def test_a_folder_has_one_holder_and_is_free_after_it(tmp_path: Path) -> None:
    first, second = FolderLock(tmp_path), FolderLock(tmp_path)
    first.acquire()
    with pytest.raises(FolderInUseError, match=f"process {os.getpid()}"):
        second.acquire()
    first.release()
    second.acquire()
    second.release()


def test_the_ingest_password_is_made_once_and_kept(tmp_path: Path) -> None:
    first = running.broker_password(tmp_path, Settings(), "mqtt_password")
    workers = running.broker_password(tmp_path, Settings(), "mqtt_worker_password")
    assert len(first) == 32
    assert running.broker_password(tmp_path, Settings(), "mqtt_password") == first
    assert running.broker_password(tmp_path, Settings(), "mqtt_worker_password") == workers
    assert workers != first
    assert stat.S_IMODE((tmp_path / "secrets.toml").stat().st_mode) == 0o600


def test_a_configured_ingest_password_is_used_and_not_written(tmp_path: Path) -> None:
    settings = Settings.model_validate({"mqtt_password": "ours"})
    assert running.broker_password(tmp_path, settings, "mqtt_password") == "ours"
    assert list(tmp_path.iterdir()) == []


def test_published_addresses_are_toml_that_settings_accept(tmp_path: Path) -> None:
    values: dict[str, str | int] = {
        "database_dsn": 'postgresql://angkut@/angkut?host=/a "b"\\c/é',
        "mqtt_port": 1884,
    }
    running.publish(tmp_path, values)
    read = tomllib.loads((tmp_path / "stack.toml").read_text())
    assert read == values
    assert Settings.model_validate(read).mqtt_port == 1884
    running.withdraw(tmp_path)
    running.withdraw(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_only_the_addresses_of_an_earlier_run_are_forgotten(tmp_path: Path) -> None:
    settings = Settings.model_validate({"database_dsn": "postgresql://x/y", "api_port": 9000})
    origins = {"database_dsn": str(tmp_path / "stack.toml"), "api_port": "environment"}
    ours = running.without_earlier_run(LoadedSettings(settings, origins))
    assert ours.database_dsn is None
    assert ours.api_port == 9000


def test_a_leftover_is_stopped_only_if_its_command_bears_the_mark(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    wait = "import time; time.sleep(1000)  # mark-of-ours"
    with subprocess.Popen([sys.executable, "-c", wait]) as child:
        try:
            # The kernel shows a command line a moment after it has become true.
            wait_until(lambda: leftover.command_of(child.pid), what="its command line")
            pid_file.write_text(f"{child.pid}\nmore\n")
            assert leftover.stop(pid_file, mark="mark-of-others") is None
            assert child.poll() is None
            assert leftover.stop(pid_file, mark="mark-of-ours") == child.pid
        finally:
            child.kill()
    assert leftover.command_of(child.pid) is None


@pytest.mark.parametrize("text", ["", "no number", "999999999"])
def test_a_pid_file_that_leads_nowhere_is_no_leftover(tmp_path: Path, text: str) -> None:
    (tmp_path / "pid").write_text(text)
    assert leftover.stop(tmp_path / "pid", mark="python") is None
    assert leftover.stop(tmp_path / "missing", mark="python") is None
