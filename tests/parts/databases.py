"""One database per test, cloned from a migrated template that is made once per server."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import uuid4

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from angkut_backend import db
from angkut_backend.migrate import migrate
from parts.postgres import PostgresServer


@dataclass
class Databases:
    """Hands out databases of one server."""

    server: PostgresServer
    #: Other runs may use the same server, so the names are this run's own.
    _prefix: str = field(default_factory=lambda: f"angkut_test_{uuid4().hex[:12]}")
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    @property
    def _template(self) -> str:
        return f"{self._prefix}_template"

    @contextmanager
    def open(self) -> Iterator["Databases"]:
        """Make the template; drop it at the end."""
        self._admin("CREATE DATABASE {}", self._template)
        try:
            with db.connect(self.dsn(self._template)) as conn:
                _, edition = migrate(conn)
            if edition not in self.server.editions:
                raise AssertionError(
                    f"{self.server.source} is of edition {edition}, "
                    f"expected {' or '.join(sorted(self.server.editions))}"
                )
            # TimescaleDB's scheduler connects to every database that allows it, and a template
            # in use cannot be cloned.
            self._admin("ALTER DATABASE {} WITH ALLOW_CONNECTIONS false", self._template)
            self._evict(self._template)
            yield self
        finally:
            self._admin("DROP DATABASE IF EXISTS {} WITH (FORCE)", self._template)

    @contextmanager
    def fresh(self) -> Iterator[str]:
        """Give the address of a migrated, empty database; drop it at the end."""
        with self._created("CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy") as dsn:
            yield dsn

    @contextmanager
    def empty(self) -> Iterator[str]:
        """Give the address of a database without any schema; drop it at the end."""
        with self._created("CREATE DATABASE {name}") as dsn:
            yield dsn

    def dsn(self, name: str) -> str:
        """Address of a database of this server."""
        return make_conninfo(self.server.dsn, dbname=name)

    @contextmanager
    def _created(self, statement: str) -> Iterator[str]:
        name = f"{self._prefix}_{next(self._numbers)}"
        with self._connection() as conn:
            conn.execute(
                sql.SQL(statement).format(
                    name=sql.Identifier(name), template=sql.Identifier(self._template)
                )
            )
        try:
            yield self.dsn(name)
        finally:
            self._admin("DROP DATABASE {} WITH (FORCE)", name)

    def _admin(self, statement: str, name: str) -> None:
        with self._connection() as conn:
            conn.execute(sql.SQL(statement).format(sql.Identifier(name)))

    def _evict(self, name: str) -> None:
        with self._connection() as conn:
            conn.execute(
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = %s",
                [name],
            )

    def _connection(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(self.server.dsn, autocommit=True)
