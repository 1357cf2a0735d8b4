"""Dead letters: listing, counting, inspecting, discarding."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from angkut_backend.accounts.service import audit
from angkut_backend.db import Connection, Row, load_queries
from angkut_backend.errors import ConflictError, NotFoundError

_SQL = load_queries("angkut_backend.dead_letters")

#: Lines of the count by device: the noisiest ones.
_DEVICES = 1000


class Outcome(StrEnum):
    """What became of a letter since it was kept aside."""

    #: All of it is in the database.
    STORED = "stored"
    #: It was replayed and refused again.
    REFUSED = "refused"
    DISCARDED = "discarded"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A message that was kept aside."""

    dead_letter_id: int
    received_at: datetime
    topic: str
    #: The device or gateway that the topic names; `None` in a foreign topic.
    device: str | None
    #: The whole payload, or its start in a list.
    payload: bytes
    payload_bytes: int
    reason: str
    #: What was wrong, for people.
    detail: str
    #: Whether somebody should still look at it.
    is_open: bool
    #: `None`: nobody tried anything yet.
    outcome: Outcome | None
    outcome_detail: str | None
    outcome_at: datetime | None
    #: As the audit log names them.
    outcome_by: str | None

    @classmethod
    def from_row(cls, row: Row) -> "DeadLetter":
        """Read a row of `queries.sql`."""
        outcome = row["outcome"] and Outcome(row["outcome"])
        return cls(**{**row, "payload": bytes(row["payload"]), "outcome": outcome})


@dataclass(frozen=True, slots=True)
class Selection:
    """Which letters: of one reason, of one device, or all."""

    reason: str | None = None
    device: str | None = None

    def values(self) -> Mapping[str, str | None]:
        """Return the parameters of a query."""
        return {"reason": self.reason, "device": self.device}


@dataclass(frozen=True, slots=True)
class Count:
    """How many letters there are of a reason, and of a device if it was asked by device."""

    reason: str
    device: str | None
    n: int
    #: Those that nobody settled yet.
    open: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class RemovedCount:
    """How many letters were removed by age or number."""

    reason: str
    #: An `Outcome`, or `none`: never tried.
    outcome: str
    n: int
    last_at: datetime


def list_letters(
    conn: Connection,
    selection: Selection,
    *,
    settled: bool = False,
    before: int | None = None,
    limit: int,
) -> list[DeadLetter]:
    """Return the newest letters with the start of their payloads.

    Parameters
    ----------
    settled
        Also those that are stored by now or discarded.
    before
        Only letters with a smaller number: the last one of the page before.
    """
    values = {**selection.values(), "settled": settled, "before": before, "limit": limit}
    return [DeadLetter.from_row(row) for row in conn.execute(_SQL["list"], values)]


def get(conn: Connection, dead_letter_id: int) -> DeadLetter:
    """Return one letter, whole.

    Raises
    ------
    NotFoundError
        It never was, or its time was up.
    """
    return _one(conn, "get", dead_letter_id)


def lock(conn: Connection, dead_letter_id: int) -> DeadLetter:
    """Return one letter, and nobody else works on it until the transaction ends.

    Raises
    ------
    NotFoundError
        As `get`.
    """
    return _one(conn, "lock", dead_letter_id)


def settle(
    conn: Connection,
    dead_letter_id: int,
    outcome: Outcome,
    *,
    detail: str | None,
    actor: str,
    now: datetime,
) -> DeadLetter:
    """Record what became of a letter."""
    values = {
        "dead_letter_id": dead_letter_id,
        "outcome": outcome.value,
        "detail": detail,
        "at": now,
        "by": actor,
    }
    row = conn.execute(_SQL["settle"], values).fetchone()
    assert row is not None  # noqa: S101 - the caller holds its lock
    return DeadLetter.from_row(row)


def discard(conn: Connection, dead_letter_id: int, *, actor: str, now: datetime) -> DeadLetter:
    """Take a letter off the list of open ones; its bytes stay until its time is up.

    Raises
    ------
    NotFoundError
        As `get`.
    ConflictError
        What it holds is stored.
    """
    letter = lock(conn, dead_letter_id)
    if letter.outcome is Outcome.STORED:
        raise ConflictError(f"dead letter {dead_letter_id} is stored: nothing to discard")
    if letter.outcome is Outcome.DISCARDED:
        return letter
    settled = settle(conn, dead_letter_id, Outcome.DISCARDED, detail=None, actor=actor, now=now)
    audit(conn, actor, "dead_letter.discard", f"dead_letter:{dead_letter_id}")
    return settled


def discard_all(conn: Connection, selection: Selection, *, actor: str, now: datetime) -> int:
    """Discard the open letters of a selection; return how many."""
    values = {**selection.values(), "at": now, "by": actor}
    n = conn.execute(_SQL["discard_open"], values).rowcount
    if n:
        audit(conn, actor, "dead_letter.discard", "dead_letters", after=_after(selection, n=n))
    return n


def count_by_reason(conn: Connection) -> list[Count]:
    """Count the letters that are kept, most frequent reason first."""
    return [Count(**row) for row in conn.execute(_SQL["count_by_reason"])]


def count_by_device(conn: Connection) -> list[Count]:
    """Count by reason and device, noisiest first; the first thousand."""
    return [Count(**row) for row in conn.execute(_SQL["count_by_device"], {"limit": _DEVICES})]


def count_removed(conn: Connection) -> list[RemovedCount]:
    """Count the letters whose time was up."""
    return [RemovedCount(**row) for row in conn.execute(_SQL["count_removed"])]


def count_open(conn: Connection, selection: Selection, *, until: datetime) -> int:
    """Count the open letters that came until then."""
    row = conn.execute(_SQL["count_open"], {**selection.values(), "until": until}).fetchone()
    return 0 if row is None else int(row["n"])


def open_ids(
    conn: Connection, selection: Selection, *, after: int, until: datetime, limit: int
) -> list[int]:
    """Return the numbers of open letters that came until then, oldest first."""
    values = {**selection.values(), "after": after, "until": until, "limit": limit}
    return [row["dead_letter_id"] for row in conn.execute(_SQL["open_ids"], values)]


def _one(conn: Connection, query: str, dead_letter_id: int) -> DeadLetter:
    row = conn.execute(_SQL[query], {"dead_letter_id": dead_letter_id}).fetchone()
    if row is None:
        raise NotFoundError(
            f"there is no dead letter {dead_letter_id}: see `angkut dead-letters list`"
        )
    return DeadLetter.from_row(row)


def _after(selection: Selection, **counts: int) -> dict[str, str | int | None]:
    return {**selection.values(), **counts}
