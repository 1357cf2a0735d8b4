"""Telling others that alerts changed, in the transaction that changes them."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum

from angkut_backend.alerts.records import Alert, by_ids
from angkut_backend.db import Connection, load_queries

_SQL = load_queries("angkut_backend.alerts")

#: PostgreSQL channel; the payload is empty: whoever listens reads what is open.
ALERTS_CHANNEL = "angkut_alerts"


class Change(StrEnum):
    """What happened to an alert."""

    OPENED = "opened"
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"


def announce(conn: Connection, changes: Sequence[tuple[int, Change]], now: datetime) -> None:
    """Tell the pages, and line up what goes to the webhooks; nothing is said of no change."""
    if not changes:
        return
    conn.execute(_SQL["notify"], {"channel": ALERTS_CHANNEL})
    if conn.execute(_SQL["webhooks"]).fetchone() is None:
        return
    alerts = {alert.alert_id: alert for alert in by_ids(conn, [one for one, _ in changes])}
    values = {
        "now": now,
        "alert_id": [alert_id for alert_id, _ in changes],
        "kind": [str(alerts[alert_id].kind) for alert_id, _ in changes],
        "change": [str(change) for _, change in changes],
        "body": [_body(alerts[alert_id], change, now) for alert_id, change in changes],
    }
    conn.execute(_SQL["line_up_deliveries"], values)


def _body(alert: Alert, change: Change, now: datetime) -> str:
    """Return what is sent, in the form of Standard Webhooks."""
    data = {
        "alert_id": alert.alert_id,
        "kind": alert.kind,
        "bin_code": alert.bin_code,
        "site_name": alert.site_name,
        "area_name": alert.area_name,
        "device_id": alert.device_id,
        "since": _time(alert.since),
        "opened_at": _time(alert.opened_at),
        "value": alert.value,
        "acknowledged_at": _time(alert.acknowledged_at),
        "acknowledged_by": alert.acknowledged_by,
        "note": alert.note,
        "closed_at": _time(alert.closed_at),
        "close_reason": alert.close_reason,
    }
    message = {"type": f"alert.{change}", "timestamp": _time(now), "data": data}
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"))


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")
