from datetime import timedelta

import httpx
import pytest

from angkut_backend import db
from angkut_backend.accounts.service import (
    Role,
    Scope,
    disable_account,
    list_tokens,
    revoke_token,
    set_password,
)
from parts.api import PASSWORD, Api

WRONG = "not the password"
NOBODY = {"account": None}


def sign_in(client: httpx.Client, username: str, password: str = PASSWORD) -> httpx.Response:
    return client.post("/api/session", json={"username": username, "password": password})


def who(client: httpx.Client) -> object:
    return client.get("/api/session").json()["account"]


def audited(api: Api) -> list[tuple[str, str, str]]:
    with db.connect(api.dsn) as conn:
        rows = conn.execute("SELECT actor, action, subject FROM audit_log ORDER BY audit_id")
        return [(row["actor"], row["action"], row["subject"]) for row in rows]


def test_anonymous_is_nobody(api: Api) -> None:
    answer = api.anonymous().get("/api/session")
    assert (answer.status_code, answer.json()) == (200, NOBODY)


def test_anonymous_may_sign_out_of_nothing(api: Api) -> None:
    assert api.anonymous().delete("/api/session").status_code == 204


@pytest.mark.parametrize("username", ["ana", "nobody"])
def test_a_wrong_password_and_an_unknown_name_are_told_the_same(api: Api, username: str) -> None:
    api.account(Role.VIEWER, "ana")
    answer = sign_in(api.anonymous(), username, WRONG)
    assert answer.status_code == 401
    assert answer.json() == {
        "error": "wrong_password",
        "detail": "Username or password is wrong.",
    }
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"username": "ana"}, "password"),
        ({"username": "ana", "password": ""}, "password"),
        ({"username": "a\x00na", "password": "x"}, "username"),
        ({"username": "ana", "password": "x", "role": "admin"}, "role"),
        ([], "body"),
    ],
)
def test_malformed_credentials_are_422_and_name_the_field(
    api: Api, body: object, named: str
) -> None:
    answer = api.anonymous().post("/api/session", json=body)
    assert answer.status_code == 422
    assert answer.json()["error"] == "malformed_input"
    assert answer.json()["detail"].startswith(named)


def test_a_malformed_password_is_not_repeated_in_the_answer(api: Api) -> None:
    answer = sign_in(api.anonymous(), "ana", "s3cret" * 100)
    assert answer.status_code == 422
    assert "s3cret" not in answer.text


def test_signing_in_gives_a_session_that_signing_out_ends(api: Api) -> None:
    api.account(Role.DISPATCHER, "ana")
    client = api.anonymous()
    answer = sign_in(client, " Ana ")
    account = {"username": "ana", "display_name": "Ana", "role": "dispatcher"}
    assert (answer.status_code, answer.json()) == (200, {"account": account})
    assert who(client) == account
    stolen = dict(client.cookies)
    assert client.delete("/api/session").status_code == 204
    assert who(client) is None
    client.cookies.update(stolen)
    assert who(client) is None


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(api: Api) -> None:
    api.account(Role.VIEWER, "ana")
    cookie = sign_in(api.anonymous(), "ana").headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "max-age=43200" in cookie
    assert "secure" not in cookie  # plain http here; the page would never get it back


def test_only_a_hash_of_the_session_is_stored(api: Api) -> None:
    client = api.signed_in(Role.VIEWER)
    with db.connect(api.dsn) as conn:
        rows = conn.execute("SELECT token_sha256 FROM session").fetchall()
    assert len(rows) == 1
    assert client.cookies["angkut_session"].encode() not in rows[0]["token_sha256"]


def test_signing_in_again_ends_the_former_session(api: Api) -> None:
    client = api.signed_in(Role.VIEWER, "ana")
    sign_in(client, "ana")
    with db.connect(api.dsn) as conn:
        assert len(conn.execute("SELECT FROM session").fetchall()) == 1


def test_a_session_ends_after_its_hours(api: Api) -> None:
    client = api.signed_in(Role.VIEWER)
    api.clock.ahead = timedelta(hours=11, minutes=59)
    assert who(client) is not None
    api.clock.ahead = timedelta(hours=12, minutes=1)
    assert who(client) is None


def test_another_password_ends_the_sessions(api: Api) -> None:
    client = api.signed_in(Role.VIEWER, "ana")
    with db.connect(api.dsn) as conn:
        set_password(conn, username="ana", password="another password", actor="cli:test")
    assert who(client) is None
    assert sign_in(client, "ana").status_code == 401
    assert sign_in(client, "ana", "another password").status_code == 200


