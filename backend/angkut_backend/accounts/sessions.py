"""Sign-in, sign-out, and who is calling."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from angkut_backend.accounts.passwords import password_matches
from angkut_backend.accounts.service import Role, Scope, audit, new_secret, secret_sha256
from angkut_backend.db import Connection, Row, load_queries
from angkut_backend.errors import NotSignedInError, TooManyAttemptsError
from angkut_backend.pool import Pool

_SQL = load_queries("angkut_backend.accounts")
#: Failures are counted over this time, then forgotten.
THROTTLE_WINDOW = timedelta(minutes=15)
MAX_FAILURES_PER_USERNAME = 5
#: A depot or an office shares one address.
MAX_FAILURES_PER_ADDRESS = 20


class WrongPasswordError(NotSignedInError):
    """Username or password is wrong."""

    code = "wrong_password"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who makes a request, by session or by token."""

    account_id: int
    username: str
    display_name: str
    role: Role
    #: A session may write; a token only when it was made for it.
    scope: Scope = Scope.WRITE
    #: As the audit log names them: `account:ana`, `token:3`.
    actor: str

    @classmethod
    def from_row(cls, row: Row) -> "Caller":
        """Read a row of an account, with the token's columns when one was used."""
        token_id = row.get("api_token_id")
        return cls(
            account_id=row["account_id"],
            username=row["username"],
            display_name=row["display_name"],
            role=Role(row["role"]),
            scope=Scope(row.get("scope", Scope.WRITE)),
            actor=f"account:{row['username']}" if token_id is None else f"token:{token_id}",
        )


def sign_in(
    pool: Pool, *, username: str, password: str, address: str, now: datetime, lasts: timedelta
) -> tuple[Caller, str]:
    """Start a session and return who it is with the session's token.

    The attempt is recorded as failed before the password is checked and forgiven after, so that
    guesses made in parallel are all counted; no connection is held while Argon2 works.

    Raises
    ------
    TooManyAttemptsError
        Too many failures of this username or from this address.
    WrongPasswordError
        Unknown username, wrong password or disabled account: the answer does not say which.

    """
    username = username.strip().lower()
    with pool.connection() as conn:
        account = _count_attempt(conn, username, address, now)
    matches = password_matches(account["password_argon2"] if account else None, password)
    if account is None or not matches or account["disabled_at"] is not None:
        # A name that nobody has may be a password typed into the wrong field: never kept.
        subject = f"account:{username}" if account else "account:unknown"
        with pool.connection() as conn:
            audit(conn, "public", "session.refuse", subject, None, {"address": address})
        raise WrongPasswordError
    with pool.connection() as conn:
        return _start_session(conn, account, now, lasts)


def _count_attempt(conn: Connection, username: str, address: str, now: datetime) -> Row | None:
    key = {"username": username, "address": address}
    since = {"since": now - THROTTLE_WINDOW}
    conn.execute(_SQL["lock_username"], key)
    conn.execute(_SQL["purge_failures"], since)
    count = conn.execute(_SQL["count_failures"], {**key, **since}).fetchone() or {}
    if (
        count["by_username"] >= MAX_FAILURES_PER_USERNAME
        or count["by_address"] >= MAX_FAILURES_PER_ADDRESS
    ):
        raise TooManyAttemptsError
    conn.execute(_SQL["insert_failure"], {**key, "failed_at": now})
    return conn.execute(_SQL["find_account"], key).fetchone()


def _start_session(
    conn: Connection, account: Row, now: datetime, lasts: timedelta
) -> tuple[Caller, str]:
    caller = Caller.from_row(account)
    plaintext, token_sha256 = new_secret()
    conn.execute(_SQL["forgive_failures"], {"username": caller.username})
    conn.execute(_SQL["purge_sessions"], {"now": now})
    values = {
        "token_sha256": token_sha256,
        "account_id": caller.account_id,
        "created_at": now,
        "expires_at": now + lasts,
    }
    conn.execute(_SQL["insert_session"], values)
    audit(conn, caller.actor, "session.start", caller.actor)
    return caller, plaintext


def sign_out(conn: Connection, token: str) -> None:
    """End a session; one that is over already is no error."""
    row = conn.execute(_SQL["end_session"], {"token_sha256": secret_sha256(token)}).fetchone()
    if row is not None:
        actor = f"account:{row['username']}"
        audit(conn, actor, "session.end", actor)


def caller_of_session(conn: Connection, token: str, now: datetime) -> Caller | None:
    """Return who a session belongs to, if it is in force."""
    values = {"token_sha256": secret_sha256(token), "now": now}
    row = conn.execute(_SQL["caller_of_session"], values).fetchone()
    return None if row is None else Caller.from_row(row)


def caller_of_token(conn: Connection, token: str, now: datetime) -> Caller | None:
    """Return whom an API token speaks for, if it is in force."""
    values = {"token_sha256": secret_sha256(token), "now": now}
    row = conn.execute(_SQL["caller_of_token"], values).fetchone()
    return None if row is None else Caller.from_row(row)
