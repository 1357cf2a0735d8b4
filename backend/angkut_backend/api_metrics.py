"""What the API counts, in Prometheus' words, for admins and tokens of theirs."""

import time

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest
from prometheus_client.process_collector import ProcessCollector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from angkut_backend.accounts.access import Admin
from angkut_backend.dead_letters.service import count_by_reason
from angkut_backend.http_guard import API_PREFIX
from angkut_backend.pool import PoolDep

router = APIRouter(tags=["health"])

_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class ApiMetrics:
    """Counters of one API process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.requests = Counter(
            "angkut_api_requests",
            "Requests answered; a stream counts when it ends",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "angkut_api_first_byte_seconds",
            "From the request to the start of its answer",
            ["route"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.busy = Gauge(
            "angkut_api_requests_in_progress",
            "Requests and streams that are open",
            registry=self.registry,
        )


class Metered:
    """Count each request by the pattern of its route, never by its path: that has no bound."""

    def __init__(self, app: ASGIApp, metrics: ApiMetrics) -> None:
        self.app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began_s = time.perf_counter()
        status = 500

        async def send_noting_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                seconds = time.perf_counter() - began_s
                self._metrics.seconds.labels(_route(scope)).observe(seconds)
            await send(message)

        try:
            with self._metrics.busy.track_inprogress():
                await self.app(scope, receive, send_noting_status)
        finally:
            # A method is a word of the client's own choosing.
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self._metrics.requests.labels(method, _route(scope), str(status)).inc()


@router.get("/metrics", response_class=Response)
def get_metrics(_caller: Admin, request: Request, pool: PoolDep) -> Response:
    """Counters of this process and the open dead letters, for Prometheus."""
    with pool.connection() as conn:
        counts = count_by_reason(conn)
    found = CollectorRegistry()
    letters = Gauge(
        "angkut_dead_letters_open", "Dead letters nobody settled", ["reason"], registry=found
    )
    for count in counts:
        letters.labels(count.reason).set(count.open)
    metrics: ApiMetrics = request.app.state.metrics
    text = generate_latest(metrics.registry) + generate_latest(found)
    return Response(text, media_type=CONTENT_TYPE_LATEST)


def _route(scope: Scope) -> str:
    """Return the pattern of the route that answered, or `page` for files and what is nowhere."""
    path = getattr(scope.get("route"), "path", None)
    if not isinstance(path, str):
        return "page"
    # A route that was included keeps the path that it had by itself.
    return path if path.startswith(API_PREFIX) else API_PREFIX + path
