import subprocess
import sys
from pathlib import Path

import pytest

import bootstrap_python
from bootstrap_python import candidates, newest_python, version_of
from bootstrap_wheel import SetUpError
from integration.infra.processes import AS_ORDINARY_USER


def _interpreter(path: Path, version: str) -> str:
    """Make a program that answers like a Python of that version."""
    path.parent.mkdir(parents=True)
    path.write_text(f"#!/bin/sh\necho {version}\n")
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine where only `sys.executable` can be found."""
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    return tmp_path


def test_the_running_interpreter_is_taken_where_there_is_no_other(bare: Path) -> None:
    assert (list(candidates()), bare.exists()) == ([sys.executable], True)


def test_the_newest_patch_of_pyenv_wins_though_it_sorts_behind(bare: Path) -> None:
    for patch in (9, 10):
        _interpreter(bare / f"pyenv/versions/3.13.{patch}/bin/python3", "3 13")
    assert newest_python() == str(bare / "pyenv/versions/3.13.10/bin/python3")


def test_a_newer_interpreter_on_the_path_wins_over_an_older_one_of_pyenv(bare: Path) -> None:
    _interpreter(bare / "pyenv/versions/3.12.7/bin/python3", "3 12")
    found = _interpreter(bare / "path/python3.13", "3 13")
    assert newest_python() == found


def test_an_interpreter_that_does_not_run_is_passed_over(bare: Path) -> None:
    broken = bare / "path/python3.13"
    broken.parent.mkdir()
    broken.write_text("#!/bin/sh\nexit 127\n")
    broken.chmod(0o755)
    assert (version_of(str(broken)), newest_python()) == ((0,), sys.executable)


def test_a_pyenv_of_another_user_is_passed_over(bare: Path) -> None:
    _interpreter(bare / "pyenv/versions/3.13.1/bin/python3", "3 13")
    (bare / "pyenv").chmod(0)
    code = "import bootstrap_python as b; print(list(b.candidates()) == [b.sys.executable])"
    try:
        done = subprocess.run(
            [*AS_ORDINARY_USER, sys.executable, "-c", code],
            cwd=Path(bootstrap_python.__file__).parent,
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        (bare / "pyenv").chmod(0o700)
    assert done.stdout == "True\n", done.stderr


def test_without_a_new_enough_python_it_says_where_to_get_one(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", _interpreter(bare / "old/python3", "3 9"))
    with pytest.raises(SetUpError, match=r"needs Python 3\.11 or newer.*python\.org"):
        newest_python()
