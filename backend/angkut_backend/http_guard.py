"""What every answer goes through: security headers and one line in the access log."""

import logging
import re
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from angkut_backend.claims.photos import MAX_UPLOAD_BYTES
from angkut_backend.planning.changes import MAX_CHANGES_BYTES

_ACCESS = logging.getLogger("angkut.access")
_LOG = logging.getLogger("angkut.api")

API_PREFIX = "/api"
#: A request says little: a password, a range, a comment.
MAX_BODY_BYTES = 64 * 1024
#: But for a photo, the one upload there is, and for what is changed in a plan.
_LARGER = {
    re.compile(rf"{API_PREFIX}/claims/[^/]+/photo"): MAX_UPLOAD_BYTES,
    re.compile(rf"{API_PREFIX}/plans/[^/]+/(replan|progress|driven)"): MAX_CHANGES_BYTES,
}
#: The map's worker is a blob and its sprites are data: addresses; the libraries set styles in
#: place. Nothing may come from another machine.
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; "
    "worker-src 'self' blob:; "
    "img-src 'self' data: blob:; "
    "connect-src 'self'; "
    "style-src 'self' 'unsafe-inline'; "
    "object-src 'none'; "
    "base-uri 'none'; "
    "form-action 'self'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


def is_api(path: str) -> bool:
    """Say whether a path belongs to the API and not to the page."""
    return path == API_PREFIX or path.startswith(API_PREFIX + "/")


class SecurityHeaders:
    """Add the headers that keep a browser strict; nothing of the API is kept in a cache."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                if is_api(scope["path"]):
                    headers["cache-control"] = "no-store"
            await send(message)

        await self.app(scope, receive, send_with_headers)


class BodyLimit:
    """Refuse a body that says it is too large, and one that turns out to be."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path = scope["path"]
        larger = (most for pattern, most in _LARGER.items() if pattern.fullmatch(path))
        most = next(larger, MAX_BODY_BYTES)
        too_large = f"the body of this request may have {most} bytes at most"
        told = Headers(scope=scope).get("content-length", "0")
        if not told.isdecimal() or int(told) > most:
            body = {"error": "body_too_large", "detail": too_large}
            await JSONResponse(body, status_code=413)(scope, receive, send)
            return
        received = 0

        async def receive_counting() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > most:
                raise HTTPException(413, too_large)
            return message

        await self.app(scope, receive_counting, send)


class AccessLog:
    """Write one line a request, and turn an unforeseen error into an answer in our shape.

    Neither query, headers nor body are written: they may hold secrets.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 0

        async def send_noting_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, send_noting_status)
        except Exception:
            _LOG.exception("unforeseen error at %s %s", scope["method"], _path(scope))
            if status:
                raise  # the answer is half sent: the connection can only be broken
            body = {"error": "internal", "detail": "Something went wrong here; the log has more."}
            await JSONResponse(body, status_code=500)(scope, receive, send_noting_status)
        finally:
            client = scope.get("client")
            _ACCESS.info(
                "method=%s path=%s status=%d ms=%.1f address=%s",
                scope["method"],
                _path(scope),
                status,
                (time.perf_counter() - began) * 1000,
                client[0] if client else "-",
            )


def _path(scope: Scope) -> str:
    # The raw path is still percent-encoded, so nobody can write a line break into the log.
    raw: bytes = scope.get("raw_path") or scope["path"].encode("unicode_escape")
    return raw.decode("ascii", "backslashreplace")
