"""What a gateway remembers of its devices and their commands, in the spool's file."""

import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta

from angkut_broker.codec import encode
from angkut_broker.messages import Ack, Meta

#: Commands and their answers are forgotten after this; none is valid for longer.
_KEEP = timedelta(days=31)
#: What of a description goes upstream.
_FIELDS = {"model", "fw", "interval_s", "sensor"}


@dataclass(frozen=True, slots=True)
class KnownDevice:
    """Where a device was last heard."""

    source: str
    route: str | None
    model: str | None


class Memory:
    """Written within the spool's transactions."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn
        rows = conn.execute("SELECT device, source, route, model, meta FROM device")
        self._devices: dict[str, tuple[KnownDevice, Meta]] = {
            device: (KnownDevice(source, route, model), Meta.model_validate_json(meta))
            for device, source, route, model, meta in rows
        }

    def device(self, device: str) -> KnownDevice | None:
        """Return where a device was last heard."""
        found = self._devices.get(device)
        return found[0] if found else None

    def metas(self) -> list[Meta]:
        """Return the descriptions of all devices."""
        return [meta for _, meta in self._devices.values()]

    def met(self, device: str, known: KnownDevice, told: Meta | None) -> Meta | None:
        """Note where a device was heard and what it told; return its description if that is new."""
        before = self._devices.get(device)
        if before is None:
            old, meta = None, Meta(v=1, id=device)
        else:
            old, meta = before
            known = KnownDevice(known.source, known.route or old.route, known.model or old.model)
        after = meta
        if told is not None:
            after = meta.model_copy(update=told.model_dump(include=_FIELDS, exclude_none=True))
        if after.model is None and known.model is not None:
            after = after.model_copy(update={"model": known.model})
        if old == known and after == meta:
            return None
        self._conn.execute(
            "INSERT OR REPLACE INTO device (device, source, route, model, meta) "
            "VALUES (?, ?, ?, ?, ?)",
            (device, known.source, known.route, known.model, encode(after)),
        )
        self._devices[device] = (known, after)
        return after if before is None or after != meta else None

    def answer(self, cmd_id: str) -> Ack | None:
        """Return the last answer to a command; `None`: it was never seen."""
        row = self._conn.execute("SELECT ack FROM command WHERE cmd_id = ?", (cmd_id,)).fetchone()
        return Ack.model_validate_json(row[0]) if row else None

    def newest_open(self, device: str) -> str | None:
        """Return the command that a device was last given and has not answered for good."""
        row = self._conn.execute(
            "SELECT cmd_id FROM command WHERE device = ? AND NOT final ORDER BY at_s DESC LIMIT 1",
            (device,),
        ).fetchone()
        return row[0] if row else None

    def answered(self, ack: Ack, *, now: datetime) -> None:
        """Note an answer to a command."""
        self._conn.execute(
            "INSERT INTO command (cmd_id, device, at_s, ack, final) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (cmd_id) DO UPDATE SET ack = excluded.ack, final = excluded.final",
            (ack.cmd_id, ack.id, int(now.timestamp()), encode(ack), ack.final is not False),
        )

    def forget_old(self, *, now: datetime) -> None:
        """Forget commands that nobody can ask about any more."""
        self._conn.execute("DELETE FROM command WHERE at_s < ?", (int((now - _KEEP).timestamp()),))
