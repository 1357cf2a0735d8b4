"""Alerts over HTTP."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, StringConstraints

from angkut_backend.accounts.service import Role
from angkut_backend.alerts.rules import Close, Kind
from angkut_backend.alerts.service import Alert, OpenAlerts

#: What hangs in a bin is not shown to a viewer.
_DEVICE_KINDS = frozenset({Kind.DEVICE_SILENT, Kind.BATTERY_LOW})


class AlertOut(BaseModel):
    """What a person should know of a bin."""

    alert_id: int
    kind: Kind
    bin_code: str
    site_name: str
    area_name: str
    #: Null for a viewer.
    device_id: str | None
    #: When it first was so, by the device.
    since: datetime
    #: When it had been so for long enough.
    opened_at: datetime
    #: %, °C, degrees or mV by kind, at the opening.
    value: float | None
    acknowledged_at: datetime | None
    #: Null for a viewer, like the note.
    acknowledged_by: str | None
    note: str | None
    closed_at: datetime | None
    close_reason: Close | None


class AlertsOut(BaseModel):
    """Alerts; those open by urgency, others by time."""

    alerts: list[AlertOut]
    #: How many are open in all; more than are listed when there are very many.
    open_total: int


class AcknowledgeIn(BaseModel):
    """Somebody takes care of it."""

    note: (
        Annotated[
            str,
            StringConstraints(
                strip_whitespace=True, max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$"
            ),
        ]
        | None
    ) = None


def alert_out(alert: Alert, role: Role) -> AlertOut:
    """Show an alert to that role."""
    inside = role is not Role.VIEWER
    return AlertOut(
        alert_id=alert.alert_id,
        kind=alert.kind,
        bin_code=alert.bin_code,
        site_name=alert.site_name,
        area_name=alert.area_name,
        device_id=alert.device_id if inside else None,
        since=alert.since,
        opened_at=alert.opened_at,
        value=None if alert.value is None else round(alert.value, 1),
        acknowledged_at=alert.acknowledged_at,
        acknowledged_by=alert.acknowledged_by if inside else None,
        note=alert.note if inside else None,
        closed_at=alert.closed_at,
        close_reason=alert.close_reason,
    )


def alerts_out(alerts: list[Alert], open_total: int, role: Role) -> AlertsOut:
    """Show alerts to that role: a viewer sees none of devices."""
    shown = [
        alert for alert in alerts if role is not Role.VIEWER or alert.kind not in _DEVICE_KINDS
    ]
    hidden = sum(alert.closed_at is None for alert in alerts) - sum(
        alert.closed_at is None for alert in shown
    )
    return AlertsOut(
        alerts=[alert_out(alert, role) for alert in shown], open_total=open_total - hidden
    )


def open_alerts_out(found: OpenAlerts, role: Role) -> AlertsOut:
    """Show what is open to that role."""
    return alerts_out(found.alerts, found.total, role)
