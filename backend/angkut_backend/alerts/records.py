"""Alerts as they are kept, with what people need to know of the bin."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from angkut_backend.alerts.rules import Close, Kind
from angkut_backend.db import Connection, Row, load_queries

_SQL = load_queries("angkut_backend.alerts")

#: Alerts in one answer at most.
MAX_ALERTS = 500
#: The most urgent first, for people.
_URGENCY = [str(kind) for kind in Kind]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """What a person should know of a bin."""

    alert_id: int
    kind: Kind
    bin_code: str
    site_name: str
    area_name: str
    device_id: str
    #: When it first was so, by the device; when it had been so for long enough.
    since: datetime
    opened_at: datetime
    #: %, °C, degrees or mV by kind, at the opening.
    value: float | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    note: str | None
    closed_at: datetime | None
    close_reason: Close | None

    @classmethod
    def from_row(cls, row: Row) -> "Alert":
        """Read a row of `list_alerts`."""
        reason = row["close_reason"]
        typed = {"kind": Kind(row["kind"]), "close_reason": Close(reason) if reason else None}
        return cls(**{**row, **typed})


@dataclass(frozen=True, slots=True)
class OpenAlerts:
    """What is open: the most urgent, and how many there are in all."""

    alerts: list[Alert]
    total: int


def list_open(
    conn: Connection, *, bin_code: str | None = None, limit: int = MAX_ALERTS
) -> OpenAlerts:
    """Return what is open, the most urgent and newest first."""
    alerts = _list(conn, only_open=True, bin_code=bin_code, limit=limit, urgency=_URGENCY)
    is_all = len(alerts) < limit
    return OpenAlerts(alerts, len(alerts) if is_all else count_open(conn, bin_code=bin_code))


def count_open(conn: Connection, *, bin_code: str | None = None) -> int:
    """Return how many are open."""
    row = conn.execute(_SQL["count_open"], {"bin": bin_code}).fetchone()
    return row["n"] if row else 0


def list_latest(conn: Connection, *, bin_code: str | None = None, limit: int = 100) -> list[Alert]:
    """Return the newest alerts, closed ones too, of all bins or one."""
    return _list(conn, bin_code=bin_code, limit=limit)


def by_ids(conn: Connection, alert_ids: Sequence[int]) -> list[Alert]:
    """Return these alerts."""
    return _list(conn, ids=list(alert_ids), limit=len(alert_ids))


def _list(
    conn: Connection,
    *,
    limit: int,
    ids: list[int] | None = None,
    only_open: bool = False,
    bin_code: str | None = None,
    urgency: Sequence[str] = (),
) -> list[Alert]:
    values = {
        "ids": ids,
        "only_open": only_open,
        "bin": bin_code,
        "limit": limit,
        "urgency": list(urgency),
    }
    return [Alert.from_row(row) for row in conn.execute(_SQL["list_alerts"], values)]
