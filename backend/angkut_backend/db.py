"""The seam to PostgreSQL: connections, named SQL, one mapping of driver errors."""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import resources
from typing import Any

import psycopg
from psycopg.rows import dict_row

from angkut_backend.errors import ConflictError, DatabaseUnavailableError, NotTextError

#: A row as a mapping; only `from_row` functions beside the queries know the column names.
Row = dict[str, Any]
Connection = psycopg.Connection[Row]

#: PostgreSQL channels. Payload of BINS: bin ids, comma separated. CREDENTIALS: empty.
BINS_CHANNEL = "angkut_bins"
CREDENTIALS_CHANNEL = "angkut_credentials"

# libpq sends this variable last: it would win over the UTC that each of our sessions asks for, and
# with it every date that SQL makes of a time would be another.
os.environ.pop("PGTZ", None)

_NAME = re.compile(r"^-- name: (\w+)\s*$", re.MULTILINE)


def load_queries(package: str) -> Mapping[str, str]:
    """Read `queries.sql` of a feature: each statement stands under a line `-- name: NAME`."""
    text = resources.files(package).joinpath("queries.sql").read_text()
    parts = _NAME.split(text)[1:]
    return dict(zip(parts[::2], (sql.strip() for sql in parts[1::2]), strict=True))


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turn the driver's errors into ours, so that nothing above imports psycopg's.

    Raises
    ------
    DatabaseUnavailableError
        The connection failed or broke.
    ConflictError
        A constraint refused the change; the text names it.
    NotTextError
        A value holds bytes of the command line that are no UTF-8.

    """
    try:
        yield
    except psycopg.IntegrityError as exc:
        raise ConflictError(str(exc).strip()) from exc
    except UnicodeEncodeError as exc:
        raise NotTextError(f"{exc.object[:64]!a} is not UTF-8: write it anew") from exc
    except (psycopg.OperationalError, psycopg.InterfaceError) as exc:
        raise DatabaseUnavailableError(f"database: {str(exc).strip()}") from exc


def open_connection(dsn: str, *, application: str) -> Connection:
    """Open one connection that sees times in UTC and rows as mappings.

    Raises
    ------
    psycopg.OperationalError
        The database does not answer or refuses.
    """
    return psycopg.connect(
        dsn,
        row_factory=dict_row,
        application_name=application,
        connect_timeout=10,
        options="-c timezone=UTC",
        # A database host that vanishes says no goodbye: notice it within a minute.
        keepalives_idle=30,
        keepalives_interval=10,
        keepalives_count=3,
        tcp_user_timeout=30_000,
    )


@contextmanager
def connect(dsn: str, *, application: str = "angkut") -> Iterator[Connection]:
    """Open one connection: committed when the block ends well, rolled back otherwise."""
    with translated_errors(), open_connection(dsn, application=application) as conn:
        yield conn
