"""Dead letters for admins: look, replay, discard."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from angkut_backend.accounts.access import Admin
from angkut_backend.clock import Now
from angkut_backend.dead_letters import service
from angkut_backend.dead_letters.replay import replay, replay_some
from angkut_backend.dead_letters.schemas import (
    CountOut,
    CountsOut,
    DiscardedOut,
    LetterOut,
    LettersOut,
    RemovedOut,
    ReplayedOut,
    ReplayIn,
    SelectionIn,
    WholeLetterOut,
    Word,
    whole_letter,
)
from angkut_backend.dead_letters.service import Selection
from angkut_backend.pool import PoolDep

router = APIRouter(prefix="/dead-letters", tags=["dead letters"])

#: Letters replayed in one request: a second or two.
_PART = 200

Number = Annotated[int, Path(ge=1, le=2**63 - 1)]


@router.get("")
def get_dead_letters(
    _caller: Admin,
    pool: PoolDep,
    reason: Annotated[Word | None, Query()] = None,
    device: Annotated[Word | None, Query()] = None,
    *,
    settled: Annotated[bool, Query(description="Also those stored by now or discarded")] = False,
    before: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> LettersOut:
    """Open letters, newest first, in pages."""
    chosen = Selection(reason, device)
    with pool.connection() as conn:
        letters = service.list_letters(
            conn, chosen, settled=settled, before=before, limit=limit + 1
        )
    shown = letters[:limit]
    return LettersOut(
        letters=[LetterOut.model_validate(letter) for letter in shown],
        next_before=shown[-1].dead_letter_id if len(letters) > limit else None,
    )


@router.get("/counts")
def get_dead_letter_counts(_caller: Admin, pool: PoolDep) -> CountsOut:
    """How many letters of which reason, whose, and how many were removed."""
    with pool.connection() as conn:
        by_reason = service.count_by_reason(conn)
        by_device = service.count_by_device(conn)
        removed = service.count_removed(conn)
    return CountsOut(
        by_reason=[CountOut.model_validate(row) for row in by_reason],
        by_device=[CountOut.model_validate(row) for row in by_device],
        removed=[RemovedOut.model_validate(row) for row in removed],
    )


@router.get("/{number}")
def get_dead_letter(_caller: Admin, pool: PoolDep, number: Number) -> WholeLetterOut:
    """One letter, whole."""
    with pool.connection() as conn:
        return whole_letter(service.get(conn, number))


@router.post("/replay")
def replay_dead_letters(caller: Admin, pool: PoolDep, now: Now, wanted: ReplayIn) -> ReplayedOut:
    """Replay the next 200 open letters of a selection, oldest first."""
    chosen = Selection(wanted.reason, wanted.device)
    with pool.connection() as conn:
        done = replay_some(
            conn,
            chosen,
            after=wanted.after,
            until=now,
            limit=_PART,
            actor=caller.actor,
            now=now,
        )
    return ReplayedOut.model_validate(done)


@router.post("/discard")
def discard_dead_letters(
    caller: Admin, pool: PoolDep, now: Now, wanted: SelectionIn
) -> DiscardedOut:
    """Discard the open letters of a selection."""
    chosen = Selection(wanted.reason, wanted.device)
    with pool.connection() as conn:
        n = service.discard_all(conn, chosen, actor=caller.actor, now=now)
    return DiscardedOut(discarded=n)


@router.post("/{number}/replay")
def replay_dead_letter(caller: Admin, pool: PoolDep, now: Now, number: Number) -> WholeLetterOut:
    """Try to store a letter once more, as it came; as often as one likes."""
    with pool.connection() as conn:
        return whole_letter(replay(conn, number, actor=caller.actor, now=now))


@router.post("/{number}/discard")
def discard_dead_letter(caller: Admin, pool: PoolDep, now: Now, number: Number) -> WholeLetterOut:
    """Take a letter off the open ones; its bytes stay until its time is up."""
    with pool.connection() as conn:
        return whole_letter(service.discard(conn, number, actor=caller.actor, now=now))
