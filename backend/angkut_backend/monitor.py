"""What a process without a web page shows to a monitor: metrics, alive, ready."""

import json
import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from angkut_backend.errors import BackendError

log = logging.getLogger("angkut.monitor")


class MonitorPortError(BackendError):
    """The port for metrics and health cannot be had."""


@dataclass(frozen=True, slots=True)
class Health:
    """How a process is. Alive: leave it running. Ready: it does its work at this moment."""

    alive: bool
    #: What keeps it from its work, and since when; empty when it is ready.
    troubles: Mapping[str, datetime]

    @property
    def ready(self) -> bool:
        """Whether nothing keeps it from its work."""
        return self.alive and not self.troubles

    def body(self) -> dict[str, object]:
        """Return what is shown."""
        return {
            "status": "ok" if self.ready else "degraded" if self.alive else "dead",
            "troubles": {what: since.isoformat() for what, since in self.troubles.items()},
        }


@contextmanager
def monitor(
    address: tuple[str, int] | None, registry: CollectorRegistry, health: Callable[[], Health]
) -> Iterator[None]:
    """Serve `/metrics`, `/health/live` and `/health/ready` until the block ends.

    Raises
    ------
    MonitorPortError
        Another program has the port.
    """
    if address is None:
        yield
        return
    try:
        server = ThreadingHTTPServer(address, _handler(registry, health))
    except OSError as exc:
        raise MonitorPortError(
            f"metrics cannot be served on port {address[1]}: {exc}; choose another metrics_port"
        ) from exc
    thread = threading.Thread(target=server.serve_forever, name="monitor", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


def _handler(
    registry: CollectorRegistry, health: Callable[[], Health]
) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/metrics":
                self._answer(HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest(registry))
                return
            found = health()
            if self.path == "/health/live":
                self._answer_health(found, good=found.alive)
            elif self.path == "/health/ready":
                self._answer_health(found, good=found.ready)
            else:
                self._answer(HTTPStatus.NOT_FOUND, "text/plain", b"not found\n")

        def log_message(self, *arguments: object) -> None:
            """Say nothing: a monitor asks every few seconds."""

        def _answer_health(self, found: Health, *, good: bool) -> None:
            status = HTTPStatus.OK if good else HTTPStatus.SERVICE_UNAVAILABLE
            self._answer(status, "application/json", json.dumps(found.body()).encode())

        def _answer(self, status: HTTPStatus, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler
