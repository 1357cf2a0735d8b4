"""Who may call: a typed parameter in the signature of each endpoint.

`SignedIn`, `Staff`, `Admin` or `Annotated[Caller, allow(Role.X)]` for people and tokens,
`MaybeSignedIn` and `Public` for everybody. An endpoint without one fails a test.
"""

from datetime import datetime
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from fastapi.params import Depends as DependsMarker

from angkut_backend.accounts.service import Role, Scope
from angkut_backend.accounts.sessions import Caller, caller_of_session, caller_of_token
from angkut_backend.clock import Now
from angkut_backend.errors import NotAllowedError, NotSignedInError
from angkut_backend.pool import Pool, PoolDep

COOKIE = "angkut_session"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class OtherOriginError(NotAllowedError):
    """This request does not come from our own page: use the page, or an API token."""

    code = "other_origin"


class ReadOnlyTokenError(NotAllowedError):
    """This token may only read."""

    code = "read_only_token"


class Access:
    """A check of who calls; the test of all routes looks for this class."""


class AllowPublic(Access):
    """Let everybody in, but no other site's forms."""

    def __call__(self, request: Request) -> None:
        """Refuse what another site made a browser send."""
        refuse_other_origin(request)


class AllowMaybe(Access):
    """Let everybody in and say who it is."""

    def __call__(self, request: Request, pool: PoolDep, now: Now) -> Caller | None:
        """Return the caller, or nothing for the public."""
        refuse_other_origin(request)
        return identify(pool, request, now)


class AllowRoles(Access):
    """Let some roles in."""

    def __init__(self, roles: frozenset[Role]) -> None:
        self.roles = roles

    def __call__(self, request: Request, pool: PoolDep, now: Now) -> Caller:
        """Return the caller.

        Raises
        ------
        NotSignedInError
            No session, no token, or one that is over.
        NotAllowedError
            Another role, a read-only token, or a request from another site.

        """
        refuse_other_origin(request)
        caller = identify(pool, request, now)
        if caller is None:
            raise NotSignedInError
        if caller.role not in self.roles:
            raise NotAllowedError
        if caller.scope is Scope.READ and request.method not in SAFE_METHODS:
            raise ReadOnlyTokenError
        return caller


def allow(*roles: Role) -> DependsMarker:
    """Make the parameter that lets these roles in: `Annotated[Caller, allow(Role.ADMIN)]`."""
    marker: DependsMarker = Depends(AllowRoles(frozenset(roles)))
    return marker


Public = Annotated[None, Depends(AllowPublic())]
MaybeSignedIn = Annotated[Caller | None, Depends(AllowMaybe())]
SignedIn = Annotated[Caller, allow(*Role)]
STAFF = frozenset({Role.ADMIN, Role.DISPATCHER})
Staff = Annotated[Caller, allow(*STAFF)]
Admin = Annotated[Caller, allow(Role.ADMIN)]
#: Who mounts sensors: not the driver, whose own work the sensors measure.
Fitter = Annotated[Caller, allow(Role.ADMIN, Role.TECHNICIAN)]


def identify(pool: Pool, request: Request, now: datetime) -> Caller | None:
    """Return who calls; a token given is what counts, even beside a cookie.

    Raises
    ------
    DatabaseUnavailableError
        It cannot be told just now.

    """
    token = bearer(request)
    session = request.cookies.get(COOKIE)
    if token is None and session is None:
        return None
    with pool.connection() as conn:
        if token is not None:
            return caller_of_token(conn, token, now)
        return caller_of_session(conn, session or "", now)


def bearer(request: Request) -> str | None:
    """Return the token of the Authorization header, if there is one."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def refuse_other_origin(request: Request) -> None:
    """Keep other sites from acting with our user's cookie.

    A browser says where a request comes from (`Sec-Fetch-Site`, older ones `Origin`). A cookie
    without either is refused; a program without a cookie has nothing to steal and may pass. A
    token is sent by programs only: no site can make a browser add it.

    Raises
    ------
    OtherOriginError
        An unsafe method that our own page did not send.

    """
    if request.method in SAFE_METHODS or bearer(request) is not None:
        return
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site is not None:
        same = site in {"same-origin", "none"}
    elif origin is not None:
        same = urlsplit(origin).netloc == request.headers.get("host")
    else:
        same = COOKIE not in request.cookies
    if not same:
        raise OtherOriginError
