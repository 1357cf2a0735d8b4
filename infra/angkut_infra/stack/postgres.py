"""The embedded database: PostgreSQL as a direct child, on a socket that only we can reach."""

import shutil
import signal
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

import psycopg

from angkut_infra.stack import leftover
from angkut_infra.stack.log import Log
from angkut_infra.stack.postgres_files import (
    SUPERUSER,
    DatabaseStartError,
    ensure_cluster,
    environment,
    usable_programs,
)
from angkut_infra.stack.privileges import Privileges, for_servers
from angkut_infra.stack.process import Child

DATABASE = "angkut"
#: A socket's path is limited to 103 (macOS) or 107 (Linux) bytes.
MAX_SOCKET_PATH = 100
#: The recovery of a large database after a crash takes its time; a dead server is seen at once.
START_TIMEOUT_S = 300.0
STOP_TIMEOUT_S = 60.0
_SOCKET_NAME = ".s.PGSQL.5432"
_POLL_S = 0.02


class EmbeddedPostgres:
    """A PostgreSQL in `folder`; start it from the thread that keeps the stack."""

    def __init__(self, folder: Path, *, log: Log, privileges: Privileges | None = None) -> None:
        self._folder = folder.absolute()
        self._cluster = self._folder / "cluster"
        self._log = log
        self._privileges = for_servers() if privileges is None else privileges
        self._sockets: Path | None = None
        self._temporary = False
        self._child: Child | None = None

    @property
    def dsn(self) -> str:
        """The address of the database, only while it runs."""
        return self._address(DATABASE)

    @property
    def running(self) -> bool:
        """Whether the server is there at this moment."""
        return self._child is not None and self._child.running

    @property
    def pid(self) -> int | None:
        """The server's process id."""
        return self._child.pid if self._child else None

    def death(self) -> str:
        """Describe how the server died."""
        return self._child.death() if self._child else "postgres was never started"

    def start(self) -> None:
        """Start the server and wait until it answers; also after its death.

        Raises
        ------
        DatabaseStartError
            Says what is missing or wrong, with the server's last lines.

        """
        if self._child:
            self._child.stop(timeout_s=STOP_TIMEOUT_S)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._privileges.enter(self._folder)
        programs = usable_programs(self._folder / "programs", self._privileges)
        if ensure_cluster(self._cluster, programs, self._privileges):
            self._log.say(f"made a new database in {self._cluster}")
        self._clear_leftover()
        self._make_socket_folder()
        self._child = Child(
            "postgres",
            [str(programs / "postgres"), "-D", str(self._cluster), *self._options()],
            log=self._log,
            cwd=self._cluster,
            env=environment(),
            # "Fast shutdown": clients are cut off, everything committed is on disk.
            stop_signal=signal.SIGINT,
            privileges=self._privileges,
            shown=_is_news,
        )
        self._child.start()
        try:
            self._wait_until_ready(self._child)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server; everything committed is on disk afterwards."""
        if self._child:
            self._child.stop(timeout_s=STOP_TIMEOUT_S)
        if self._temporary and self._sockets:
            shutil.rmtree(self._sockets, ignore_errors=True)
            self._sockets = None

    def _options(self) -> list[str]:
        quoted = str(self._sockets).replace('"', '""')
        values = {
            "listen_addresses": "",
            "port": "5432",  # only a part of the socket's name
            "unix_socket_directories": f'"{quoted}"',
            "unix_socket_permissions": "0700",
            "log_line_prefix": "",
            "log_checkpoints": "off",
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        return [part for name, value in values.items() for part in ("-c", f"{name}={value}")]

    def _make_socket_folder(self) -> None:
        if self._sockets is None:
            usual = self._folder / "socket"
            self._temporary = len(str(usual / _SOCKET_NAME).encode()) >= MAX_SOCKET_PATH
            if self._temporary:
                # mkdtemp makes it 0700. Not TMPDIR, which may be as long as the data folder.
                self._sockets = Path(tempfile.mkdtemp(prefix="angkut-", dir="/tmp"))
            else:
                usual.mkdir(mode=0o700, exist_ok=True)
                usual.chmod(0o700)
                self._sockets = usual
        self._privileges.give(self._sockets)

    def _clear_leftover(self) -> None:
        pid_file = self._cluster / "postmaster.pid"
        stopped = leftover.stop(pid_file, mark=f"-D {self._cluster}", number=signal.SIGINT)
        if stopped:
            self._log.say(f"stopped a database server left over from an earlier run ({stopped})")
            return
        pid = leftover.read_pid(pid_file)
        command = None if pid is None else leftover.command_of(pid)
        # A number that belongs to another program now: PostgreSQL would take it for a server of
        # its own and refuse. A dead number, and another PostgreSQL, it judges better itself.
        if command is not None and "postgres" not in command:
            pid_file.unlink(missing_ok=True)

    def _wait_until_ready(self, child: Child) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                with psycopg.connect(
                    self._address("postgres"), autocommit=True, connect_timeout=10
                ) as conn:
                    _ensure_database(conn)
                    return
            except psycopg.OperationalError as exc:
                if not child.running:
                    raise DatabaseStartError(child.death()) from exc
                if time.monotonic() > deadline:
                    raise DatabaseStartError(f"postgres does not answer: {exc}") from exc
            time.sleep(_POLL_S)

    def _address(self, database: str) -> str:
        host = quote(str(self._sockets), safe="")
        return f"postgresql://{SUPERUSER}@/{database}?host={host}&port=5432"


def _is_news(line: str) -> bool:
    """Whether a line of the server is for the terminal; its daily life is not."""
    return not line.startswith(
        ("LOG:", "FATAL:  the database system is", "DETAIL:  Consistent recovery state")
    )


def _ensure_database(conn: psycopg.Connection) -> None:
    found = conn.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
    if found is None:
        conn.execute(f"CREATE DATABASE {DATABASE}")
