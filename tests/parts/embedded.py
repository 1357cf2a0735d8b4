"""The embedded PostgreSQL of Angkut itself: always there, without TimescaleDB."""

import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from angkut_backend.readings.maintenance import Edition
from angkut_infra.stack.log import Log
from angkut_infra.stack.postgres import EmbeddedPostgres
from parts.postgres import FAST, PostgresServer


@contextmanager
def embedded_server() -> Iterator[PostgresServer]:
    """Run the server in a folder that goes with it."""
    # Not in pytest's folder, which only its owner may enter: as root in a container without user
    # namespaces the server runs as somebody else.
    with tempfile.TemporaryDirectory(prefix="angkut-test-") as folder:
        postgres = EmbeddedPostgres(Path(folder), log=Log(io.StringIO()))
        postgres.start()
        try:
            with psycopg.connect(postgres.dsn, autocommit=True) as conn:
                for name in FAST:
                    conn.execute(f"ALTER SYSTEM SET {name} = off")
                conn.execute("SELECT pg_reload_conf()")
            yield PostgresServer("embedded", postgres.dsn, frozenset({Edition.PLAIN}))
        finally:
            postgres.stop()
