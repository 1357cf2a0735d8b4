"""The API as its users meet it: a real server on a real port, on a database of this test."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from fastapi import FastAPI
from pydantic import SecretStr

from angkut_backend import db
from angkut_backend.accounts.service import Role, Scope, add_account, add_token
from angkut_backend.app import create_app
from angkut_backend.serve import Server
from angkut_backend.settings import Settings

PASSWORD = "sampah hari ini"
#: How long a test waits for what must come within a moment.
SOON_S = 10


@dataclass
class SteppedClock:
    """The machine's clock, moved as the test wants."""

    ahead: timedelta = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass
class Api:
    """A running API and those who call it."""

    dsn: str
    app: FastAPI
    server: Server
    thread: threading.Thread
    clock: SteppedClock
    clients: list[httpx.Client] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Address of the server."""
        host, port = self.server.servers[0].sockets[0].getsockname()
        return f"http://{host}:{port}"

    def anonymous(self) -> httpx.Client:
        """A browser that nobody signed in with."""
        client = httpx.Client(
            base_url=self.url, headers={"Sec-Fetch-Site": "same-origin"}, timeout=SOON_S
        )
        self.clients.append(client)
        return client

    def account(self, role: Role, username: str | None = None) -> str:
        """Add an account of that role; return its username."""
        name = username or role.value
        with db.connect(self.dsn) as conn:
            add_account(
                conn,
                username=name,
                display_name=name.title(),
                role=role,
                password=PASSWORD,
                actor="test",
            )
        return name

    def signed_in(self, role: Role, username: str | None = None) -> httpx.Client:
        """A browser with somebody of that role at it."""
        name = self.account(role, username)
        client = self.anonymous()
        answer = client.post("/api/session", json={"username": name, "password": PASSWORD})
        answer.raise_for_status()
        return client

    def token(self, username: str, scope: Scope, days: int = 1) -> httpx.Client:
        """A program with a token of that account."""
        with db.connect(self.dsn) as conn:
            plaintext = add_token(
                conn,
                username=username,
                name="test",
                scope=scope,
                expires_at=self.clock() + timedelta(days=days),
                actor="test",
            )
        client = httpx.Client(
            base_url=self.url, headers={"Authorization": f"Bearer {plaintext}"}, timeout=SOON_S
        )
        self.clients.append(client)
        return client

    def stop(self) -> float:
        """Stop the server; return how long that took, seconds."""
        began = time.monotonic()
        self.server.should_exit = True
        self.thread.join(SOON_S)
        assert not self.thread.is_alive(), "the API did not stop"
        return time.monotonic() - began


@contextmanager
def running_api(dsn: str, page_dir: Path) -> Iterator[Api]:
    """Run the API on any free port until the block ends."""
    clock = SteppedClock()
    settings = Settings(database_dsn=SecretStr(dsn))
    app = create_app(settings, clock=clock, page_dir=page_dir)
    server = Server(app, host="127.0.0.1", port=0)
    thread = threading.Thread(target=server.run, name="api")
    thread.start()
    deadline = time.monotonic() + SOON_S
    while not server.started:
        assert thread.is_alive(), "the API did not start"
        assert time.monotonic() < deadline, "the API did not start in time"
        time.sleep(0.01)
    api = Api(dsn, app, server, thread, clock)
    try:
        yield api
    finally:
        for client in api.clients:
            client.close()
        api.stop()
