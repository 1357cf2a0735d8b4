"""What was refused: reading it back."""

from dataclasses import dataclass
from datetime import datetime

from angkut_backend.db import Connection, load_queries

_SQL = load_queries("angkut_backend.ingest")


@dataclass(frozen=True, slots=True)
class StoredDeadLetter:
    """A message that was kept aside."""

    dead_letter_id: int
    received_at: datetime
    topic: str
    payload: bytes
    reason: str
    #: What was wrong, for people.
    detail: str


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """How often a reason occurred."""

    reason: str
    n: int
    last_at: datetime


def list_latest(conn: Connection, *, reason: str | None, limit: int) -> list[StoredDeadLetter]:
    """Return the newest dead letters, of one reason or of all."""
    rows = conn.execute(_SQL["list_dead_letters"], {"reason": reason, "limit": limit})
    return [StoredDeadLetter(**row) for row in rows]


def count(conn: Connection) -> list[ReasonCount]:
    """Count the dead letters by reason, most frequent first."""
    return [ReasonCount(**row) for row in conn.execute(_SQL["count_dead_letters"])]
