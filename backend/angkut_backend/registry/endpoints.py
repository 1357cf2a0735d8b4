"""What the map shows besides the bins."""

from fastapi import APIRouter

from angkut_backend.accounts.access import SignedIn
from angkut_backend.pool import PoolDep
from angkut_backend.registry.schemas import SiteOut
from angkut_backend.registry.site_view import site_view

router = APIRouter(prefix="/site", tags=["site"])


@router.get("")
def get_site(_caller: SignedIn, pool: PoolDep) -> SiteOut:
    """District, kelurahan, depots and disposal sites."""
    with pool.connection() as conn:
        return site_view(conn)
