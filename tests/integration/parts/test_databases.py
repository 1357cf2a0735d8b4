from dataclasses import replace

import psycopg
import pytest

from angkut_backend import db
from angkut_backend.migrate import state
from angkut_backend.readings.maintenance import Edition
from parts.databases import Databases


def _names(dsn: str) -> set[str]:
    with psycopg.connect(dsn) as connection:
        rows = connection.execute("SELECT datname FROM pg_database").fetchall()
    return {name for (name,) in rows}


def test_a_fresh_database_has_every_migration(storage_conn: db.Connection) -> None:
    assert state(storage_conn).pending == ()


def test_what_one_test_writes_no_other_test_sees(storage: Databases) -> None:
    with storage.fresh() as first, db.connect(first) as connection:
        connection.execute("CREATE TABLE mark ()")
    with storage.fresh() as second, db.connect(second) as connection:
        row = connection.execute("SELECT to_regclass('mark') AS mark").fetchone()
    assert row == {"mark": None}


def test_a_database_is_dropped_even_when_a_connection_is_left_open(storage: Databases) -> None:
    with storage.fresh() as dsn:
        left_open = psycopg.connect(dsn)
    with pytest.raises(psycopg.OperationalError):
        left_open.execute("SELECT 1")
    left_open.close()
    name = psycopg.conninfo.conninfo_to_dict(dsn)["dbname"]
    assert name not in _names(storage.server.dsn)


def test_an_empty_database_has_no_migration(storage: Databases) -> None:
    with storage.empty() as dsn, db.connect(dsn) as connection:
        assert state(connection).applied == 0


def test_a_server_of_another_edition_than_its_source_promises_is_refused(
    embedded: Databases,
) -> None:
    promised = replace(embedded.server, editions=frozenset({Edition.TIMESCALE}))
    with (
        pytest.raises(AssertionError, match="is of edition plain, expected timescale"),
        Databases(promised).open(),
    ):
        pass