def test_a_disabled_account_is_out_at_once_and_stays_out(api: Api) -> None:
    client = api.signed_in(Role.VIEWER, "ana")
    program = api.token("ana", Scope.READ)
    assert who(program) is not None
    with db.connect(api.dsn) as conn:
        disable_account(conn, username="ana", actor="cli:test")
    assert who(client) is None
    assert who(program) is None
    assert sign_in(client, "ana").status_code == 401


def test_the_fifth_failure_closes_the_name_for_a_quarter_of_an_hour(api: Api) -> None:
    api.account(Role.VIEWER, "ana")
    client = api.anonymous()
    assert [sign_in(client, "ana", WRONG).status_code for _ in range(6)] == [401] * 5 + [429]
    closed = sign_in(client, "ana")
    assert closed.status_code == 429
    assert closed.json()["error"] == "too_many_attempts"
    api.clock.ahead = timedelta(minutes=15, seconds=1)
    assert sign_in(client, "ana").status_code == 200
    with db.connect(api.dsn) as conn:
        assert conn.execute("SELECT FROM signin_failure").fetchall() == []


def test_a_right_password_forgives_the_failures(api: Api) -> None:
    api.account(Role.VIEWER, "ana")
    client = api.anonymous()
    codes = [
        sign_in(client, "ana", password).status_code
        for password in [WRONG] * 4 + [PASSWORD] + [WRONG] * 4
    ]
    assert codes == [401] * 4 + [200] + [401] * 4


def test_twenty_failures_close_the_address(api: Api) -> None:
    client = api.anonymous()
    codes = [sign_in(client, f"name{n}", WRONG).status_code for n in range(21)]
    assert codes == [401] * 20 + [429]


def test_sessions_are_in_the_audit_log(api: Api) -> None:
    client = api.signed_in(Role.VIEWER, "ana")
    client.delete("/api/session")
    sign_in(client, "ana", WRONG)
    sign_in(client, "a password typed into the wrong field", WRONG)
    assert audited(api) == [
        ("test", "account.add", "account:ana"),
        ("account:ana", "session.start", "account:ana"),
        ("account:ana", "session.end", "account:ana"),
        ("public", "session.refuse", "account:ana"),
        ("public", "session.refuse", "account:unknown"),
    ]


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {},
    ],
)
def test_another_site_cannot_use_the_cookie(api: Api, headers: dict[str, str]) -> None:
    client = api.signed_in(Role.VIEWER)
    del client.headers["Sec-Fetch-Site"]
    answer = client.delete("/api/session", headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (403, "other_origin")
    assert who(client) is not None


def test_our_own_page_is_known_by_its_origin_in_older_browsers(api: Api) -> None:
    client = api.signed_in(Role.VIEWER)
    del client.headers["Sec-Fetch-Site"]
    assert client.delete("/api/session", headers={"Origin": api.url}).status_code == 204


def test_another_site_cannot_sign_its_victim_in(api: Api) -> None:
    api.account(Role.VIEWER, "ana")
    client = api.anonymous()
    client.headers["Sec-Fetch-Site"] = "cross-site"
    assert sign_in(client, "ana").status_code == 403


def test_a_program_without_cookie_may_sign_in(api: Api) -> None:
    api.account(Role.VIEWER, "ana")
    client = api.anonymous()
    del client.headers["Sec-Fetch-Site"]
    assert sign_in(client, "ana").status_code == 200


def test_a_token_speaks_for_its_account_until_it_expires(api: Api) -> None:
    api.account(Role.EVALUATOR, "ana")
    program = api.token("ana", Scope.READ, days=1)
    assert who(program) == {"username": "ana", "display_name": "Ana", "role": "evaluator"}
    api.clock.ahead = timedelta(days=1, seconds=1)
    assert who(program) is None


def test_a_revoked_token_is_worth_nothing(api: Api) -> None:
    api.account(Role.EVALUATOR, "ana")
    program = api.token("ana", Scope.WRITE)
    with db.connect(api.dsn) as conn:
        revoke_token(conn, api_token_id=list_tokens(conn)[0].api_token_id, actor="cli:test")
    assert who(program) is None


def test_a_bad_token_is_not_mended_by_a_good_cookie(api: Api) -> None:
    client = api.signed_in(Role.VIEWER)
    answer = client.get("/api/session", headers={"Authorization": "Bearer nonsense"})
    assert answer.json() == NOBODY
