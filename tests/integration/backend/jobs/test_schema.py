"""The queue's tables: made at once or step by step, they are the same."""

import pytest

from angkut_backend import migrate
from angkut_backend.db import Connection, connect
from angkut_backend.errors import DatabaseNotMigratedError, DatabaseTooNewError
from angkut_backend.jobs import schema
from parts.databases import Databases

_COLUMNS = """
SELECT table_name, column_name, data_type, is_nullable, column_default
FROM information_schema.columns WHERE table_name LIKE 'procrastinate%' ORDER BY 1, 2
"""
_INDEXES = """
SELECT indexdef AS it FROM pg_indexes WHERE tablename LIKE 'procrastinate%' ORDER BY 1
"""
_FUNCTIONS = """
SELECT proname, pg_get_function_arguments(oid) AS arguments, prosrc FROM pg_proc
WHERE proname LIKE 'procrastinate%' ORDER BY 1, 2
"""
_TRIGGERS = """
SELECT pg_get_triggerdef(oid) AS it FROM pg_trigger
WHERE NOT tgisinternal AND tgrelid::regclass::text LIKE 'procrastinate%' ORDER BY 1
"""


def shape(conn: Connection) -> list[object]:
    return [conn.execute(sql).fetchall() for sql in (_COLUMNS, _INDEXES, _FUNCTIONS, _TRIGGERS)]


def test_migrations_of_the_queue_lead_to_the_schema_that_a_new_database_gets(
    embedded: Databases,
) -> None:
    with embedded.empty() as dsn, connect(dsn) as conn:
        conn.execute("CREATE TABLE queue_migration (name text PRIMARY KEY)")
        first, sql = next(iter(schema.known().items()))
        conn.execute(sql)
        conn.execute("INSERT INTO queue_migration VALUES (%s)", [first])
        assert schema.install(conn) == list(schema.known())[1:]
        assert schema.install(conn) == []
        stepwise = shape(conn)
    with embedded.fresh() as dsn, connect(dsn) as conn:
        at_once = shape(conn)
        assert schema.applied(conn) == set(schema.known())
    assert all(at_once)
    assert stepwise == at_once


def test_a_queue_that_is_behind_or_ahead_of_the_library_is_named(conn: Connection) -> None:
    last = max(schema.known())
    conn.execute("DELETE FROM queue_migration WHERE name = %s", [last])
    conn.commit()
    with pytest.raises(DatabaseNotMigratedError, match=last):
        migrate.require_current(conn)
    conn.execute("INSERT INTO queue_migration VALUES (%s), ('99.00.00_01_pre_x.sql')", [last])
    with pytest.raises(DatabaseTooNewError, match="_01_pre_x"):
        migrate.require_current(conn)
