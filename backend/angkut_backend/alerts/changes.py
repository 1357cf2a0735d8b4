"""Telling others that alerts changed, in the transaction that changes them."""

from collections.abc import Sequence
from enum import StrEnum

from angkut_backend.db import Connection, load_queries

_SQL = load_queries("angkut_backend.alerts")

#: PostgreSQL channel; the payload is empty: whoever listens reads what is open.
ALERTS_CHANNEL = "angkut_alerts"


class Change(StrEnum):
    """What happened to an alert."""

    OPENED = "opened"
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"


def announce(conn: Connection, changes: Sequence[tuple[int, Change]]) -> None:
    """Tell the pages of these changes; nothing is said of none."""
    if changes:
        conn.execute(_SQL["notify"], {"channel": ALERTS_CHANNEL})
