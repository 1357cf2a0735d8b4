"""Feeding dead letters through ingest's own decoding and storing again, as they came."""

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import psycopg

from angkut_backend.accounts.service import audit
from angkut_backend.db import Connection
from angkut_backend.dead_letters import service
from angkut_backend.dead_letters.service import DeadLetter, Outcome, Selection
from angkut_backend.errors import NotFoundError
from angkut_backend.ingest.batch import Batch, Received
from angkut_backend.ingest.letters import KEPT_BYTES
from angkut_backend.ingest.store import write
from angkut_broker.errors import Reason


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of a number of letters."""

    stored: int
    refused: int
    #: Number of the last letter tried, to go on from; `None`: no more are left.
    last: int | None


def replay(conn: Connection, dead_letter_id: int, *, actor: str, now: datetime) -> DeadLetter:
    """Try to store a letter once more, with its own bytes and time of arrival.

    The same as often as one likes: what is in the database already is not stored again, and a
    letter that is stored stays as it is. A discarded one may be replayed.

    Raises
    ------
    NotFoundError
        There is no such letter.
    """
    letter = _try(conn, service.lock(conn, dead_letter_id), actor=actor, now=now)
    after = {"outcome": letter.outcome, "detail": letter.outcome_detail}
    audit(conn, actor, "dead_letter.replay", f"dead_letter:{dead_letter_id}", after=after)
    return letter


def replay_some(
    conn: Connection,
    selection: Selection,
    *,
    after: int,
    until: datetime,
    limit: int,
    actor: str,
    now: datetime,
) -> Replayed:
    """Replay the next open letters in their order of arrival; commits after each.

    Parameters
    ----------
    after
        Letters with a greater number only: `last` of the call before, or 0.
    until
        Letters that arrived until then only, so that a run ends while more come in.
    """
    ids = service.open_ids(conn, selection, after=after, until=until, limit=limit)
    outcomes: Counter[Outcome] = Counter()
    for dead_letter_id in ids:
        conn.commit()
        # Meanwhile settled by somebody else, or its time was up.
        with suppress(NotFoundError):
            letter = service.lock(conn, dead_letter_id)
            if letter.is_open:
                outcomes[_try(conn, letter, actor=actor, now=now).outcome or Outcome.REFUSED] += 1
    stored, refused = outcomes[Outcome.STORED], outcomes[Outcome.REFUSED]
    if outcomes:
        counts = {"stored": stored, "refused": refused, "first": ids[0], "last": ids[-1]}
        shown = {**selection.values(), **counts}
        audit(conn, actor, "dead_letter.replay", "dead_letters", after=shown)
    conn.commit()
    return Replayed(stored, refused, ids[-1] if len(ids) == limit else None)


def _try(conn: Connection, letter: DeadLetter, *, actor: str, now: datetime) -> DeadLetter:
    if letter.outcome is Outcome.STORED:
        return letter
    outcome, detail = _feed(conn, letter)
    return service.settle(conn, letter.dead_letter_id, outcome, detail=detail, actor=actor, now=now)


def _feed(conn: Connection, letter: DeadLetter) -> tuple[Outcome, str]:
    if letter.reason == Reason.PAYLOAD_TOO_LARGE:
        return Outcome.REFUSED, f"only its first {KEPT_BYTES} bytes were kept: it is not whole"
    source = Received(0, 0, letter.topic, letter.payload, letter.received_at)
    try:
        # A savepoint: what the database rejects undoes this letter only.
        with conn.transaction():
            written, refused = write(conn, Batch.of([source]))
    except (psycopg.DataError, psycopg.IntegrityError) as exc:
        return Outcome.REFUSED, f"{Reason.REJECTED_BY_DATABASE}: {str(exc).strip()}"[:500]
    if refused:
        found = refused[0].refusal
        return Outcome.REFUSED, f"{found.reason}: {found.detail}"[:500]
    return Outcome.STORED, f"readings: {written.stored} new, {written.duplicates} there already"
