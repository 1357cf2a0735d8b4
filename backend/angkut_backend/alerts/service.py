"""Alerts for people: which are there, and that somebody takes care of one."""

from datetime import datetime

from angkut_backend.accounts.service import audit
from angkut_backend.alerts.changes import ALERTS_CHANNEL, Change, announce
from angkut_backend.alerts.records import (
    MAX_ALERTS,
    Alert,
    OpenAlerts,
    by_ids,
    count_open,
    list_latest,
    list_open,
)
from angkut_backend.db import Connection, load_queries
from angkut_backend.errors import ConflictError, NotFoundError

__all__ = [
    "ALERTS_CHANNEL",
    "MAX_ALERTS",
    "Alert",
    "OpenAlerts",
    "acknowledge",
    "count_open",
    "list_latest",
    "list_open",
]

_SQL = load_queries("angkut_backend.alerts")


def acknowledge(
    conn: Connection, alert_id: int, *, note: str | None, name: str, actor: str, now: datetime
) -> Alert:
    """Record who takes care of an alert; again by anybody changes nothing.

    `name` is shown to people, `actor` goes to the audit log.

    Raises
    ------
    NotFoundError
        There is no such alert.
    ConflictError
        It was closed before anybody acknowledged it.

    """
    values = {"alert_id": alert_id, "now": now, "name": name, "note": note}
    changed = conn.execute(_SQL["acknowledge"], values).fetchone()
    found = by_ids(conn, [alert_id])
    if not found:
        raise NotFoundError(f"there is no alert {alert_id}")
    [alert] = found
    if changed is not None:
        after = {"acknowledged_by": name, "note": note}
        subject = f"alert:{alert_id} {alert.kind} {alert.bin_code}"
        audit(conn, actor, "alert.acknowledge", subject, {"acknowledged_by": None}, after)
        announce(conn, [(alert_id, Change.ACKNOWLEDGED)], now)
    elif alert.acknowledged_at is None:
        raise ConflictError(f"alert {alert_id} is closed already ({alert.close_reason})")
    return alert
