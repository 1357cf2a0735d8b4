"""What changes of mountings have in common: what they did, when they may be, who is told."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from angkut_backend.db import BINS_CHANNEL, Connection, Row, load_queries
from angkut_backend.errors import ConflictError, NotFoundError

_SQL = load_queries("angkut_backend.registry")

#: A mounting lasts at least so long, also when two changes follow each other at once.
_MOMENT = timedelta(milliseconds=1)
#: So much earlier than what it follows, a change is taken to come right after it: times on the
#: command line and of new devices are in whole seconds.
_SAME_TIME = timedelta(seconds=2)


class MountingTimeError(ConflictError):
    """At that time this cannot have been."""

    code = "mounting_time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a change of mountings did."""

    at: datetime
    #: Codes of all bins that it touches.
    bins: tuple[str, ...]
    #: The new mounting, if there is one.
    mounting_id: int | None = None
    #: Mountings that ended by it.
    ended: tuple[int, ...] = ()


def open_mountings(conn: Connection, bins: list[str], devices: list[str]) -> list[Row]:
    """Return what hangs now in these bins, and where these devices hang."""
    return conn.execute(_SQL["open_mountings"], {"codes": bins, "devices": devices}).fetchall()


def one_open(conn: Connection, name: str) -> Row:
    """Return the mounting in force of a bin, or of a device.

    Raises
    ------
    NotFoundError
        Nothing with that name hangs now.

    """
    rows = open_mountings(conn, [name], [])
    rows = rows or open_mountings(conn, [], [name.lower()])
    if not rows:
        raise NotFoundError(
            f"nothing hangs in {name!r} now, and no device of that name hangs anywhere: "
            "see `angkut devices list`"
        )
    return rows[0]


def change_time(at: datetime, now: datetime, before: Sequence[Row]) -> datetime:
    """Return the time of a change, a moment after what it ends at least.

    Raises
    ------
    MountingTimeError
        It is still to come, or what it ends was hung later.

    """
    at = at.astimezone(UTC)
    if at > now + _SAME_TIME:
        raise MountingTimeError(f"{at.isoformat()} is still to come: mount it then")
    for row in before:
        earliest = row["valid_from"] + _MOMENT
        if at < earliest - _SAME_TIME:
            raise MountingTimeError(
                f"device {row['external_id']} hangs in bin {row['code']} only since "
                f"{row['valid_from'].isoformat()}: choose a later time"
            )
        at = max(at, earliest)
    return at


def refuse_overlap(
    conn: Connection, bins: list[str], devices: list[str], at: datetime, besides: Sequence[Row]
) -> None:
    """Refuse a change before another mounting of these bins or devices was over.

    Raises
    ------
    MountingTimeError
        Names that mounting.

    """
    known = [row["mounting_id"] for row in besides]
    values = {"codes": bins, "devices": devices, "at": at, "besides": known}
    row = conn.execute(_SQL["overlapping"], values).fetchone()
    if row is not None:
        until = "now" if row["valid_to"] is None else row["valid_to"].isoformat()
        raise MountingTimeError(
            f"device {row['external_id']} hung in bin {row['code']} from "
            f"{row['valid_from'].isoformat()} to {until}: choose a time from then on"
        )


def spoken(rows: Iterable[Row]) -> dict[str, str]:
    """Return which device hangs in which bin, as the audit log says it."""
    return {row["code"]: row["external_id"] for row in rows}


def distinct(*codes: str) -> tuple[str, ...]:
    """Return the codes, each once, in their order."""
    return tuple(dict.fromkeys(codes))


def tell(conn: Connection, devices: Sequence[int], bins: Sequence[str], since: datetime) -> None:
    """Have history follow, and show live maps what changed; sent when the transaction commits."""
    conn.execute(_SQL["add_derivation_due"], {"devices": sorted(set(devices)), "since": since})
    conn.execute(_SQL["notify_bins"], {"channel": BINS_CHANNEL, "codes": list(bins)})
