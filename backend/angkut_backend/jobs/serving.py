"""Which queues have a worker: the names of its connections say so.

A worker that ends takes its connections with it, and that of a machine that vanished is closed by
the server; so nothing need be kept, and nothing kept can be old.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from angkut_backend.db import Connection
from angkut_backend.jobs.records import LOST_S, SQL

#: The first word of the name; the queues follow, all within PostgreSQL's 63 bytes.
_NAME = "angkut-queue"
_ASKS = 3


@dataclass(frozen=True, slots=True)
class QueueState:
    """How a queue is."""

    queue: str
    #: Jobs that no worker has taken yet, and since when the oldest of them waits.
    waiting: int
    oldest_at: datetime | None
    #: Whether a worker takes its jobs.
    is_served: bool


def connection_options(queues: Collection[str]) -> dict[str, str]:
    """Return how a worker of these queues connects."""
    ask_s = LOST_S // (2 * _ASKS)
    keepalive = (
        f"-c tcp_keepalives_idle={LOST_S // 2} "
        f"-c tcp_keepalives_interval={ask_s} -c tcp_keepalives_count={_ASKS}"
    )
    return {
        "application_name": " ".join([_NAME, *sorted(queues)]),
        "options": f"-c timezone=UTC {keepalive}",
    }


def queue_states(conn: Connection, queues: Sequence[str]) -> list[QueueState]:
    """Say of each of these queues how it is."""
    rows = conn.execute(SQL["queues"], {"queues": list(queues)})
    return [QueueState(**row) for row in rows]
