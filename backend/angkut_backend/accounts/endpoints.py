"""Sign in, ask who is signed in, sign out."""

from datetime import timedelta

from fastapi import APIRouter, Request, Response

from angkut_backend.accounts.access import COOKIE, MaybeSignedIn, Public
from angkut_backend.accounts.schemas import AccountOut, Credentials, SessionOut, SignedInOut
from angkut_backend.accounts.sessions import sign_in, sign_out
from angkut_backend.clock import Now
from angkut_backend.pool import PoolDep
from angkut_backend.settings import Settings

router = APIRouter(prefix="/session", tags=["session"])
#: The page itself needs no cookie; only the API does.
COOKIE_PATH = "/api"


@router.post("")
def start_session(
    request: Request,
    response: Response,
    credentials: Credentials,
    pool: PoolDep,
    now: Now,
    _public: Public,
) -> SignedInOut:
    """Sign in: sets the session cookie."""
    settings: Settings = request.app.state.settings
    lasts = timedelta(hours=settings.session_hours)
    caller, token = sign_in(
        pool,
        username=credentials.username,
        password=credentials.password.get_secret_value(),
        address=request.client.host if request.client else "",
        now=now,
        lasts=lasts,
    )
    old = request.cookies.get(COOKIE)
    if old is not None:
        with pool.connection() as conn:
            sign_out(conn, old)
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(lasts.total_seconds()),
        path=COOKIE_PATH,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return SignedInOut(account=AccountOut.model_validate(caller))


@router.get("")
def get_session(caller: MaybeSignedIn) -> SessionOut:
    """Say who is signed in; null for nobody."""
    return SessionOut(account=None if caller is None else AccountOut.model_validate(caller))


@router.delete("", status_code=204)
def end_session(request: Request, response: Response, pool: PoolDep, _public: Public) -> None:
    """Sign out."""
    token = request.cookies.get(COOKIE)
    if token is not None:
        with pool.connection() as conn:
            sign_out(conn, token)
    response.delete_cookie(COOKIE, path=COOKIE_PATH, httponly=True, samesite="strict")
