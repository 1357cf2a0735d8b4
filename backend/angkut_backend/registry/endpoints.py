"""What the map shows besides the bins."""

from fastapi import APIRouter

from angkut_backend.accounts.access import SignedIn
from angkut_backend.pool import Conn
from angkut_backend.registry.schemas import SiteOut
from angkut_backend.registry.site_view import site_view

router = APIRouter(prefix="/site", tags=["site"])


@router.get("")
def get_site(_caller: SignedIn, conn: Conn) -> SiteOut:
    """District, kelurahan, depots and disposal sites."""
    return site_view(conn)
