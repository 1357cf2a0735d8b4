"""A bin whose device says what a test wants, judged by the alerts job."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from angkut_backend.alerts.watch import watch
from angkut_backend.db import Connection
from angkut_backend.ingest.batch import Batch, Received
from angkut_backend.ingest.store import store
from angkut_broker.codec import encode
from angkut_broker.messages import Event, EventKind, Telemetry
from parts.registry import DEVICE, TOPIC, add_registry

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass
class WatchedBin:
    """Readings and events by minutes from noon; 30 minutes are one interval."""

    conn: Connection
    _seq: int = field(default=0)

    @classmethod
    def prepared(cls, conn: Connection) -> "WatchedBin":
        """Add the registry of `parts.registry`."""
        add_registry(conn)
        return cls(conn)

    def report(
        self,
        minute: float,
        level_pct: float | None = None,
        **fields: float,
    ) -> None:
        """Store a reading of that level; `fields` are those of the contract."""
        distance = [] if level_pct is None else [round(1200 - 10 * level_pct)]
        message = {"v": 1, "id": DEVICE, "seq": self._next(), "t": at(minute), "d_mm": distance}
        self._store("telemetry", encode(Telemetry.model_validate(message | fields)), minute)

    def event(self, minute: float, kind: EventKind, value: float | None = None) -> None:
        """Store an event."""
        event = Event(v=1, id=DEVICE, seq=self._next(), t=at(minute), kind=kind, value=value)
        self._store("event", encode(event), minute)

    def watch(self, minute: float) -> list[str]:
        """Run the job at that time; return the kinds that are open."""
        watch(self.conn, at(minute))
        self.conn.commit()
        rows = self.conn.execute(
            "SELECT kind FROM alert WHERE closed_at IS NULL ORDER BY kind"
        ).fetchall()
        self.conn.rollback()
        return [row["kind"] for row in rows]

    def history(self) -> Sequence[tuple[str, str | None]]:
        """Return every alert ever, in the order of opening: kind and why it was closed."""
        rows = self.conn.execute("SELECT kind, close_reason FROM alert ORDER BY alert_id")
        return [(row["kind"], row["close_reason"]) for row in rows.fetchall()]

    def _next(self) -> int:
        self._seq += 1
        return self._seq

    def _store(self, channel: str, payload: bytes, minute: float) -> None:
        message = Received(0, self._seq, f"{TOPIC}/{channel}", payload, at(minute))
        assert not store(self.conn, Batch.of([message])).dead_letters
        self.conn.commit()


def at(minute: float) -> datetime:
    """Return that many minutes after noon."""
    return NOON + timedelta(minutes=minute)
