"""`infra/test-python.sh`: three parts side by side, and none left behind."""

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from parts.waiting import wait_until

SCRIPT = Path(__file__).parents[3] / "infra/test-python.sh"
#: In place of pytest: has a child, as tests have browsers, and leaves it behind when stopped.
STAND_IN = """\
#!{python}
import os, signal, subprocess, sys
from pathlib import Path

folder = Path({folder!r})
of_backend = "tests/integration/backend" in sys.argv
part = "unit" if "tests/unit" in sys.argv else "backend" if of_backend else "rest"
print("here is", part)
if (folder / "quick").exists():
    sys.exit(part == (folder / "quick").read_text())
child = subprocess.Popen(["sleep", "600"])
(folder / (part + ".pids")).write_text(f"{{os.getpid()}} {{child.pid}}")
(folder / (part + ".started")).touch()
try:
    signal.pause()
except KeyboardInterrupt:
    (folder / (part + ".stopped")).touch()
    sys.exit(2)
"""
PARTS = ("unit", "rest", "backend")


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Start the script as `make test` does, in a process group as a terminal makes one."""
    program = tmp_path / "pytest"
    program.write_text(STAND_IN.format(python=sys.executable, folder=str(tmp_path)))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    (tmp_path / "temporary").mkdir()
    started = []

    def start() -> subprocess.Popen[str]:
        process = subprocess.Popen(
            # As from a terminal, whatever started the tests: bash cannot trap what it is to ignore.
            ["/usr/bin/env", "--default-signal=INT", "/bin/bash", str(SCRIPT), str(program)],
            env=os.environ | {"TMPDIR": str(tmp_path / "temporary")},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        with process:  # closes its output
            pass
    for pid in _pids(tmp_path):
        if _lives(pid):
            os.kill(pid, signal.SIGKILL)


def _pids(folder: Path) -> list[int]:
    return [int(pid) for file in folder.glob("*.pids") for pid in file.read_text().split()]


def _lives(pid: int) -> bool:
    try:
        # What nobody waited for yet is dead all the same.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _ctrl_c(process: subprocess.Popen[str]) -> None:
    os.killpg(process.pid, signal.SIGINT)


def _terminate(process: subprocess.Popen[str]) -> None:
    process.terminate()


@pytest.mark.parametrize("stop", [_ctrl_c, _terminate])
def test_who_stops_the_tests_stops_all_parts_and_leaves_nothing(
    run: Callable[[], subprocess.Popen[str]],
    tmp_path: Path,
    stop: Callable[[subprocess.Popen[str]], None],
) -> None:
    process = run()
    wait_until(lambda: all((tmp_path / f"{part}.started").exists() for part in PARTS), what="parts")
    stop(process)
    process.communicate()
    assert process.returncode == 130
    assert sorted(path.stem for path in tmp_path.glob("*.stopped")) == sorted(PARTS)
    assert len(_pids(tmp_path)) == 6
    wait_until(lambda: not any(map(_lives, _pids(tmp_path))), what="the end of all of them")
    assert list((tmp_path / "temporary").iterdir()) == []


@pytest.mark.parametrize(("failing", "status"), [("unit", 1), ("rest", 1), ("backend", 1), ("", 0)])
def test_the_tests_fail_when_a_part_does_and_each_part_is_shown(
    run: Callable[[], subprocess.Popen[str]], tmp_path: Path, failing: str, status: int
) -> None:
    (tmp_path / "quick").write_text(failing)
    process = run()
    output, _ = process.communicate()
    assert process.returncode == status
    shown = [line for line in output.splitlines() if line.startswith("here is")]
    assert shown == ["here is backend", "here is rest", "here is unit"]
    assert ("tests failed" in output) == bool(failing)
    assert list((tmp_path / "temporary").iterdir()) == []
