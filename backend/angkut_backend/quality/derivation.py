"""History derived again, after a mounting was corrected: levels, bins, flags, collections."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from angkut_backend.db import Connection, load_queries
from angkut_backend.errors import NotFoundError
from angkut_backend.quality.rules import OWN
from angkut_backend.quality.service import JOB, judge_new_readings, refresh_latest

_SQL = load_queries("angkut_backend.quality")

#: Devices and time in one transaction: some ten thousand readings, a second at most.
_DEVICES = 100
_SLICE = timedelta(days=1)
#: Slices in one run of the job: the others of the worker want their turn.
_PARTS = 60

OnProgress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Derivation:
    """What was derived again."""

    #: Readings whose level, bin or flags changed.
    changed: int
    bins: int


@dataclass(frozen=True, slots=True)
class _Part:
    devices: list[int]
    since: datetime
    until: datetime


def derive(
    conn: Connection,
    *,
    bin_code: str | None,
    since: datetime | None,
    now: datetime,
    on_progress: OnProgress,
) -> Derivation:
    """Derive readings again from the mountings as they are now, and judge what changed.

    Commits in parts; may be interrupted and repeated: what is right already is left alone.

    Parameters
    ----------
    bin_code
        Only readings of the devices that are or were mounted in this bin.
    since
        Only readings observed from then on.
    on_progress
        Called with (parts done, parts in all).

    Raises
    ------
    NotFoundError
        There is no bin with that code, or no device was ever mounted in it.

    """
    rows = conn.execute(_SQL["derivable"], {"code": bin_code, "since": since}).fetchall()
    if bin_code is not None and not rows:
        known = conn.execute(_SQL["mounted_in"], {"code": bin_code}).fetchone()
        if not known:
            raise NotFoundError(f"no device was ever mounted in a bin {bin_code!r}")
    conn.commit()
    spans = {row["device_id"]: (row["first"], row["last"]) for row in rows}
    parts = list(_parts(spans))
    changed, bins = 0, set[int]()
    for done, part in enumerate(parts):
        on_progress(done, len(parts))
        n, touched = _derive(conn, part)
        changed += n
        bins |= touched
    _judge(conn, now)
    _refresh(conn, bins)
    on_progress(len(parts), len(parts))
    return Derivation(changed, len(bins))


def derive_due(conn: Connection, now: datetime) -> bool:  # noqa: ARG001 - a job's signature
    """Derive again what follows from changed mountings; return whether more is due.

    A job of the worker: bounded, commits in slices, may be interrupted and repeated. What it
    changed the job `quality` judges.
    """
    rows = conn.execute(_SQL["derivation_due"], {"devices": _DEVICES}).fetchall()
    conn.commit()
    found = {row["device_id"]: (row["first"], row["last"]) for row in rows if row["first"]}
    parts = list(_parts(found))
    bins = set[int]()
    for part in parts[:_PARTS]:
        bins |= _derive(conn, part)[1]
    _refresh(conn, bins)
    ids = [i for row in rows for i in row["ids"]]
    if len(parts) > _PARTS:
        conn.execute(_SQL["put_off_derivation"], {"ids": ids, "since": parts[_PARTS].since})
    else:
        conn.execute(_SQL["forget_derivation"], {"ids": ids})
    conn.commit()
    return bool(rows)


def _parts(spans: dict[int, tuple[datetime, datetime]]) -> Iterator[_Part]:
    devices = sorted(spans)
    for start in range(0, len(devices), _DEVICES):
        group = devices[start : start + _DEVICES]
        at = min(spans[device][0] for device in group)
        last = max(spans[device][1] for device in group)
        while at <= last:
            yield _Part(group, at, at + _SLICE)
            at += _SLICE


def _derive(conn: Connection, part: _Part) -> tuple[int, set[int]]:
    # Not beside the job that judges: both change these rows.
    conn.execute(_SQL["wait_for_job"], {"job": JOB})
    conn.execute(_SQL["allow_compressed"])
    values = {
        "devices": part.devices,
        "since": part.since,
        "until": part.until,
        "own": int(OWN),
    }
    row = conn.execute(_SQL["derive"], values).fetchone()
    conn.commit()
    assert row is not None  # noqa: S101 - an aggregate always gives one row
    return row["n"], set(row["bins"])


def _refresh(conn: Connection, bins: set[int]) -> None:
    if bins:
        conn.execute(_SQL["add_latest"], {"bins": sorted(bins)})
        refresh_latest(conn, sorted(bins))
        conn.commit()


def _judge(conn: Connection, now: datetime) -> None:
    """Do what the worker would do next, so that all is done when this returns."""
    conn.execute(_SQL["hold_job"], {"job": JOB})
    try:
        while judge_new_readings(conn, now):
            pass
    finally:
        conn.rollback()
        conn.execute(_SQL["release_job"], {"job": JOB})
        conn.commit()
