"""TimescaleDB without Docker: Debian trixie's packages unpacked in a folder, run by bubblewrap.

It is the Apache edition. No package script is run and nothing is installed; apt checks every
package against Debian's signed index.
"""

import fcntl
import os
import platform
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from angkut_backend.readings.maintenance import Edition
from parts.postgres import FAST, PostgresServer, running
from parts.requirement import MissingPartError

_SUITE = "trixie"
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_BIN = "/usr/lib/postgresql/17/bin"
_MERGED = ("bin", "lib", "lib64", "sbin")
#: The server, and what it and `initdb` (which starts a shell) load; no LLVM, Perl or locales.
_PACKAGES = (
    *("postgresql-17", "postgresql-17-timescaledb", "libpq5", "tzdata", "dash"),
    *("libc6", "libgcc-s1", "libstdc++6", "libicu76", "libssl3t64", "libxml2", "zlib1g"),
    *("liblzma5", "libzstd1", "liblz4-1", "libxxhash0", "libpam0g", "libaudit1", "libcap-ng0"),
    *("libgssapi-krb5-2", "libkrb5-3", "libk5crypto3", "libkrb5support0", "libcom-err2"),
    *("libkeyutils1", "libldap2", "libsasl2-2", "libsystemd0", "libcap2"),
)


class CommandError(Exception):
    """A command failed; the text has its last words."""


@contextmanager
def trixie_server(cache: Path, folder: Path, *, safe: bool = False) -> Iterator[PostgresServer]:
    """Run the server with its data in `folder`, made if it is empty; `cache` keeps the packages.

    `safe` writes to the disk as in production, for measurements.

    Raises
    ------
    MissingPartError
        This machine has no bubblewrap, forbids user namespaces, or cannot fetch the packages.

    """
    root = _unpacked(cache)
    box = _box(root, folder)
    try:
        _run([*box, "/bin/dash", "-c", ":"])
    except CommandError as exc:
        raise MissingPartError(f"this machine forbids user namespaces: {exc}") from exc
    if not (folder / "data" / "PG_VERSION").exists():
        initdb = [*box, f"{_BIN}/initdb", "-D", "/pg/data", "-U", "postgres", "-A", "trust"]
        _run([*initdb, "-E", "UTF8", "--locale=C", "--no-sync"])
    dsn = f"postgresql://postgres@/postgres?host={folder}"
    command = [*box, f"{_BIN}/postgres", "-D", "/pg/data"]
    command += [] if safe else [f"--{name}=off" for name in FAST]
    command += ["-c", "listen_addresses=", "-c", "unix_socket_directories=/pg"]
    command += ["-c", "shared_preload_libraries=timescaledb"]
    # Its compiler would want LLVM, which is not unpacked.
    command += ["-c", "jit=off"]
    # No telemetry leaves the machine; no scheduler keeps the template database in use.
    command += ["-c", "timescaledb.telemetry_level=off"]
    command += ["-c", "timescaledb.max_background_workers=0"]
    with running(command, dsn=dsn, data=folder / "data", log=folder / "log"):
        yield PostgresServer("Debian's packages", dsn, frozenset({Edition.APACHE}))


def _box(root: Path, folder: Path) -> list[str]:
    # Uid 999 in a namespace of its own: PostgreSQL refuses root, and the files stay ours.
    return [
        *("bwrap", "--unshare-user", "--uid", "999", "--gid", "999", "--die-with-parent"),
        *("--ro-bind", str(root), "/", "--bind", str(folder), "/pg"),
        *("--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp", "--tmpfs", "/run"),  # noqa: S108 - inside the box
        "--",
    ]


def _unpacked(cache: Path) -> Path:
    for tool in ("bwrap", "apt-get", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise MissingPartError(f"{tool} is not here: on Debian `apt-get install bubblewrap`")
    root = cache / f"timescaledb-{_SUITE}-{platform.machine()}"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        # Two runs at once: the second waits and finds the work done.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not root.exists():
            work = cache / "work"
            shutil.rmtree(work, ignore_errors=True)
            _unpack(_download(work / "apt"), work / "root")
            (work / "root").rename(root)
            shutil.rmtree(work)
    return root


def _mirror() -> str:
    kind = ("Created-By: Packages", "Origin: Debian", "Label: Debian")
    targets = _run(["apt-get", "indextargets", "--format", "$(REPO_URI)", *kind]).split()
    if not targets or not _KEYRING.exists():
        raise MissingPartError(
            "apt knows no Debian mirror: on Debian run `apt-get update` once; elsewhere use "
            "Docker, or name a server by ANGKUT_TEST_TIMESCALEDB_DSN"
        )
    return targets[0]


def _download(apt: Path) -> list[Path]:
    """Fetch the packages with an apt state of our own, so that the machine's is untouched."""
    mirror = _mirror()
    archives = apt / "archives"
    for path in (apt / "lists" / "partial", archives / "partial"):
        path.mkdir(parents=True)
    (apt / "status").touch()
    (apt / "sources.list").write_text(f"deb [signed-by={_KEYRING}] {mirror} {_SUITE} main\n")
    (apt / "apt.conf").write_text(
        f'Dir::Etc::sourcelist "{apt}/sources.list"; Dir::Etc::sourceparts "/dev/null";\n'
        f'Dir::Etc::preferencesparts "/dev/null"; Dir::State "{apt}";\n'
        f'Dir::State::lists "{apt}/lists"; Dir::State::status "{apt}/status";\n'
        f'Dir::Cache "{apt}"; Dir::Cache::archives "{archives}";\n'
        'APT::Sandbox::User ""; Acquire::Languages "none";\n'
    )
    config = {"APT_CONFIG": str(apt / "apt.conf")}
    try:
        _run(["apt-get", "-qq", "update"], env=config)
        _run(["apt-get", "-qq", "download", *_PACKAGES], env=config, cwd=archives)
    except CommandError as exc:
        raise MissingPartError(f"Debian's packages could not be fetched: {exc}") from exc
    return sorted(archives.glob("*.deb"))


def _unpack(packages: Sequence[Path], root: Path) -> None:
    for name in _MERGED:
        (root / "usr" / name).mkdir(parents=True, exist_ok=True)
        (root / name).symlink_to(f"usr/{name}")
    for name in ("etc", "pg", "proc", "dev", "tmp", "run"):
        (root / name).mkdir()
    for package in packages:
        _run(["dpkg-deb", "-x", str(package), str(root)])
    (root / "etc" / "passwd").write_text("postgres:x:999:999::/pg:/bin/sh\n")
    (root / "etc" / "group").write_text("postgres:x:999:\n")
    for name in ("doc", "man", "locale", "lintian"):
        shutil.rmtree(root / "usr" / "share" / name, ignore_errors=True)


def _run(
    command: Sequence[str], *, env: dict[str, str] | None = None, cwd: Path | None = None
) -> str:
    done = subprocess.run(
        command, env=os.environ | (env or {}), cwd=cwd, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise CommandError(f"{' '.join(command[:3])} ... failed:\n{done.stderr[-4000:]}")
    return done.stdout
