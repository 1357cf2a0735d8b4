"""Who may call, on a probe of each kind of guard."""

import pytest

from angkut_backend.accounts.access import Admin, SignedIn, Staff
from angkut_backend.accounts.service import Role, Scope
from parts.api import Api


def signed_in(caller: SignedIn) -> str:
    return caller.actor


def staff(caller: Staff) -> str:
    return caller.actor


def admin(caller: Admin) -> str:
    return caller.actor


@pytest.fixture
def api(api: Api) -> Api:
    for probe in (signed_in, staff, admin):
        api.app.add_api_route(
            f"/api/probe/{probe.__name__}", probe, methods=["GET", "POST"], operation_id="probe"
        )
    return api


@pytest.mark.parametrize("guard", ["signed_in", "staff", "admin"])
def test_anonymous_is_let_in_nowhere(api: Api, guard: str) -> None:
    answer = api.anonymous().post(f"/api/probe/{guard}")
    assert (answer.status_code, answer.json()["error"]) == (401, "not_signed_in")


@pytest.mark.parametrize(
    ("role", "codes"),
    [
        (Role.ADMIN, [200, 200, 200]),
        (Role.DISPATCHER, [200, 200, 403]),
        (Role.DRIVER, [200, 403, 403]),
        (Role.TECHNICIAN, [200, 403, 403]),
        (Role.EVALUATOR, [200, 403, 403]),
        (Role.VIEWER, [200, 403, 403]),
    ],
)
def test_a_role_is_let_in_where_it_belongs(api: Api, role: Role, codes: list[int]) -> None:
    client = api.signed_in(role)
    paths = [f"/api/probe/{guard}" for guard in ("signed_in", "staff", "admin")]
    assert [client.post(path).status_code for path in paths] == codes


def test_a_token_has_the_role_of_its_account(api: Api) -> None:
    program = api.token(api.account(Role.VIEWER), Scope.WRITE)
    assert program.get("/api/probe/signed_in").json() == "token:1"
    answer = program.get("/api/probe/admin")
    assert (answer.status_code, answer.json()["error"]) == (403, "not_allowed")


def test_a_read_token_may_not_write(api: Api) -> None:
    program = api.token(api.account(Role.ADMIN), Scope.READ)
    assert program.get("/api/probe/admin").status_code == 200
    answer = program.post("/api/probe/admin")
    assert (answer.status_code, answer.json()["error"]) == (403, "read_only_token")


def test_a_write_token_may_write_without_being_our_page(api: Api) -> None:
    program = api.token(api.account(Role.ADMIN), Scope.WRITE)
    headers = {"Origin": "https://evil.example"}
    assert program.post("/api/probe/admin", headers=headers).json() == "token:1"


def test_another_site_cannot_write_with_the_cookie(api: Api) -> None:
    client = api.signed_in(Role.ADMIN)
    client.headers["Sec-Fetch-Site"] = "cross-site"
    assert client.post("/api/probe/admin").status_code == 403
