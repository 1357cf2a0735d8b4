"""Notices that devices changed, so that the broker learns new credentials at once."""

import time
from collections.abc import Callable, Sequence

import psycopg

from angkut_backend.db import CREDENTIALS_CHANNEL
from angkut_broker.credentials import BrokerUser
from angkut_broker.errors import AngkutError
from angkut_infra.stack.broker import EmbeddedBroker
from angkut_infra.stack.log import Log

#: Changes of devices that come close together reach the broker together.
DEBOUNCE_S = 0.3
#: After a failure to read the users.
RETRY_S = 1.0
_CONNECT_TIMEOUT_S = 5


class CredentialWatch:
    """Listens to the database's channel. Survives restarts of the database."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._conn: psycopg.Connection | None = None

    def wait(self, timeout_s: float) -> bool:
        """Wait at most so long; return whether credentials changed or may have changed."""
        try:
            if self._conn is None:
                self._conn = psycopg.connect(
                    self._dsn,
                    autocommit=True,
                    connect_timeout=_CONNECT_TIMEOUT_S,
                    application_name="angkut-credentials",
                )
                self._conn.execute(f"LISTEN {CREDENTIALS_CHANNEL}")
                # What was notified while nobody listened is unknown.
                return True
            return any(self._conn.notifies(timeout=timeout_s, stop_after=1))
        except psycopg.Error:
            self.close()
            time.sleep(timeout_s)
            return False

    def close(self) -> None:
        """Stop listening."""
        if self._conn is not None:
            self._conn.close()
            self._conn = None


class CredentialSync:
    """Gives the broker the users of the database whenever they change."""

    def __init__(
        self,
        broker: EmbeddedBroker,
        watch: CredentialWatch,
        read_users: Callable[[], Sequence[BrokerUser]],
        log: Log,
    ) -> None:
        self._broker = broker
        self._watch = watch
        self._read_users = read_users
        self._log = log
        self._known: Sequence[BrokerUser] = ()
        self._due_at: float | None = None

    def start_broker(self) -> None:
        """Start the broker with the users of this moment."""
        self._known = self._read_users()
        self._broker.start(self._known)

    def tend(self, timeout_s: float) -> None:
        """Wait for changes at most so long and pass on what is due."""
        changed = self._watch.wait(timeout_s)
        now = time.monotonic()
        if changed and self._due_at is None:
            self._due_at = now + DEBOUNCE_S
        if self._due_at is None or now < self._due_at:
            return
        self._due_at = None
        try:
            users = self._read_users()
        except AngkutError as exc:
            self._log.say(f"credentials not read, the broker keeps the old ones: {exc}")
            self._due_at = now + RETRY_S
            return
        if users != self._known:
            self._known = users
            self._broker.reload(users)
            devices = sum(user.role == "device" for user in users)
            self._log.say(f"the broker knows {devices} devices")
