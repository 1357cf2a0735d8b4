"""Set up `.venv` in this clone: `python3 infra/bootstrap.py demo|dev`.

Standard library only, and it asks of the machine neither pip, nor ensurepip, nor root. uv does the
installing, because it keeps what it has fetched (Node's 60 MB too) for the next clone; pip is the
second choice. Both come from the package index that pip is set up for and are checked by hash.
Nothing is done when nothing has changed.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

from bootstrap_python import OLDEST, newest_python, version_of
from bootstrap_wheel import SetUpError, fetch_wheel, pip_option

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
UV = VENV / "bin" / "uv"
REQUIREMENTS = ROOT / "requirements"
#: Versions and hashes of what installs and builds: uv, pip, hatchling, Node.
TOOLS = REQUIREMENTS / "tools.txt"
#: What was installed from which files; written last.
STAMP = VENV / "angkut-set-up.json"
#: There while a set-up runs, so that one which was interrupted is begun anew.
UNFINISHED = VENV / "angkut-unfinished"
#: The second holds the first, so a set-up for development serves the demo too.
KINDS = ("demo", "dev")


def main() -> int:
    """Bring the clone's environment up to date; return the exit status."""
    parser = argparse.ArgumentParser(description="Set up .venv in this clone.")
    parser.add_argument("kind", choices=KINDS)
    kind = parser.parse_args().kind
    try:
        if not is_fresh(kind):
            set_up(kind)
    except SetUpError as exc:
        print(f"angkut: {exc}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nangkut: interrupted; the same command begins anew", file=sys.stderr)
        return 130
    return 0


def set_up(kind: str) -> None:
    """Make or mend `.venv` and install."""
    started = time.monotonic()
    python = newest_python()
    fetched_mb = 250 if kind == "dev" else 130
    say(f"setting up .venv with {python}; a first time fetches about {fetched_mb} MB")
    make_environment(python)
    installer = Installer.choose()
    say(f"installing the packages of requirements/{kind}.txt")
    installer.requirements(REQUIREMENTS / f"{kind}.txt")
    say(
        "installing angkut itself and building its page: "
        "a first time takes half a minute to two minutes, later ones seconds"
    )
    installer.project()
    STAMP.write_text(json.dumps({name: digest(name) for name in KINDS[: KINDS.index(kind) + 1]}))
    UNFINISHED.unlink()
    say(f"ready in {time.monotonic() - started:.0f} s")


# --- what is there already ---


def is_fresh(kind: str) -> bool:
    """Tell whether `.venv` holds what the files of this clone ask for."""
    try:
        installed = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return False
    page = ROOT / "backend" / "angkut_backend" / "static" / "index.html"
    there = PYTHON.exists() and page.exists() and not UNFINISHED.exists()
    return there and installed.get(kind) == digest(kind)


def digest(kind: str) -> str:
    """Return a hash over everything that decides what is installed, the page's sources included."""
    sha = hashlib.sha256(str(ROOT).encode())  # a moved clone needs new scripts
    names = (f"requirements/{kind}.txt", "requirements/tools.txt", "pyproject.toml")
    for path in [*(ROOT / name for name in names), ROOT / "hatch_build.py", *page_sources()]:
        sha.update(path.relative_to(ROOT).as_posix().encode() + b"\0")
        sha.update(hashlib.sha256(path.read_bytes()).digest())
    return sha.hexdigest()


def page_sources() -> list[Path]:
    """Return the files of the page, in a fixed order."""
    found: list[Path] = []
    for folder, inner, names in os.walk(ROOT / "backend" / "web"):
        # What is taken out of `inner` is not walked into: node_modules has thousands of files.
        inner[:] = [name for name in inner if name != "node_modules"]
        found += [Path(folder, name) for name in names]
    return sorted(found)


# --- installing ---


def make_environment(python: str) -> None:
    """Make `.venv`, or keep one that works and was not left half made."""
    if UNFINISHED.exists() or (VENV.exists() and version_of(str(PYTHON)) < OLDEST):
        say("removing a .venv that is half made or no longer runs")
        shutil.rmtree(VENV)
    if not VENV.exists():
        VENV.mkdir()
        UNFINISHED.touch()
        # Without pip: Debian's python3 lacks ensurepip until python3-venv is installed.
        run([python, "-m", "venv", "--without-pip", str(VENV)], "making .venv")
    UNFINISHED.touch()


