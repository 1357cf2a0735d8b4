"""The API's pool of database connections.

A connection is borrowed and given back within one call of one thread. Held by a dependency while
its endpoint waits for a thread, a burst of requests would take all threads to wait for
connections whose holders wait for threads (measured: 100 at once, 39 of them 503).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import Depends, Request
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool

from angkut_backend.db import Connection, translated_errors

#: Connections per process: a handful serves many short requests and leaves room for others.
MAX_CONNECTIONS = 8
#: Longest wait for a connection before the answer is 503: a burst of 100 full maps of 2,000 bins
#: needs 3 on a small machine, and nobody wants to wait longer to hear that the database is away.
WAIT_S = 4.0
#: After so long without an answer an attempt is given up; the next request starts another one,
#: so the API is back within a second of the database, however long that was away.
RECONNECT_S = 1.0
#: No statement of a page may run longer: a request is not worth a blocked connection.
STATEMENT_TIMEOUT_MS = 15_000


class Pool:
    """Lend connections; each block is one transaction, committed before the answer leaves."""

    def __init__(self, dsn: str) -> None:
        self._pool = ConnectionPool(
            dsn,
            kwargs={
                "row_factory": dict_row,
                "application_name": "angkut-api",
                "connect_timeout": 5,
                "options": f"-c timezone=UTC -c statement_timeout={STATEMENT_TIMEOUT_MS}",
            },
            # A connection that died while it lay idle is noticed here, not by the request.
            check=ConnectionPool.check_connection,
            min_size=1,
            max_size=MAX_CONNECTIONS,
            timeout=WAIT_S,
            reconnect_timeout=RECONNECT_S,
            open=False,
            name="angkut-api",
        )

    def open(self) -> None:
        """Start connecting; does not wait, so that the API starts without its database."""
        self._pool.open(wait=False)

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """Lend a connection: committed when the block ends well, rolled back otherwise.

        Raises
        ------
        DatabaseUnavailableError
            No connection could be had within `WAIT_S`.

        """
        with translated_errors(), self._pool.connection() as conn:
            yield conn  # type: ignore[misc]  # dict rows, which the pool's type does not know


def _pool(request: Request) -> Pool:
    pool: Pool = request.app.state.pool
    return pool


PoolDep = Annotated[Pool, Depends(_pool)]
