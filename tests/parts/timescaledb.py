"""A real TimescaleDB: an address, the vendor's image, or Debian's packages in a folder."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from parts.postgres import PostgresServer
from parts.requirement import MissingPartError


def timescaledb_server(
    env: Mapping[str, str], folder: Path
) -> AbstractContextManager[PostgresServer]:
    raise MissingPartError("not yet")
