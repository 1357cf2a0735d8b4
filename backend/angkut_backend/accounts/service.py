"""Accounts, API tokens and the audit log. The command line and the API share these functions."""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from psycopg.types.json import Jsonb

from angkut_backend.accounts.passwords import hash_password
from angkut_backend.db import Connection, Row, load_queries, translated_errors
from angkut_backend.errors import BackendError, ConflictError, NotFoundError

_SQL = load_queries("angkut_backend.accounts")
#: 32 bytes: nobody guesses one, so its SHA-256 needs no salt.
TOKEN_BYTES = 32


class AccountError(BackendError):
    """This account or token cannot be made like that."""

    code = "bad_account"


class Role(StrEnum):
    """What a person does here; nobody signed in is the public."""

    ADMIN = "admin"
    DISPATCHER = "dispatcher"
    DRIVER = "driver"
    TECHNICIAN = "technician"
    EVALUATOR = "evaluator"
    VIEWER = "viewer"


class Scope(StrEnum):
    """What an API token may do within its account's role."""

    READ = "read"
    WRITE = "write"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A person or program that may sign in."""

    account_id: int
    username: str
    display_name: str
    role: Role
    created_at: datetime
    disabled_at: datetime | None

    @classmethod
    def from_row(cls, row: Row) -> "Account":
        """Read a row of `account`."""
        return cls(**{**row, "role": Role(row["role"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiToken:
    """What is known of a token; its plain text is not."""

    api_token_id: int
    username: str
    name: str
    scope: Scope
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None

    @classmethod
    def from_row(cls, row: Row) -> "ApiToken":
        """Read a row of `api_token` with its account's name."""
        return cls(**{**row, "scope": Scope(row["scope"])})


def new_secret() -> tuple[str, bytes]:
    """Make a random token: its plain text for the owner, its SHA-256 for the database."""
    plaintext = secrets.token_urlsafe(TOKEN_BYTES)
    return plaintext, secret_sha256(plaintext)


def secret_sha256(plaintext: str) -> bytes:
    """Return what the database keeps of a token."""
    return hashlib.sha256(plaintext.encode()).digest()


def audit(
    conn: Connection,
    actor: str,
    action: str,
    subject: str,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Record a change: who (`account:ana`, `token:3`, `cli:root`) did what to what."""
    conn.execute(
        _SQL["insert_audit"],
        {
            "actor": actor,
            "action": action,
            "subject": subject,
            "before": None if before is None else Jsonb(before),
            "after": None if after is None else Jsonb(after),
        },
    )


def add_account(
    conn: Connection, *, username: str, display_name: str, role: Role, password: str, actor: str
) -> Account:
    """Add someone who may sign in.

    Raises
    ------
    PasswordError
        The password is too short or too long.
    AccountError
        The username or the display name is not acceptable.
    ConflictError
        The username is taken.

    """
    if not display_name.strip():
        raise AccountError("a display name is needed: it is what others see on the screen")
    if _find(conn, username) is not None:
        raise ConflictError(f"the username {username!r} is taken: choose another one")
    values = {
        "username": username,
        "display_name": display_name.strip(),
        "role": role,
        "password_argon2": hash_password(password),
    }
    try:
        with translated_errors(), conn.transaction():
            row = conn.execute(_SQL["insert_account"], values).fetchone()
    except ConflictError as exc:
        # The table itself knows what a username looks like.
        raise AccountError(
            f"{username!r} is not a username: 2 to 32 lower-case letters, digits, dots, dashes "
            "or underscores, beginning with a letter or digit"
        ) from exc
    account = Account.from_row(row or {})
    after = {"display_name": account.display_name, "role": role}
    audit(conn, actor, "account.add", f"account:{username}", None, after)
    return account


def list_accounts(conn: Connection) -> list[Account]:
    """Return all accounts by username, the disabled ones too."""
    return [Account.from_row(row) for row in conn.execute(_SQL["list_accounts"])]


def set_password(conn: Connection, *, username: str, password: str, actor: str) -> None:
    """Give an account another password and end its sessions.

    Raises
    ------
    PasswordError
        The password is too short or too long.
    NotFoundError
        There is no such account.

    """
    account = _get(conn, username)
    hashed = hash_password(password)
    key = {"account_id": account["account_id"]}
    conn.execute(_SQL["set_password"], {**key, "password_argon2": hashed})
    conn.execute(_SQL["end_sessions_of_account"], key)
    audit(conn, actor, "account.set_password", f"account:{username}")


def disable_account(conn: Connection, *, username: str, actor: str) -> None:
    """Keep an account from signing in; end its sessions; its tokens stop working.

    Raises
    ------
    NotFoundError
        There is no such account.

    """
    account = _get(conn, username)
    key = {"account_id": account["account_id"]}
    changed = conn.execute(_SQL["disable_account"], key).rowcount
    conn.execute(_SQL["end_sessions_of_account"], key)
    if changed:
        before, after = {"disabled": False}, {"disabled": True}
        audit(conn, actor, "account.disable", f"account:{username}", before, after)


def add_token(
    conn: Connection, *, username: str, name: str, scope: Scope, expires_at: datetime, actor: str
) -> str:
    """Make an API token of an account and return its plain text, which is kept nowhere.

    Raises
    ------
    NotFoundError
        There is no such account.
    AccountError
        The token has no name, or its expiry has no time zone.

    """
    if not name.strip():
        raise AccountError("a token needs a name that says what it is for")
    if expires_at.tzinfo is None:
        raise AccountError("the expiry of a token needs a time zone")
    account = _get(conn, username)
    plaintext, token_sha256 = new_secret()
    values = {
        "token_sha256": token_sha256,
        "account_id": account["account_id"],
        "name": name.strip(),
        "scope": scope,
        "expires_at": expires_at,
    }
    row = conn.execute(_SQL["insert_token"], values).fetchone() or {}
    after = {
        "username": username,
        "name": name.strip(),
        "scope": scope,
        "expires_at": expires_at.isoformat(),
    }
    audit(conn, actor, "token.add", f"token:{row['api_token_id']}", None, after)
    return plaintext


def list_tokens(conn: Connection) -> list[ApiToken]:
    """Return all tokens, the expired and revoked ones too."""
    return [ApiToken.from_row(row) for row in conn.execute(_SQL["list_tokens"])]


def revoke_token(conn: Connection, *, api_token_id: int, actor: str) -> None:
    """Make a token useless, at once and for ever.

    Raises
    ------
    NotFoundError
        There is no such token, or it is revoked already.

    """
    row = conn.execute(_SQL["revoke_token"], {"api_token_id": api_token_id}).fetchone()
    if row is None:
        raise NotFoundError(f"there is no token {api_token_id} in force")
    before, after = {"revoked": False}, {"revoked": True}
    audit(conn, actor, "token.revoke", f"token:{api_token_id}", before, after)


def _find(conn: Connection, username: str) -> Row | None:
    return conn.execute(_SQL["find_account"], {"username": username}).fetchone()


def _get(conn: Connection, username: str) -> Row:
    row = _find(conn, username)
    if row is None:
        raise NotFoundError(f"there is no account {username!r}")
    return row
