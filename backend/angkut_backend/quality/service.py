"""Judging readings after arrival: flags and scores, and what follows from them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from angkut_backend.db import BINS_CHANNEL, Connection, Row, load_queries
from angkut_backend.quality.emptyings import Emptying, emptyings, is_trusted
from angkut_backend.quality.judgement import Reading, judge
from angkut_backend.quality.neighbourhood import Neighbourhood, load
from angkut_backend.quality.rules import DISTRUST, score

_SQL = load_queries("angkut_backend.quality")

#: The name of the job that runs `judge_new_readings`.
JOB = "quality"
#: Marks taken in one run, and devices in one transaction: both bound memory and locks.
_MARKS = 2000
_DEVICES = 100
_DISTRUST = int(DISTRUST)
#: NOTIFY takes 8,000 bytes; this many ids of up to 10 digits stay below.
_IDS_PER_NOTE = 600


def judge_new_readings(conn: Connection, now: datetime) -> bool:  # noqa: ARG001 - a job's signature
    """Judge the neighbourhoods of new readings; return whether more wait.

    A job of the worker: one at a time, bounded, commits in slices.
    """
    marks = conn.execute(_SQL["dirty_devices"], {"rows": _MARKS}).fetchall()
    conn.commit()
    for start in range(0, len(marks), _DEVICES):
        _judge_marks(conn, marks[start : start + _DEVICES])
        conn.commit()
    return bool(marks)


@dataclass(slots=True)
class _Changes:
    """What differs from what is stored, lined up for one statement."""

    readings: list[Reading] = field(default_factory=list)
    flags: list[int] = field(default_factory=list)
    emptyings: list[Emptying] = field(default_factory=list)
    #: Device, and between which times these are all its emptyings.
    windows: list[tuple[int, datetime, datetime]] = field(default_factory=list)
    #: Bins whose newest level or newest flags may have changed.
    bins: set[int] = field(default_factory=set)

    def add(self, around: Neighbourhood, flags: Sequence[int]) -> None:
        """Compare what is stored with what is right."""
        readings = around.readings
        if not readings:
            return
        trusted = [
            readings[i]
            for i in range(around.anchor, len(readings))
            if is_trusted(readings[i], flags[i])
        ]
        self.emptyings += emptyings(trusted)
        first, last = readings[around.anchor].observed_at, readings[-1].observed_at
        self.windows.append((around.device_id, first, last))
        for i in range(around.start, len(readings)):
            reading = readings[i]
            if flags[i] == reading.flags:
                continue
            self.readings.append(reading)
            self.flags.append(flags[i])
            trust_changed = bool(flags[i] & _DISTRUST) != bool(reading.flags & _DISTRUST)
            if reading.bin_id is not None and (trust_changed or i == len(readings) - 1):
                self.bins.add(reading.bin_id)


def _judge_marks(conn: Connection, marks: Sequence[Row]) -> None:
    conn.execute(_SQL["allow_compressed"])
    changes = _Changes()
    left: dict[int, datetime] = {}
    for around in load(conn, {mark["device_id"]: mark["since"] for mark in marks}):
        changes.add(around, judge(around.readings, around.start))
        if around.left_from:
            left[around.device_id] = around.left_from
    if changes.readings:
        conn.execute(_SQL["set_flags"], _flag_columns(changes))
    if changes.windows:
        conn.execute(_SQL["store_emptyings"], _emptying_columns(changes))
    if left:
        conn.execute(_SQL["mark_devices"], {"device_id": list(left), "since": list(left.values())})
    conn.execute(_SQL["forget_devices"], {"ids": [i for mark in marks for i in mark["ids"]]})
    if changes.bins:
        refresh_latest(conn, sorted(changes.bins))


def refresh_latest(conn: Connection, bins: Sequence[int]) -> None:
    """Find the newest level of these bins again and tell the page; ingest waits until the commit.

    Last in a transaction, so that ingest does not wait long.
    """
    conn.execute(_SQL["lock_latest"], {"bins": list(bins)})
    rows = conn.execute(_SQL["refresh_latest"], {"bins": list(bins), "distrust": _DISTRUST})
    for ids in _notes([row["bin_id"] for row in rows]):
        conn.execute(_SQL["notify_bins"], {"channel": BINS_CHANNEL, "bins": ids})


def _notes(bins: Sequence[int]) -> Iterator[str]:
    for start in range(0, len(bins), _IDS_PER_NOTE):
        yield ",".join(map(str, bins[start : start + _IDS_PER_NOTE]))


def _emptying_columns(changes: _Changes) -> dict[str, list[object]]:
    names = Emptying._fields
    columns = zip(*changes.emptyings, strict=True) if changes.emptyings else ((),) * len(names)
    windows = zip(*changes.windows, strict=True)
    return {
        **{name: list(column) for name, column in zip(names, columns, strict=True)},
        **dict(zip(("window_device", "window_from", "window_to"), map(list, windows), strict=True)),
    }


def _flag_columns(changes: _Changes) -> dict[str, object]:
    times = [reading.observed_at for reading in changes.readings]
    scores = [score(flags) for flags in changes.flags]
    old = [reading.flags for reading in changes.readings]
    return {
        "device_id": [reading.device_id for reading in changes.readings],
        "observed_at": times,
        "old": old,
        "flags": changes.flags,
        "score": scores,
        "rescored": [new != score(flags) for new, flags in zip(scores, old, strict=True)],
        "first": min(times),
        "last": max(times),
    }
