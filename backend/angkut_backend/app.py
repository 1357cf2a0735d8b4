"""The HTTP application: its parts put together."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from angkut_backend import api_metrics, health
from angkut_backend.accounts import endpoints as accounts
from angkut_backend.accounts.access import Public
from angkut_backend.alerts import endpoints as alerts
from angkut_backend.api_metrics import ApiMetrics, Metered
from angkut_backend.claims import endpoints as claims
from angkut_backend.clock import Clock, utc_now
from angkut_backend.commands import endpoints as commands
from angkut_backend.dead_letters import endpoints as dead_letters
from angkut_backend.device_health import endpoints as device_health
from angkut_backend.errors import BackendError
from angkut_backend.forecast import endpoints as forecast
from angkut_backend.forecast import ordering as forecast_orders
from angkut_backend.gateways import endpoints as gateways
from angkut_backend.http_guard import API_PREFIX, AccessLog, BodyLimit, SecurityHeaders
from angkut_backend.jobs import endpoints as jobs
from angkut_backend.live import endpoints as live
from angkut_backend.live.service import Live
from angkut_backend.page import PAGE_DIR, Page
from angkut_backend.planning import endpoints as planning
from angkut_backend.planning import ordering as plan_orders
from angkut_backend.planning import whereabouts
from angkut_backend.planning.exports import endpoints as plan_exports
from angkut_backend.pool import Pool
from angkut_backend.quality import endpoints as quality
from angkut_backend.readings import endpoints as readings
from angkut_backend.registry import endpoints as registry
from angkut_backend.settings import Settings
from angkut_broker.errors import AngkutError

#: That one answer tells of: a long list may be wrong in each of its places.
_MOST_MISTAKES = 20


class ErrorOut(BaseModel):
    """What went wrong, for programs and for people."""

    #: Stable word for programs.
    error: str
    #: What was wrong, where, and what to do.
    detail: str


def create_app(settings: Settings, *, clock: Clock = utc_now, page_dir: Path = PAGE_DIR) -> FastAPI:
    """Put the application together; nothing is opened before it is started.

    Raises
    ------
    NotConfiguredError
        On start, when no database is configured.

    """
    app = FastAPI(
        title="Angkut",
        summary="Bins, their levels and who may see them",
        # The version of this interface, not of the program: a release is no change of it.
        version="1",
        lifespan=_lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=_operation_id,
        responses={"default": {"model": ErrorOut, "description": "What went wrong"}},
    )
    app.state.settings = settings
    app.state.clock = clock
    app.state.metrics = ApiMetrics()
    # Of long plans, one at a time.
    app.state.drawing = asyncio.Semaphore(1)
    app.include_router(_api())
    app.router.default = Page(page_dir)
    # The last one added is the outermost.
    app.add_middleware(BodyLimit)
    # The page's script is 1.2 MB and a third of that compressed; streams of events are left out.
    # At its default of 9 the map of 2,000 bins takes 31 ms to shrink by 96.4 %; at 5, 4 ms by 96.3.
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=5)
    app.add_middleware(Metered, metrics=app.state.metrics)
    app.add_middleware(AccessLog)
    app.add_middleware(SecurityHeaders)
    app.add_exception_handler(AngkutError, _answer_error)
    app.add_exception_handler(RequestValidationError, _answer_malformed)
    app.add_exception_handler(HTTPException, _answer_http)
    return app


def openapi_json() -> str:
    """Return the interface's description, the same bytes for the same code; needs no database."""
    app = create_app(Settings())
    return json.dumps(app.openapi(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _api() -> APIRouter:
    api = APIRouter(prefix=API_PREFIX)
    for feature in (
        accounts,
        registry,
        readings,
        quality,
        forecast,
        forecast_orders,
        # Before the plans: an id with a form at its end is no id to them.
        plan_exports,
        planning,
        plan_orders,
        whereabouts,
        jobs,
        claims,
        alerts,
        live,
        dead_letters,
        commands,
        gateways,
        device_health,
        health,
        api_metrics,
    ):
        api.include_router(feature.router)

    @api.get("/openapi.json", include_in_schema=False)
    def get_openapi(request: Request, _public: Public) -> JSONResponse:
        return JSONResponse(request.app.openapi())

    return api


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    settings: Settings = app.state.settings
    pool = Pool(settings.dsn)
    app.state.pool = pool
    app.state.live = Live(settings.dsn, pool, app.state.clock)
    pool.open()
    listener = asyncio.create_task(app.state.live.run(), name="live-listener")
    try:
        yield
    finally:
        listener.cancel()
        with suppress(asyncio.CancelledError):
            await listener
        pool.close()


def _operation_id(route: APIRoute) -> str:
    # The function's name, which becomes the name of the TypeScript operation.
    return route.name


def _answer(status: int, error: str, detail: str, **more: object) -> JSONResponse:
    return JSONResponse({"error": error, "detail": detail, **more}, status_code=status)


async def _answer_error(_request: Request, exc: Exception) -> JSONResponse:
    if isinstance(exc, BackendError):
        return _answer(exc.status, exc.code, str(exc), **exc.more())
    return _answer(500, "internal", str(exc))


async def _answer_malformed(_request: Request, exc: Exception) -> JSONResponse:
    errors = exc.errors() if isinstance(exc, RequestValidationError) else []
    # Never the input itself: it may be a password.
    said = [
        f"{'.'.join(str(part) for part in error['loc'][1:]) or error['loc'][0]}: {error['msg']}"
        for error in errors[:_MOST_MISTAKES]
    ]
    rest = len(errors) - len(said)
    return _answer(422, "malformed_input", "; ".join([*said, *([f"and {rest} more"] * bool(rest))]))


async def _answer_http(_request: Request, exc: Exception) -> JSONResponse:
    assert isinstance(exc, HTTPException)  # noqa: S101 - registered for this class only
    words = {404: "not_found", 405: "method_not_allowed", 413: "body_too_large"}
    response = _answer(exc.status_code, words.get(exc.status_code, "bad_request"), exc.detail)
    response.headers.update(exc.headers or {})
    return response


if __name__ == "__main__":
    print(openapi_json(), end="")
