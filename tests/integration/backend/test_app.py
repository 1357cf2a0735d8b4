import json
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg
import pytest
from psycopg import sql

from angkut_backend import db
from angkut_backend.accounts.service import Role
from angkut_backend.http_guard import MAX_BODY_BYTES
from parts.api import PASSWORD, Api, running_api
from parts.databases import Databases
from parts.waiting import PATIENCE_S, wait_until

CSP = {
    "default-src 'self'",
    "worker-src 'self' blob:",
    "img-src 'self' data: blob:",
    "connect-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "frame-ancestors 'none'",
}


class Switch:
    """Turns the database of a test off and on, as a restart of its server would."""

    def __init__(self, databases: Databases, dsn: str) -> None:
        self._dsn = databases.server.dsn
        self._name = psycopg.conninfo.conninfo_to_dict(dsn)["dbname"]

    def _run(self, statement: str) -> None:
        with psycopg.connect(self._dsn, autocommit=True) as conn:
            conn.execute(sql.SQL(statement).format(sql.Identifier(str(self._name))))

    def off(self) -> None:
        self._run("ALTER DATABASE {} ALLOW_CONNECTIONS false")
        with psycopg.connect(self._dsn, autocommit=True) as conn:
            conn.execute(
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = %s",
                [self._name],
            )

    def on(self) -> None:
        self._run("ALTER DATABASE {} ALLOW_CONNECTIONS true")


@pytest.fixture
def switch(embedded: Databases, database: str) -> Switch:
    return Switch(embedded, database)


@pytest.fixture
def client(api: Api) -> httpx.Client:
    return api.anonymous()


@pytest.mark.parametrize(
    "path", ["/", "/assets/x.js", "/api/session", "/api/bins", "/api/nowhere", "/api/health/live"]
)
def test_every_answer_keeps_the_browser_strict(client: httpx.Client, path: str) -> None:
    headers = client.get(path).headers
    assert set(headers["content-security-policy"].split("; ")) >= CSP
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "server" not in headers


@pytest.mark.parametrize("path", ["/api/session", "/api/bins", "/api/nowhere"])
def test_nothing_of_the_api_is_kept_in_a_cache(client: httpx.Client, path: str) -> None:
    assert client.get(path).headers["cache-control"] == "no-store"


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE"])
@pytest.mark.parametrize("path", ["/api", "/api/", "/api/nowhere", "/api/bins/", "/docs"])
def test_an_unknown_address_is_404(client: httpx.Client, method: str, path: str) -> None:
    answer = client.request(method, path)
    assert answer.status_code == 404
    if method != "HEAD":
        assert answer.json() == {"error": "not_found", "detail": "there is no such address"}


def test_a_wrong_method_is_405(client: httpx.Client) -> None:
    answer = client.post("/api/bins")
    assert (answer.status_code, answer.json()["error"]) == (405, "method_not_allowed")


@pytest.mark.parametrize("is_length_told", [True, False])
def test_a_body_beyond_the_bound_is_413(client: httpx.Client, is_length_told: bool) -> None:
    body = json.dumps({"username": "a", "password": "x" * MAX_BODY_BYTES}).encode()

    def pieces() -> Iterator[bytes]:
        yield from (body[i : i + 4096] for i in range(0, len(body), 4096))

    answer = client.post(
        "/api/session",
        content=body if is_length_told else pieces(),
        headers={"Content-Type": "application/json"},
    )
    assert (answer.status_code, answer.json()["error"]) == (413, "body_too_large")
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_description_of_the_interface_is_public(client: httpx.Client) -> None:
    answer = client.get("/api/openapi.json")
    assert answer.json()["info"]["title"] == "Angkut"


def test_without_a_built_page_it_says_how_to_build_it(client: httpx.Client) -> None:
    answer = client.get("/")
    assert answer.status_code == 503
    assert answer.headers["content-type"].startswith("text/plain")
    assert "npm run build" in answer.text
    assert client.get("/assets/index.js").status_code == 404


