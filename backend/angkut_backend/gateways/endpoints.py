"""Gateways: connected or not, what waits in them, what is in their way."""

from fastapi import APIRouter

from angkut_backend.accounts.access import Staff
from angkut_backend.gateways import service
from angkut_backend.gateways.schemas import GatewayOut, GatewaysOut
from angkut_backend.pool import PoolDep

router = APIRouter(prefix="/gateways", tags=["gateways"])


@router.get("")
def get_gateways(_caller: Staff, pool: PoolDep) -> GatewaysOut:
    """Every gateway with its own last word of how it is."""
    with pool.connection() as conn:
        found = service.list_gateways(conn)
    return GatewaysOut(gateways=[GatewayOut.model_validate(one) for one in found])
