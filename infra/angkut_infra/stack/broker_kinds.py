"""The two brokers that the stack can embed: how to find, write and start each."""

import os
import shutil
import sys
import sysconfig
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from angkut_broker import mosquitto, nats
from angkut_broker.credentials import BrokerUser
from angkut_broker.errors import AngkutError

KindName = Literal["mosquitto", "nats"]


class NoBrokerError(AngkutError):
    """No MQTT broker on this machine: install angkut[demo], which brings NATS, or mosquitto."""


@dataclass(frozen=True, slots=True)
class BrokerKind:
    """One program."""

    name: KindName
    program: Path
    #: Where it keeps sessions and queues, below its folder.
    data_folder: str
    #: Whether sessions survive a kill. Where they do, asking for them again only delays what
    #: waits: NATS would send it to us and then hold it back for a while.
    durable: bool
    #: Users and port to file name and text.
    render: Callable[[Sequence[BrokerUser], int], Mapping[str, str]]
    #: Arguments after the program, for its folder.
    arguments: Callable[[Path], Sequence[str]]
    #: Lines of its output that a person wants to see.
    shown: Callable[[str], bool]


def choose(name: KindName | None = None) -> BrokerKind:
    """Return the broker asked for, else Mosquitto where it is, else NATS from its wheel.

    Raises
    ------
    NoBrokerError
        It is not installed.

    """
    program = _mosquitto() if name in {None, "mosquitto"} else None
    if program:
        return BrokerKind(
            "mosquitto",
            program,
            mosquitto.DATA_FOLDER,
            durable=False,
            render=_mosquitto_files,
            arguments=lambda folder: ("-c", str(folder / mosquitto.CONFIGURATION_FILE)),
            shown=lambda line: "Saving in-memory database" not in line,
        )
    program = _nats() if name in {None, "nats"} else None
    if program:
        return BrokerKind(
            "nats",
            program,
            nats.DATA_FOLDER,
            durable=True,
            render=lambda users, port: {
                nats.CONFIGURATION_FILE: nats.configuration(users, port=port)
            },
            arguments=lambda folder: ("-c", str(folder / nats.CONFIGURATION_FILE)),
            shown=lambda line: "[INF]" not in line,
        )
    if name == "mosquitto":
        raise NoBrokerError("mosquitto is neither on PATH nor in /usr/sbin: install it")
    if name == "nats":
        raise NoBrokerError("there is no nats-server here: install angkut[demo], which brings it")
    raise NoBrokerError


def choose_for(folder: Path) -> BrokerKind:
    """Return the broker whose data `folder` holds already, else choose freely.

    Otherwise the day someone installs Mosquitto, all that waits in NATS would be forgotten.
    """
    for name in get_args(KindName):
        if (folder / name).exists():
            with suppress(NoBrokerError):
                return choose(name)
    return choose()


def _mosquitto() -> Path | None:
    # Debian puts it where only root's PATH leads, and runs without being root.
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"))
    found = shutil.which("mosquitto", path=path)
    return Path(found) if found else None


def _nats() -> Path | None:
    scripts = sysconfig.get_path("scripts")
    beside = str(Path(sys.executable).parent)
    path = os.pathsep.join((scripts, beside, os.environ.get("PATH", os.defpath)))
    found = shutil.which("nats-server", path=path)
    return Path(found) if found else None


def _mosquitto_files(users: Sequence[BrokerUser], port: int) -> Mapping[str, str]:
    return {
        mosquitto.CONFIGURATION_FILE: mosquitto.configuration(port=port),
        mosquitto.ACCESS_FILE: mosquitto.access_list(users),
        mosquitto.PASSWORD_FILE: mosquitto.password_file(users),
    }
