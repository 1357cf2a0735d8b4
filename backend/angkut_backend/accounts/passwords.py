"""Argon2 passwords: made, checked, and checked in the same time when there is nobody to check."""

from functools import cache
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from angkut_backend.errors import BackendError

MIN_LENGTH = 10
#: Nobody remembers more, and a hash of megabytes would be a way to keep the machine busy.
MAX_LENGTH = 256
#: The library's default is RFC 9106's second choice: 64 MiB and about 50 ms a check.
_HASHER = PasswordHasher()
#: Checks at a time: each takes 64 MiB, so a flood of sign-ins must not run them side by side.
_CHECKS = BoundedSemaphore(2)


class PasswordError(BackendError):
    """This password cannot be used."""

    code = "bad_password"


def hash_password(password: str) -> str:
    """Return the Argon2id hash to store.

    Raises
    ------
    PasswordError
        Too short or too long.

    """
    if len(password) < MIN_LENGTH:
        raise PasswordError(f"the password needs at least {MIN_LENGTH} characters")
    if len(password) > MAX_LENGTH:
        raise PasswordError(f"the password may have {MAX_LENGTH} characters at most")
    with _CHECKS:
        return _HASHER.hash(password)


def password_matches(hashed: str | None, password: str) -> bool:
    """Compare a password with its hash; no hash takes as long and matches nothing."""
    with _CHECKS:
        try:
            _HASHER.verify(hashed or _hash_of_nobody(), password)
        except (VerificationError, InvalidHashError):
            return False
    return hashed is not None


@cache
def _hash_of_nobody() -> str:
    return _HASHER.hash("the password of nobody")
