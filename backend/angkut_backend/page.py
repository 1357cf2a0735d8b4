"""The built page: index never from the cache, hashed files for ever."""

from collections.abc import Awaitable
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from angkut_backend.http_guard import is_api

PAGE_DIR = Path(__file__).parent / "static"
#: Vite puts the content's hash into the names of this folder's files.
HASHED = "assets/"
NOT_BUILT = (
    "The API runs, but the page is not built. In a source tree, build it with\n"
    "    cd backend/web && npm ci && npm run build\n"
    "or install Angkut again: its build makes the page.\n"
)


class Page:
    """Serve the page's folder; anything else that has no route is 404."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._files = StaticFiles(directory=directory, check_dir=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request that no route of the API took."""
        response = await self._respond(Request(scope))
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        path = request.url.path
        if is_api(path) or request.method not in {"GET", "HEAD"}:
            raise HTTPException(404, "there is no such address")
        if path == "/" and not (self._directory / "index.html").is_file():
            return PlainTextResponse(NOT_BUILT, status_code=503)
        name = "index.html" if path == "/" else path.lstrip("/")
        response = await self._file(name, request.scope)
        forever = name.startswith(HASHED)
        response.headers["cache-control"] = (
            "public, max-age=31536000, immutable" if forever else "no-cache"
        )
        return response

    def _file(self, name: str, scope: Scope) -> Awaitable[Response]:
        if not self._directory.is_dir():
            raise HTTPException(404, "there is no such address")
        return self._files.get_response(name, scope)
