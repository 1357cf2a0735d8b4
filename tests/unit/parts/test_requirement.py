import os
import subprocess
import sys
from pathlib import Path

import pytest

from parts.requirement import VARIABLE, absent, required_parts

ROOT = Path(__file__).parents[3]


def test_nothing_is_required_by_default() -> None:
    assert required_parts({}) == frozenset()


def test_required_parts_are_a_comma_list() -> None:
    assert required_parts({VARIABLE: "mosquitto, chromium,"}) == {"mosquitto", "chromium"}


def test_an_unknown_part_is_refused_and_named() -> None:
    with pytest.raises(pytest.UsageError, match="mosqitto"):
        required_parts({VARIABLE: "mosqitto"})


def test_an_absent_part_skips_with_the_way_to_get_it() -> None:
    with pytest.raises(pytest.skip.Exception, match="no chromium: apt-get install"):
        absent("chromium", "apt-get install", {})


def test_an_absent_part_that_is_required_fails() -> None:
    with pytest.raises(pytest.fail.Exception, match="demands chromium: apt-get install"):
        absent("chromium", "apt-get install", {VARIABLE: "timescaledb,chromium"})


def _run(folder: Path, *, require: str) -> subprocess.CompletedProcess[str]:
    """Run a test that wants the browser where no program can be found."""
    case = folder / "test_browser.py"
    case.write_text("def test_browser(chromium): pass\n")
    (folder / "bin").mkdir()
    plugin = ["-c", str(ROOT / "pyproject.toml"), "-p", "parts.fixtures", "-p", "no:cacheprovider"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *plugin, str(case)],
        env=os.environ | {VARIABLE: require, "PATH": str(folder / "bin")},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_run_without_a_part_passes_as_skipped(tmp_path: Path) -> None:
    done = _run(tmp_path, require="")
    assert (done.returncode, "1 skipped" in done.stdout) == (0, True), done.stdout


def test_a_run_without_a_required_part_fails(tmp_path: Path) -> None:
    done = _run(tmp_path, require="chromium")
    assert (done.returncode, "1 error" in done.stdout) == (1, True), done.stdout


def test_a_run_with_an_unknown_required_part_is_refused(tmp_path: Path) -> None:
    done = _run(tmp_path, require="chrome")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR, done.stdout
