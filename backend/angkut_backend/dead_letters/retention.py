"""How many dead letters are kept, and for how long. What is removed stays counted."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from angkut_backend.db import Connection, load_queries

log = logging.getLogger("angkut.worker")

_SQL = load_queries("angkut_backend.dead_letters")
#: Letters removed in one statement.
_STEP = 5000


@dataclass(frozen=True, slots=True)
class Keep:
    """What is kept. A letter takes up to 64 KiB, mostly well below 1 KiB."""

    #: `None`: for ever.
    age: timedelta | None
    letters: int


def retain(conn: Connection, keep: Keep, now: datetime, *, step: int = _STEP) -> bool:
    """Remove letters that are too old or too many, a bounded number; return whether more are due.

    Too many: from the device that has most of them, the settled ones first, then the oldest. So
    one device that babbles does not push out what others could not get stored.
    """
    removed = 0
    if keep.age is not None:
        values = {"before": now - keep.age, "limit": step}
        removed = _removed(conn, "too_old", values)
    if removed < step:
        found = conn.execute(_SQL["noisiest"]).fetchone()
        if found is not None and found["total"] > keep.letters:
            excess = found["total"] - keep.letters
            # At most half of them at once: the next call may find another device noisier.
            limit = min(excess, step, (found["n"] + 1) // 2)
            removed += _removed(conn, "too_many", {"device": found["device"], "limit": limit})
            return bool(excess > limit)
    return removed >= step


def _removed(conn: Connection, doomed: str, values: dict[str, object]) -> int:
    ids = [row["dead_letter_id"] for row in conn.execute(_SQL[doomed], values)]
    row = conn.execute(_SQL["remove"], {"dead_letter_ids": ids}).fetchone()
    assert row is not None  # noqa: S101 - an aggregate always gives one row
    if row["open"]:
        log.warning("removed %s dead letters that nobody settled: their time was up", row["open"])
    return int(row["n"])
