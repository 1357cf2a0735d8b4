"""Choose the interpreter of `.venv`. Standard library only."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from bootstrap_wheel import SetUpError

#: All parts have wheels for these; tried in this order, then whatever else is new enough.
PREFERRED = ("3.13", "3.12", "3.14", "3.11")
OLDEST = (3, 11)


def newest_python() -> str:
    """Choose the interpreter.

    Raises
    ------
    SetUpError
        None is new enough.

    """
    for candidate in candidates():
        if version_of(candidate) >= OLDEST:
            return candidate
    raise SetUpError(
        "Angkut needs Python 3.11 or newer, and none was found (this is "
        f"{platform.python_version()}). Debian 12, Ubuntu 24.04 and newer have it as python3; "
        "elsewhere see https://www.python.org/downloads/ or pyenv, then run the same command again."
    )


def candidates() -> Iterable[str]:
    """Yield interpreters, the preferred first."""
    roots = {
        Path(os.environ.get("PYENV_ROOT") or "~/.pyenv").expanduser(),
        Path("~/.pyenv").expanduser(),
    }
    for version in PREFERRED:
        found = shutil.which("python" + version)
        # pyenv's shims answer only for the versions it has switched on.
        if found and "/shims/" not in found:
            yield found
        for root in sorted(roots):
            # After `su`, PYENV_ROOT may still name a folder of the other user.
            if not os.access(root / "versions", os.R_OK | os.X_OK):
                continue
            found_there = map(str, root.glob(f"versions/{version}.*/bin/python3"))
            yield from sorted(found_there, key=patch_number, reverse=True)
    yield sys.executable


def patch_number(path: str) -> int:
    """Return the 7 of `.../versions/3.12.7/bin/python3`; -1 for a pre-release."""
    match = re.search(r"/versions/\d+\.\d+\.(\d+)/", path)
    return int(match.group(1)) if match else -1


def version_of(python: str) -> tuple[int, ...]:
    """Ask an interpreter for its version; (0,) when it does not run."""
    code = "import sys, venv; print(*sys.version_info[:2])"
    try:
        done = subprocess.run(
            [python, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return (0,)
    return tuple(int(number) for number in done.stdout.split())
