from datetime import UTC, datetime, timedelta

import pytest

from angkut_backend.accounts.passwords import PasswordError
from angkut_backend.accounts.service import (
    AccountError,
    Role,
    Scope,
    add_account,
    add_token,
    audit,
    disable_account,
    list_accounts,
    list_tokens,
    revoke_token,
    set_password,
)
from angkut_backend.db import Connection
from angkut_backend.errors import ConflictError, NotFoundError
from parts.api import PASSWORD

ACTOR = "cli:root"
TOMORROW = datetime.now(UTC) + timedelta(days=1)


def add(conn: Connection, username: str = "ana", password: str = PASSWORD) -> None:
    add_account(
        conn,
        username=username,
        display_name=" Ana Sari ",
        role=Role.DISPATCHER,
        password=password,
        actor=ACTOR,
    )


def log(conn: Connection) -> list[dict[str, object]]:
    return conn.execute(
        "SELECT actor, action, subject, before, after FROM audit_log ORDER BY audit_id"
    ).fetchall()


def test_an_account_is_listed_and_logged(conn: Connection) -> None:
    add(conn)
    [account] = list_accounts(conn)
    assert (account.username, account.display_name) == ("ana", "Ana Sari")
    assert account.role is Role.DISPATCHER
    assert account.disabled_at is None
    assert log(conn) == [
        {
            "actor": ACTOR,
            "action": "account.add",
            "subject": "account:ana",
            "before": None,
            "after": {"display_name": "Ana Sari", "role": "dispatcher"},
        }
    ]


def test_the_password_is_kept_as_argon2id(conn: Connection) -> None:
    add(conn)
    row = conn.execute("SELECT password_argon2 FROM account").fetchone()
    assert row is not None
    assert row["password_argon2"].startswith("$argon2id$")


@pytest.mark.parametrize(("password", "says"), [("123456789", "10"), ("x" * 257, "256")])
def test_a_password_of_wrong_length_is_refused_with_the_bound(
    conn: Connection, password: str, says: str
) -> None:
    with pytest.raises(PasswordError, match=says):
        add(conn, password=password)
    assert list_accounts(conn) == []


@pytest.mark.parametrize("username", ["", "a", "Ana", "ana sari", "-ana", "x" * 33])
def test_what_is_no_username_is_refused_and_explained(conn: Connection, username: str) -> None:
    with pytest.raises(AccountError, match="lower-case"):
        add(conn, username)
    assert list_accounts(conn) == []


def test_a_username_is_taken_once(conn: Connection) -> None:
    add(conn)
    with pytest.raises(ConflictError, match="'ana' is taken"):
        add(conn)


def test_a_password_is_changed_without_a_trace_of_it(conn: Connection) -> None:
    add(conn)
    set_password(conn, username="ana", password="another password", actor=ACTOR)
    assert log(conn)[-1]["action"] == "account.set_password"
    assert "another" not in str(log(conn))


def test_an_account_is_disabled_once(conn: Connection) -> None:
    add(conn)
    disable_account(conn, username="ana", actor=ACTOR)
    disable_account(conn, username="ana", actor=ACTOR)
    assert list_accounts(conn)[0].disabled_at is not None
    assert [row["action"] for row in log(conn)] == ["account.add", "account.disable"]


def test_a_token_is_shown_once_and_kept_as_a_hash(conn: Connection) -> None:
    add(conn)
    plaintext = add_token(
        conn, username="ana", name="report", scope=Scope.READ, expires_at=TOMORROW, actor=ACTOR
    )
    [token] = list_tokens(conn)
    assert (token.username, token.name, token.scope) == ("ana", "report", Scope.READ)
    assert (token.expires_at, token.revoked_at) == (TOMORROW, None)
    dump = conn.execute("SELECT t::text AS row FROM api_token t").fetchone()
    assert dump is not None
    assert plaintext not in dump["row"]
    assert plaintext not in str(log(conn))


def test_a_token_without_name_or_zone_is_refused(conn: Connection) -> None:
    add(conn)
    for name, expires_at in [(" ", TOMORROW), ("report", TOMORROW.replace(tzinfo=None))]:
        with pytest.raises(AccountError):
            add_token(
                conn,
                username="ana",
                name=name,
                scope=Scope.READ,
                expires_at=expires_at,
                actor=ACTOR,
            )


def test_a_token_is_revoked_once(conn: Connection) -> None:
    add(conn)
    add_token(
        conn, username="ana", name="report", scope=Scope.READ, expires_at=TOMORROW, actor=ACTOR
    )
    [token] = list_tokens(conn)
    revoke_token(conn, api_token_id=token.api_token_id, actor=ACTOR)
    assert list_tokens(conn)[0].revoked_at is not None
    with pytest.raises(NotFoundError):
        revoke_token(conn, api_token_id=token.api_token_id, actor=ACTOR)


def test_what_concerns_nobody_is_not_found(conn: Connection) -> None:
    with pytest.raises(NotFoundError, match="'ana'"):
        set_password(conn, username="ana", password="another password", actor=ACTOR)
    with pytest.raises(NotFoundError, match="'ana'"):
        disable_account(conn, username="ana", actor=ACTOR)


def test_the_log_keeps_before_and_after(conn: Connection) -> None:
    audit(conn, ACTOR, "bin.move", "bin:BKS-BT-0001", {"lon": 107.0}, {"lon": 107.1})
    [row] = log(conn)
    assert (row["before"], row["after"]) == ({"lon": 107.0}, {"lon": 107.1})