class Installer:
    """Installs with hashes checked, by uv or by pip."""

    def __init__(self, command: list[str], *, is_uv: bool) -> None:
        self.command = command
        self.is_uv = is_uv

    @classmethod
    def choose(cls) -> Installer:
        """Take uv; where it cannot be had (an unknown platform), pip."""
        try:
            if not runs([str(UV), "--version"]):
                say("fetching uv, the installer (18 MB)")
                fetch_uv()
        except (SetUpError, OSError) as exc:
            say(f"no uv ({exc}): using pip")
            return cls.pip()
        return cls([str(UV), "pip"], is_uv=True)

    @classmethod
    def pip(cls) -> Installer:
        """Take the pip of `.venv`, else the interpreter's bundled one, else fetch it."""
        command = [str(PYTHON), "-m", "pip"]
        bundled = [str(PYTHON), "-m", "ensurepip"]
        if runs([*command, "--version"]) or (runs(bundled) and runs([*command, "--version"])):
            return cls(command, is_uv=False)
        wheel = VENV / "pip.whl"
        wheel.write_bytes(fetch_wheel(TOOLS, "pip"))
        # pip can be run out of its wheel.
        return cls([str(PYTHON), f"{wheel}/pip"], is_uv=False)

    def requirements(self, path: Path) -> None:
        """Install a locked list; hashes are checked because the list has them."""
        if not self.is_uv:
            run([*self.command, "install", "--require-hashes", "-r", str(path)], "pip")
            return
        try:
            run(
                [
                    *self.command,
                    "sync",
                    *quiet(),
                    "--python",
                    str(PYTHON),
                    "--require-hashes",
                    str(path),
                ],
                "uv",
            )
        except SetUpError:
            # pip knows more ways to sign in at an index (keyring, netrc), so it has a try.
            say("uv failed, see above: using pip")
            fallback = Installer.pip()
            self.command, self.is_uv = fallback.command, False
            self.requirements(path)

    def project(self) -> None:
        """Install this clone itself, editable; its build hook builds the page."""
        options = ["--no-deps", "--editable", str(ROOT)]
        if self.is_uv:
            options += [*quiet(), "--python", str(PYTHON), "--build-constraints", str(TOOLS)]
        run([*self.command, "install", *options], "the installation of angkut")


def run(command: list[str], what: str) -> None:
    """Run a step with its output shown."""
    if subprocess.run(command, env=installer_environment(), check=False).returncode:
        raise SetUpError(
            f"{what} failed: see its messages above; the same command tries again, and keeps what "
            "was fetched"
        )


def runs(command: list[str]) -> bool:
    """Tell whether a command ends well."""
    try:
        return (
            subprocess.run(
                command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
            ).returncode
            == 0
        )
    except OSError:
        return False


def quiet() -> list[str]:
    """Progress bars are for a terminal; a log gets our own lines only."""
    return [] if sys.stderr.isatty() else ["--quiet"]


def installer_environment() -> dict[str, str]:
    """Tell uv what the user's pip configuration says, unless uv has been told itself."""
    told = {
        # As pip does: trust what the machine trusts. Node brings its own list otherwise.
        "UV_SYSTEM_CERTS": "true",
        "NODE_USE_SYSTEM_CA": "1",
        "NODE_EXTRA_CA_CERTS": pip_option("cert"),
        "UV_DEFAULT_INDEX": pip_option("index-url"),
        "UV_INSECURE_HOST": (pip_option("trusted-host") or "").replace("\n", " ") or None,
        "UV_HTTP_TIMEOUT": pip_option("timeout") or "180",
        "SSL_CERT_FILE": pip_option("cert"),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    own = {name: value for name, value in told.items() if value}
    return {**own, **os.environ, "VIRTUAL_ENV": str(VENV)}


def fetch_uv() -> None:
    """Put the uv program into `.venv/bin`."""
    with zipfile.ZipFile(io.BytesIO(fetch_wheel(TOOLS, "uv"))) as wheel:
        member = next(name for name in wheel.namelist() if name.endswith("/scripts/uv"))
        partial = UV.with_suffix(".partial")
        partial.write_bytes(wheel.read(member))
    partial.chmod(0o755)
    partial.replace(UV)
    if not runs([str(UV), "--version"]):
        raise SetUpError("its program does not run here")


def say(text: str) -> None:
    """Tell a person what is going on."""
    print(f"angkut: {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
