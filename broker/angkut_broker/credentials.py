"""Secrets of devices and the verifiers that brokers keep instead of them."""

import base64
import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from angkut_broker.errors import AngkutError

#: A device speaks for itself only; ingest reads all devices and tells them what is stored; the
#: worker sends commands and reads nothing.
Role = Literal["device", "ingest", "worker"]

#: 192 bits: nobody guesses it, so the verifiers need no slow hash.
SECRET_BYTES = 24
#: As many as `mosquitto_passwd` uses. More rounds protect guessable passwords; these secrets
#: are random, and a broker that restarts must check every device of a city within seconds.
PBKDF2_ITERATIONS = 101
_SALT_BYTES = 12
#: bcrypt's lowest cost, for the same reason (NATS reads no cheaper hash).
BCRYPT_COST = 4

#: What stands in a line of a password file and in a pattern of an ACL without being a
#: separator or a wildcard there.
_USERNAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


class BadUsernameError(AngkutError):
    """A broker's user name holds a character that its files give a meaning to."""


@dataclass(frozen=True, slots=True)
class Verifiers:
    """One secret in the two forms that brokers read."""

    #: Mosquitto: `$7$iterations$salt$hash`.
    pbkdf2_sha512: str
    #: NATS: `$2b$...`.
    bcrypt: str


@dataclass(frozen=True, slots=True)
class BrokerUser:
    """Who may connect. A device's user name is its device id.

    Raises
    ------
    BadUsernameError
        The name could break out of the line or the topic level that it is written into.

    """

    username: str
    role: Role
    pbkdf2_sha512: str
    bcrypt: str

    def __post_init__(self) -> None:
        if not _USERNAME.fullmatch(self.username):
            raise BadUsernameError(
                f"broker user {self.username!r}: use letters, digits, - and _, 64 at most"
            )


def new_secret() -> str:
    """Return a fresh secret: 32 characters that need no quoting in a URL, shell or TOML."""
    return secrets.token_urlsafe(SECRET_BYTES)


def verifiers(secret: str) -> Verifiers:
    """Derive what brokers store. The secret itself is not kept anywhere."""
    # Here and not above: a gateway has the contract installed, but not bcrypt.
    import bcrypt  # noqa: PLC0415

    salt = secrets.token_bytes(_SALT_BYTES)
    digest = hashlib.pbkdf2_hmac("sha512", secret.encode(), salt, PBKDF2_ITERATIONS)
    pbkdf2 = f"$7${PBKDF2_ITERATIONS}${_base64(salt)}${_base64(digest)}"
    hashed = bcrypt.hashpw(secret.encode(), bcrypt.gensalt(rounds=BCRYPT_COST))
    return Verifiers(pbkdf2_sha512=pbkdf2, bcrypt=hashed.decode())


def user_with_secret(username: str, role: Role, secret: str) -> BrokerUser:
    """Return who may connect with this secret."""
    checks = verifiers(secret)
    return BrokerUser(username, role, checks.pbkdf2_sha512, checks.bcrypt)


def distinct(users: Sequence[BrokerUser]) -> list[BrokerUser]:
    """Order the users by name, one for each name.

    A device that bears the name of a part of the server is left out: it must never inherit its
    rights.
    """
    # Sorted so that "ingest" and "worker" come after "device" and win.
    by_name = {user.username: user for user in sorted(users, key=lambda user: user.role)}
    return [by_name[name] for name in sorted(by_name)]


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
