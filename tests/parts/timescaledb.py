"""A real TimescaleDB: an address, the vendor's image, or Debian's packages in a folder."""

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from angkut_backend.readings.maintenance import Edition
from parts.postgres import PostgresServer
from parts.trixie import trixie_server

DSN_VARIABLE = "ANGKUT_TEST_TIMESCALEDB_DSN"
IMAGE = "timescale/timescaledb:latest-pg17"
#: Kept between runs, in the clone; `make clean` removes it.
CACHE = Path(__file__).resolve().parents[2] / ".test-parts"


def timescaledb_server(
    env: Mapping[str, str], folder: Path
) -> AbstractContextManager[PostgresServer]:
    """Choose the first source that is there; a server of our own keeps its data in `folder`."""
    if dsn := env.get(DSN_VARIABLE):
        editions = frozenset({Edition.APACHE, Edition.TIMESCALE})
        return nullcontext(PostgresServer(DSN_VARIABLE, dsn, editions))
    if docker_answers():
        return _container_server()
    return trixie_server(CACHE, folder)


def docker_answers() -> bool:
    """Tell whether a Docker engine is running, not only its client installed."""
    docker = shutil.which("docker")
    return (
        docker is not None
        and not subprocess.run(
            [docker, "info"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
        ).returncode
    )


@contextmanager
def _container_server() -> Iterator[PostgresServer]:
    from testcontainers.postgres import PostgresContainer  # noqa: PLC0415 - only with Docker

    with PostgresContainer(IMAGE, driver=None) as container:
        yield PostgresServer(IMAGE, container.get_connection_url(), frozenset({Edition.TIMESCALE}))
