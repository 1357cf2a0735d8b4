"""What is wrong with devices, over HTTP."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from angkut_backend.accounts.access import Staff
from angkut_backend.clock import Now
from angkut_backend.device_health.rules import FindingKind
from angkut_backend.device_health.service import MAX_FINDINGS, list_findings
from angkut_backend.pool import PoolDep
from angkut_broker.topics import ID_PATTERN

router = APIRouter(prefix="/device-findings", tags=["devices"])


class DeviceFindingOut(BaseModel):
    """Something that was wrong with a device, from the first to the last sign of it."""

    model_config = ConfigDict(from_attributes=True)

    device: str
    #: Where it hung then.
    bin_code: str | None
    kind: FindingKind
    from_at: datetime
    to_at: datetime
    found_at: datetime
    detail: Annotated[
        dict[str, float | str],
        Field(description="Numbers and words that help: ahead_s, readings_missed, with, ..."),
    ]


class DeviceFindingsOut(BaseModel):
    """The newest findings."""

    findings: list[DeviceFindingOut]


@router.get("")
def get_findings(
    _caller: Staff,
    pool: PoolDep,
    now: Now,
    device: Annotated[str | None, Query(pattern=ID_PATTERN)] = None,
    kind: FindingKind | None = None,
    days: Annotated[int, Query(ge=1, le=400)] = 7,
    limit: Annotated[int, Query(ge=1, le=MAX_FINDINGS)] = 100,
) -> DeviceFindingsOut:
    """What was wrong at any time of the last days, the newest first."""
    since = now - timedelta(days=days)
    with pool.connection() as conn:
        found = list_findings(conn, since=since, device=device, kind=kind, limit=limit)
    return DeviceFindingsOut(findings=[DeviceFindingOut.model_validate(one) for one in found])