def test_the_index_is_asked_for_anew_and_hashed_files_never(
    page_dir: Path, client: httpx.Client
) -> None:
    (page_dir / "assets").mkdir(parents=True)
    (page_dir / "index.html").write_text("<title>Angkut</title>")
    (page_dir / "assets/index-4f3a.js").write_text("let a")
    (page_dir.parent / "secret").write_text("no")
    index = client.get("/", params={"bin": "BKS-BT-0001"})
    script = client.get("/assets/index-4f3a.js")
    assert (index.text, index.headers["cache-control"]) == ("<title>Angkut</title>", "no-cache")
    assert script.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert client.get("/assets/index-0000.js").status_code == 404
    assert client.get("/%2e%2e/secret").status_code == 404
    assert client.get("/", headers={"If-None-Match": index.headers["etag"]}).status_code == 304
    assert client.get("/assets/index-4f3a.js", headers={"Range": "bytes=0-2"}).text == "let"


def test_alive_and_ready_with_a_database(client: httpx.Client) -> None:
    assert client.get("/api/health/live").json() == {"status": "ok"}
    answer = client.get("/api/health/ready")
    assert answer.status_code == 200
    assert answer.json()["database"] == "ok"
    assert answer.json()["migrations"] == "current"


def test_not_ready_without_the_schema(embedded: Databases, page_dir: Path) -> None:
    with embedded.empty() as dsn, running_api(dsn, page_dir) as api:
        answer = api.anonymous().get("/api/health/ready")
    assert (answer.status_code, answer.json()["error"]) == (503, "migrations_pending")
    assert "angkut migrate" in answer.json()["detail"]


def test_it_starts_without_its_database_and_is_there_when_that_comes(
    switch: Switch, database: str, page_dir: Path
) -> None:
    switch.off()
    with running_api(database, page_dir) as api:
        client = api.anonymous()
        assert client.get("/api/health/live").status_code == 200
        answer = client.get("/api/health/ready")
        assert (answer.status_code, answer.json()["error"]) == (503, "database_unavailable")
        switch.on()
        wait_until(lambda: client.get("/api/health/ready").status_code == 200, what="readiness")


def test_it_gets_over_a_restart_of_its_database(api: Api, switch: Switch) -> None:
    client = api.signed_in(Role.VIEWER)
    switch.off()
    for path in ("/api/bins", "/api/live", "/api/session"):
        answer = client.get(path)
        assert (answer.status_code, answer.json()["error"]) == (503, "database_unavailable")
        assert "Traceback" not in answer.text
    switch.on()
    wait_until(lambda: client.get("/api/bins").status_code == 200, what="the bins")


def test_an_unforeseen_error_is_a_500_in_the_same_shape(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    client = api.signed_in(Role.VIEWER)
    with db.connect(api.dsn) as conn:
        conn.execute("ALTER TABLE bin RENAME TO tub")
    answer = client.get("/api/bins")
    assert (answer.status_code, answer.json()["error"]) == (500, "internal")
    assert "tub" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "UndefinedTable" in caplog.text


def test_one_line_a_request_without_secrets(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "angkut.access")
    client = api.signed_in(Role.VIEWER)
    client.get("/api/bins", params={"token": "s3cret"}, headers={"Authorization": "Bearer s3cret"})
    client.get("/api/bins/a%0Alevel=ERROR")
    lines = wait_until(
        lambda: lines if len(lines := caplog.messages) == 3 else [], what="three lines"
    )
    assert [line.split(" ms=")[0] for line in lines] == [
        "method=POST path=/api/session status=200",
        "method=GET path=/api/bins status=401",
        "method=GET path=/api/bins/a%0Alevel=ERROR status=422",
    ]
    for secret in ("s3cret", PASSWORD, client.cookies["angkut_session"]):
        assert secret not in caplog.text


def test_a_hundred_requests_at_once_are_all_answered(api: Api) -> None:
    client = api.signed_in(Role.VIEWER)
    with (
        httpx.Client(base_url=api.url, cookies=client.cookies, timeout=PATIENCE_S) as browser,
        ThreadPoolExecutor(100) as people,
    ):
        codes = list(people.map(lambda _: browser.get("/api/bins").status_code, range(100)))
    assert codes == [200] * 100


def test_of_thousands_of_mistakes_a_few_are_told(api: Api) -> None:
    path = f"/api/plans/{uuid4()}/replan"

    answer = api.signed_in(Role.DISPATCHER).post(path, json={"changes": {"locks": [1] * 5000}})

    assert (answer.status_code, answer.json()["error"]) == (422, "malformed_input")
    assert answer.json()["detail"].startswith("changes.locks.0: ")
    assert answer.json()["detail"].endswith("; and 4980 more")
