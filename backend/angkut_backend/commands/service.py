"""Commands to devices: asking, and what devices answer. Sending is in `sending`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb

from angkut_backend.accounts.service import audit
from angkut_backend.db import Connection, Row, load_queries
from angkut_backend.errors import ConflictError, NotFoundError
from angkut_broker.messages import Ack

SQL = load_queries("angkut_backend.commands")

#: Commands of one device that may be open at a time.
MAX_OPEN = 20
#: A device that sleeps hears of a command when it next reports; the report may be lost.
_INTERVALS_TO_EXPIRY = 3
_SHORTEST_EXPIRY = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command and what became of it."""

    command_id: UUID
    device: str
    cmd: str
    args: Mapping[str, int | str | None]
    state: str
    attempts: int
    created_at: datetime
    created_by: str
    expires_at: datetime
    sent_at: datetime | None
    delivered_at: datetime | None
    ended_at: datetime | None
    detail: str | None

    @classmethod
    def from_row(cls, row: Row) -> "Command":
        """Read a row of `list`."""
        return cls(**row)


def ask(
    conn: Connection,
    device: str,
    cmd: str,
    args: Mapping[str, int | str | None],
    *,
    expires_in: timedelta | None,
    actor: str,
    now: datetime,
) -> Command:
    """Queue a command, with arguments that were checked; the worker's job sends it.

    Raises
    ------
    NotFoundError
        There is no such device.
    ConflictError
        It is retired, or has too many open commands.

    """
    row = conn.execute(SQL["device"], {"device": device}).fetchone()
    if row is None:
        raise NotFoundError(f"there is no device {device!r}")
    if row["retired_at"] is not None:
        raise ConflictError(f"device {device!r} is retired: nobody would answer")
    if row["open"] >= MAX_OPEN:
        raise ConflictError(
            f"device {device!r} has {row['open']} open commands: wait until they are answered "
            "or expire"
        )
    usual = max(_SHORTEST_EXPIRY, _INTERVALS_TO_EXPIRY * timedelta(seconds=row["interval_s"]))
    command_id = uuid4()
    values = {
        "command_id": command_id,
        "device_id": row["device_id"],
        "cmd": cmd,
        "args": Jsonb(args),
        "now": now,
        "actor": actor,
        "expires_at": now + (expires_in or usual),
    }
    conn.execute(SQL["add"], values)
    audit(conn, actor, "command.ask", device, None, {"cmd": cmd, "args": args})
    [command] = list_commands(conn, device, command_id=command_id)
    return command


def list_commands(
    conn: Connection, device: str, *, command_id: UUID | None = None, limit: int = 50
) -> list[Command]:
    """Return the newest commands of a device, or one of them."""
    values = {"device": device, "command_id": command_id, "limit": limit}
    return [Command.from_row(row) for row in conn.execute(SQL["list"], values)]


def record_acks(conn: Connection, acks: Sequence[tuple[Ack, datetime]]) -> list[int]:
    """Note what devices answered, in the caller's transaction.

    Parameters
    ----------
    acks
        Answers with their times of arrival, in the order in which they came.

    Returns
    -------
    Positions of answers to commands that were never given to that device.

    """
    asked = {position: _uuid(ack.cmd_id) for position, (ack, _) in enumerate(acks)}
    wanted = [command_id for command_id in asked.values() if command_id is not None]
    rows = conn.execute(SQL["find_answered"], {"command_ids": wanted}).fetchall() if wanted else []
    given = {(row["command_id"], row["device"]) for row in rows}
    strange = []
    for position, (ack, at) in enumerate(acks):
        command_id = asked[position]
        if command_id is None or (command_id, ack.id) not in given:
            strange.append(position)
        elif ack.final is False and ack.ok:
            values = {"command_id": command_id, "at": at, "detail": ack.detail}
            conn.execute(SQL["note_delivered"], values)
        else:
            _end(conn, command_id, ack, at)
    return strange


def _end(conn: Connection, command_id: UUID, ack: Ack, at: datetime) -> None:
    state = "done" if ack.ok else "failed"
    values = {"command_id": command_id, "state": state, "at": at, "detail": ack.detail}
    ended = conn.execute(SQL["note_ended"], values).fetchone()
    if ended and ack.ok and ended["cmd"] == "interval":
        # From now on the device counts as silent after three of the new intervals.
        interval = {"device_id": ended["device_id"], "interval_s": ended["args"]["seconds"]}
        conn.execute(SQL["set_interval"], interval)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
