"""Run the API until it is told to stop."""

import logging
import socket
import time
from typing import Any

import uvicorn
from fastapi import FastAPI

from angkut_backend.app import create_app
from angkut_backend.errors import BackendError
from angkut_backend.live.service import Live
from angkut_backend.settings import Settings

_LOG = logging.getLogger("angkut.api")
#: What is still running after so long is cut off, so that a stop takes seconds.
STOP_S = 3


class ListenError(BackendError):
    """The address to listen on cannot be had."""

    code = "cannot_listen"


class Server(uvicorn.Server):
    """A server that ends the open event streams before it waits for its connections to close."""

    def __init__(
        self,
        app: FastAPI,
        *,
        host: str,
        port: int,
        trusted_proxies: str = "",
        log_config: dict[str, Any] | None = None,
    ) -> None:
        self._app = app
        super().__init__(
            uvicorn.Config(
                app,
                host=host,
                port=port,
                log_config=log_config,
                # One line a request comes from our own middleware, which leaves the query out.
                access_log=False,
                server_header=False,
                # Nobody else may say whose request it is or that it came by TLS: the throttle
                # of sign-ins counts addresses, and TLS makes the cookie Secure.
                proxy_headers=bool(trusted_proxies),
                forwarded_allow_ips=trusted_proxies,
                timeout_graceful_shutdown=STOP_S,
                lifespan="on",
                ws="none",
            )
        )

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop: a stream is never done by itself."""
        live: Live = self._app.state.live
        live.close()
        await super().shutdown(sockets)


def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises
    ------
    NotConfiguredError
        No database is configured.
    ListenError
        Another program has the port, or the address is not of this machine.

    """
    _ = settings.dsn  # says what is missing before anything is started
    app = create_app(settings)
    server = Server(
        app,
        host=settings.api_host,
        port=settings.api_port,
        trusted_proxies=settings.trusted_proxies,
        log_config=_log_config(settings.log_level),
    )
    with _listening(settings.api_host, settings.api_port) as listening:
        host, port = listening.getsockname()[:2]
        _LOG.info("listening on http://%s:%d", f"[{host}]" if ":" in host else host, port)
        server.run(sockets=[listening])


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as exc:
        raise ListenError(
            f"cannot listen on {host}:{port} ({exc.strerror or exc}): "
            "stop the program that has it, or set api_host and api_port"
        ) from exc


class _LineFormatter(logging.Formatter):
    """One event a line, times in UTC; only a traceback may follow."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """Put a message of several lines, such as libpq's, into one."""
        return " ".join(super().formatMessage(record).split())

    @staticmethod
    def converter(timestamp_s: float | None) -> time.struct_time:
        """Convert as the formatter wants it."""
        return time.gmtime(timestamp_s)


def _log_config(level: str) -> dict[str, Any]:
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": _LineFormatter,
                "fmt": "time=%(asctime)s level=%(levelname)s logger=%(name)s %(message)s",
                "datefmt": "%Y-%m-%dT%H:%M:%SZ",
            }
        },
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": "line",
                "stream": "ext://sys.stderr",
            }
        },
        # The queue tells each of its steps; that somebody asked for a job is in the access line.
        "loggers": {} if level.upper() == "DEBUG" else {"procrastinate": {"level": "WARNING"}},
        "root": {"handlers": ["stderr"], "level": level.upper()},
    }
