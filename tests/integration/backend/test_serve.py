"""The process: started, stopped, and what it says when it cannot start."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI, Request
from pydantic import SecretStr

from angkut_backend.errors import NotConfiguredError
from angkut_backend.serve import ListenError, Server, run
from angkut_backend.settings import Settings
from parts.waiting import wait_until

PROGRAM = """
from angkut_backend.serve import run
from angkut_backend.settings import load_settings
run(load_settings().settings)
"""


@pytest.fixture
def taken() -> Iterator[socket.socket]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


@pytest.fixture
def process(database: str, log: Path, tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    env = os.environ | {"ANGKUT_DATABASE_DSN": database, "ANGKUT_API_PORT": "0"}
    with (
        log.open("w") as stderr,
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM], env=env, cwd=tmp_path, stderr=stderr
        ) as process,
    ):
        yield process
        process.kill()


def is_ready(log: Path) -> bool:
    urls = [word for word in log.read_text().split() if word.startswith("http://")]
    try:
        return bool(urls) and httpx.get(f"{urls[0]}/api/health/ready").is_success
    except httpx.TransportError:
        return False


def test_a_term_signal_stops_it_cleanly(process: "subprocess.Popen[bytes]", log: Path) -> None:
    wait_until(lambda: is_ready(log), what="readiness")
    process.terminate()
    code = wait_until(lambda: process.poll() is not None and [process.poll()], what="the end")
    assert code == [-signal.SIGTERM]
    lines = log.read_text().splitlines()
    assert all(line.startswith("time=") for line in lines)
    assert any("path=/api/health/ready status=200" in line for line in lines)


def test_a_taken_port_is_named(taken: socket.socket, database: str) -> None:
    port = taken.getsockname()[1]
    settings = Settings(database_dsn=SecretStr(database), api_port=port)
    with pytest.raises(ListenError, match=f"127.0.0.1:{port}"):
        run(settings)


def test_without_a_database_configured_it_says_so() -> None:
    with pytest.raises(NotConfiguredError, match="angkut up"):
        run(Settings())


@pytest.mark.parametrize(("trusted", "secure"), [("", False), ("127.0.0.1", True)])
def test_only_a_trusted_proxy_may_say_that_a_request_came_by_tls(
    trusted: str, secure: bool
) -> None:
    app = FastAPI()

    @app.get("/scheme")
    def scheme(request: Request) -> str:
        return request.url.scheme

    config = Server(app, host="127.0.0.1", port=0, trusted_proxies=trusted).config
    config.load()
    transport = httpx.ASGITransport(config.loaded_app, client=("127.0.0.1", 5))

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://angkut") as client:
            return await client.get("/scheme", headers={"X-Forwarded-Proto": "https"})

    assert asyncio.run(ask()).json() == ("https" if secure else "http")
