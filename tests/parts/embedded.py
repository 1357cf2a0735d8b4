"""The embedded PostgreSQL of Angkut itself: always there, without TimescaleDB."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from angkut_backend.readings.maintenance import Edition
from angkut_infra.stack.log import Log
from angkut_infra.stack.postgres import EmbeddedPostgres
from parts.postgres import FAST, PostgresServer


@contextmanager
def embedded_server(folder: Path) -> Iterator[PostgresServer]:
    """Run the server with everything it has in `folder`."""
    postgres = EmbeddedPostgres(folder, log=Log(io.StringIO()))
    postgres.start()
    try:
        with psycopg.connect(postgres.dsn, autocommit=True) as conn:
            for name in FAST:
                conn.execute(f"ALTER SYSTEM SET {name} = off")
            conn.execute("SELECT pg_reload_conf()")
        yield PostgresServer("embedded", postgres.dsn, frozenset({Edition.PLAIN}))
    finally:
        postgres.stop()
