"""Mountings corrected: the same device in the same bin, measured anew."""

from dataclasses import dataclass
from datetime import datetime

from angkut_backend.accounts.service import audit
from angkut_backend.db import Connection, Row, load_queries
from angkut_backend.errors import NotFoundError
from angkut_backend.registry.hanging import GeometryError

_SQL = load_queries("angkut_backend.registry")


@dataclass(frozen=True, slots=True)
class Geometry:
    """How a sensor hangs in a bin; None leaves a value as it is."""

    #: Sensor to the bottom of the empty bin, mm.
    d_empty_mm: int | None = None
    #: Sensor to the full line, mm.
    d_full_mm: int | None = None
    #: Added to each measured distance, mm.
    offset_mm: int | None = None
    #: Off the vertical, degrees.
    angle_deg: float | None = None


@dataclass(frozen=True, slots=True)
class Mounting:
    """A device in a bin from a time to a time."""

    device_id: str
    valid_from: datetime
    valid_to: datetime | None
    d_empty_mm: int
    d_full_mm: int
    offset_mm: int
    angle_deg: float

    @classmethod
    def from_row(cls, row: Row) -> "Mounting":
        """Read a row of `mounting_at` or `correct_mounting`."""
        return cls(**{name: row[name] for name in cls.__slots__})


def lock_mountings(conn: Connection) -> None:
    """Wait for what ingest writes at this moment, and let what comes next wait for us.

    That was derived from the mountings as they were. Commit soon: all of ingest waits.
    """
    conn.execute("SET LOCAL lock_timeout = '5s'")
    conn.execute("LOCK TABLE mounting IN ACCESS EXCLUSIVE MODE")


def correct_mounting(
    conn: Connection, bin_code: str, new: Geometry, *, at: datetime, actor: str
) -> tuple[Mounting, Mounting]:
    """Correct the mounting that is in force in a bin at a time; return it before and after.

    Commit soon: ingest waits. Readings follow by the worker's job, or by whoever derives them
    first: `angkut_backend.quality.derivation`.

    Raises
    ------
    NotFoundError
        Nothing is mounted in that bin at that time.
    GeometryError
        The empty bin would not be further away than the full line.

    """
    lock_mountings(conn)
    found = conn.execute(_SQL["mounting_at"], {"code": bin_code, "at": at}).fetchone()
    if found is None:
        raise NotFoundError(f"no device is mounted in bin {bin_code} at {at.isoformat()}")
    before = Mounting.from_row(found)
    values = {
        name: getattr(before, name) if (value := getattr(new, name)) is None else value
        for name in Geometry.__slots__
    }
    if values["d_empty_mm"] <= values["d_full_mm"]:
        raise GeometryError(
            f"the empty bin's distance, {values['d_empty_mm']} mm, must be larger than the "
            f"full line's, {values['d_full_mm']} mm"
        )
    row = conn.execute(
        _SQL["correct_mounting"], {"mounting_id": found["mounting_id"], **values}
    ).fetchone()
    assert row is not None  # noqa: S101 - locked by mounting_at
    after = Mounting.from_row({**found, **row})
    if after != before:
        due = {"devices": [found["device_key"]], "since": before.valid_from}
        conn.execute(_SQL["add_derivation_due"], due)
        old = {name: getattr(before, name) for name in Geometry.__slots__}
        subject = f"{bin_code} {before.device_id}"
        audit(conn, actor, "mounting.correct", subject, old, values)
    return before, after
