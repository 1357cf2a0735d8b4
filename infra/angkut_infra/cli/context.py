"""What the commands share: settings, a database connection, who is acting."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager

from angkut_backend.db import Connection, connect
from angkut_backend.errors import NotConfiguredError
from angkut_backend.migrate import require_current
from angkut_backend.settings import Settings, load_settings
from angkut_broker.session import BrokerAddress


def settings() -> Settings:
    """Return the settings in force."""
    return load_settings().settings


@contextmanager
def database() -> Iterator[Connection]:
    """Open the configured database; committed when the block ends well.

    Raises
    ------
    NotConfiguredError, DatabaseUnavailableError, DatabaseNotMigratedError, DatabaseTooNewError
        Each says what to do.
    """
    with connect(settings().dsn, application="angkut-cli") as conn:
        require_current(conn)
        yield conn


def ingest_at_broker(found: Settings) -> BrokerAddress:
    """Return where the broker is and who ingest is there.

    Raises
    ------
    NotConfiguredError
        There is no password for ingest.
    """
    if found.mqtt_password is None:
        raise NotConfiguredError(
            "no password for ingest at the broker: start the embedded stack with `angkut up`, "
            "or set ANGKUT_MQTT_PASSWORD or mqtt_password"
        )
    return at_broker(found, found.mqtt_username, found.mqtt_password.get_secret_value())


def at_broker(found: Settings, username: str, password: str) -> BrokerAddress:
    """Return where the broker is, for this user."""
    return BrokerAddress(
        found.mqtt_host,
        found.mqtt_port,
        username,
        password,
        tls=found.mqtt_tls,
        ca_file=found.mqtt_ca_file,
    )


def actor() -> str:
    """Name the person at the keyboard, for the audit log."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):  # a container's user may have no name
        return "cli"
