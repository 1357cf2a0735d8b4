"""Alerts: what is open, what was, and who takes care of it."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query

from angkut_backend.accounts.access import SignedIn, Staff
from angkut_backend.alerts import service
from angkut_backend.alerts.schemas import (
    AcknowledgeIn,
    AlertOut,
    AlertsOut,
    alert_out,
    alerts_out,
    open_alerts_out,
)
from angkut_backend.clock import Now
from angkut_backend.pool import PoolDep

router = APIRouter(prefix="/alerts", tags=["alerts"])

State = Annotated[
    Literal["open", "all"], Query(description="`all`: the newest first, closed ones too")
]
BinCode = Annotated[
    str | None, Query(alias="bin", max_length=64, pattern=r"^\P{Cc}+$", description="Only this bin")
]
Limit = Annotated[int, Query(ge=1, le=service.MAX_ALERTS)]
AlertId = Annotated[int, Path(ge=1, le=2**63 - 1)]


@router.get("")
def get_alerts(
    caller: SignedIn,
    pool: PoolDep,
    state: State = "open",
    code: BinCode = None,
    limit: Limit = service.MAX_ALERTS,
) -> AlertsOut:
    """What is open, the most urgent first; or the newest alerts."""
    with pool.connection() as conn:
        if state == "open":
            found = service.list_open(conn, bin_code=code, limit=limit)
            return open_alerts_out(found, caller.role)
        alerts = service.list_latest(conn, bin_code=code, limit=limit)
        return alerts_out(alerts, service.count_open(conn, bin_code=code), caller.role)


@router.post("/{alert_id}/acknowledge")
def acknowledge_alert(
    caller: Staff, pool: PoolDep, now: Now, alert_id: AlertId, body: AcknowledgeIn
) -> AlertOut:
    """Say that one takes care of it; it stays open until it is over."""
    with pool.connection() as conn:
        alert = service.acknowledge(
            conn,
            alert_id,
            note=body.note or None,
            name=caller.display_name,
            actor=caller.actor,
            now=now,
        )
    return alert_out(alert, caller.role)
