"""Numbered SQL migrations, forward only, each recorded; then the queue and the hypertable.

The queue's tables are procrastinate's own: its migrations are applied like ours (`jobs.schema`).
"""

import hashlib
from dataclasses import dataclass
from importlib import resources

from angkut_backend.db import Connection
from angkut_backend.errors import DatabaseNotMigratedError, DatabaseTooNewError
from angkut_backend.jobs import schema as queue
from angkut_backend.readings.maintenance import Edition, install

#: Any number: whoever migrates holds this advisory lock.
_LOCK = 0x616E676B7574


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered file."""

    number: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        """Fingerprint that the database keeps, so that an edited file is noticed."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class MigrationState:
    """What a database holds beside what the code knows."""

    applied: int
    known: int
    pending: tuple[Migration, ...]
    #: Migrations of the queue that are not applied: procrastinate's file names.
    queue_pending: tuple[str, ...]

    @property
    def missing(self) -> list[str]:
        """Names of what is to be applied first: ours before the queue's."""
        return [migration.name for migration in self.pending] or list(self.queue_pending)


def migrations() -> list[Migration]:
    """Return all migrations of this code in their order."""
    files = resources.files("angkut_backend.migrations").iterdir()
    found = [
        Migration(int(file.name[:4]), file.name, file.read_text())
        for file in files
        if file.name.endswith(".sql")
    ]
    return sorted(found, key=lambda migration: migration.number)


def state(conn: Connection) -> MigrationState:
    """Compare the database with the code.

    Raises
    ------
    DatabaseTooNewError
        The database knows a migration that this code does not, or another text of one.

    """
    known = migrations()
    exists = conn.execute("SELECT to_regclass('migration') IS NOT NULL AS yes").fetchone()
    rows = (
        conn.execute("SELECT number, name, sha256 FROM migration ORDER BY number").fetchall()
        if exists and exists["yes"]
        else []
    )
    by_number = {migration.number: migration for migration in known}
    for row in rows:
        migration = by_number.get(row["number"])
        if migration is None:
            raise DatabaseTooNewError(
                f"the database has migration {row['name']}, which this Angkut does not know: "
                "install the newer Angkut that wrote it"
            )
        if migration.sha256 != row["sha256"]:
            raise DatabaseTooNewError(
                f"migration {row['name']} was applied with another text than this Angkut has: "
                "install the Angkut that wrote this database"
            )
    applied = {row["number"] for row in rows}
    queue_has = queue.applied(conn)
    for name in sorted(queue_has - set(queue.known())):
        raise DatabaseTooNewError(
            f"the database has the queue's migration {name}, which the installed procrastinate "
            "does not know: install the one that Angkut was last used with, or a newer one"
        )
    return MigrationState(
        applied=max(applied, default=0),
        known=known[-1].number,
        pending=tuple(m for m in known if m.number not in applied),
        queue_pending=tuple(name for name in queue.known() if name not in queue_has),
    )


def require_current(conn: Connection) -> None:
    """Refuse to work on a schema that this code does not fit.

    Raises
    ------
    DatabaseTooNewError
        See `state`.
    DatabaseNotMigratedError
        Migrations are missing.
    """
    missing = state(conn).missing
    conn.rollback()
    if missing:
        names = ", ".join(missing)
        raise DatabaseNotMigratedError(f"the database lacks {names}: run `angkut migrate`")


def migrate(conn: Connection) -> tuple[list[str], Edition]:
    """Apply what is missing in one transaction; return the names applied and the edition."""
    conn.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    pending = state(conn).pending
    conn.execute(
        "CREATE TABLE IF NOT EXISTS migration (number integer PRIMARY KEY, name text NOT NULL, "
        "sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
    )
    for migration in pending:
        conn.execute(migration.sql)
        conn.execute(
            "INSERT INTO migration (number, name, sha256) VALUES (%s, %s, %s)",
            [migration.number, migration.name, migration.sha256],
        )
    names = [migration.name for migration in pending] + queue.install(conn)
    edition = install(conn)
    conn.commit()
    return names, edition
