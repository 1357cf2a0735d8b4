"""procrastinate's tables: made by its own schema, brought forward by its own migrations.

Its migrations are files whose names begin with the version that needs them; `queue_migration`
remembers which of them this database has.
"""

from collections.abc import Sequence
from pathlib import Path

from procrastinate.schema import SchemaManager

from angkut_backend.db import Connection


def known() -> dict[str, str]:
    """Return procrastinate's migrations in their order: file name and SQL."""
    folder = Path(SchemaManager.get_migrations_path())
    return {file.name: file.read_text() for file in sorted(folder.glob("*.sql"))}


def applied(conn: Connection) -> set[str]:
    """Return the names of those that the database has; of none before it knows of a queue."""
    row = conn.execute("SELECT to_regclass('queue_migration') IS NOT NULL AS yes").fetchone()
    if not row or not row["yes"]:
        return set()
    return {row["name"] for row in conn.execute("SELECT name FROM queue_migration")}


def install(conn: Connection) -> list[str]:
    """Bring the queue's tables to the installed procrastinate; part of the transaction.

    Returns
    -------
    The names of migrations applied; of none when its tables were made anew or are current.
    """
    row = conn.execute("SELECT to_regclass('procrastinate_jobs') IS NULL AS yes").fetchone()
    files = known()
    if row and row["yes"]:
        conn.execute(SchemaManager.get_schema())
        _remember(conn, list(files))
        return []
    pending = [name for name in files if name not in applied(conn)]
    for name in pending:
        conn.execute(files[name])
    _remember(conn, pending)
    return pending


def _remember(conn: Connection, names: Sequence[str]) -> None:
    conn.execute("INSERT INTO queue_migration (name) SELECT unnest(%s::text[])", [list(names)])
