"""Devices hung, taken down and exchanged. All functions are part of the caller's transaction.

History follows by itself: whose mounting changed is noted in `derivation_due`, and the worker's job
`mountings` derives the readings since then again (`angkut_backend.quality.derivation`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from angkut_backend.accounts.service import audit
from angkut_backend.db import BINS_CHANNEL, Connection, Row, load_queries
from angkut_backend.errors import ConflictError, NotFoundError
from angkut_backend.registry.hanging import Hanging
from angkut_backend.registry.mountings import lock_mountings

_SQL = load_queries("angkut_backend.registry")

#: A mounting lasts at least so long, also when two changes follow each other at once.
_MOMENT = timedelta(milliseconds=1)
#: So much earlier than what it follows, a change is taken to come right after it: times on the
#: command line and of new devices are in whole seconds.
_SAME_TIME = timedelta(seconds=2)


class BinTakenError(ConflictError):
    """The bin has a device already."""

    code = "bin_taken"


class DeviceElsewhereError(ConflictError):
    """The device hangs in another bin."""

    code = "device_elsewhere"


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


def bin_place(conn: Connection, bin_code: str) -> Row:
    """Return a bin with its district.

    Raises
    ------
    NotFoundError
        There is no bin with that code.

    """
    row = conn.execute(_SQL["bin_by_code"], {"code": bin_code}).fetchone()
    if row is None:
        raise NotFoundError(
            f"no bin {bin_code!r}: load its site pack, or see `angkut devices free`"
        )
    return row


def mount(
    conn: Connection,
    device_id: str,
    bin_code: str,
    hanging: Hanging,
    *,
    at: datetime,
    now: datetime,
    actor: str,
    replace: bool = False,
    move: bool = False,
    is_new: bool = False,
) -> Change:
    """Hang a device in a bin from a time on; a device that hangs there already hangs anew.

    Parameters
    ----------
    replace
        End the mounting of another device in that bin.
    move
        End the mounting of this device in another bin.
    is_new
        It was registered in this transaction: nothing that it said can be on its way.

    Raises
    ------
    NotFoundError
        There is no such bin or device.
    BinTakenError, DeviceElsewhereError
        Without `replace` or `move`.
    MountingTimeError
        Something that is recorded contradicts that time.
    ConflictError
        The device is retired.

    """
    place = bin_place(conn, bin_code)
    device = _device(conn, device_id)
    before = _open(conn, [bin_code], [device_id])
    _refuse_unasked(before, device_id, bin_code, replace=replace, move=move)
    if before or not is_new:
        lock_mountings(conn)
    at = _time(at, now, before)
    _refuse_overlap(conn, [bin_code], [device_id], at, besides=before)
    for row in before:
        conn.execute(_SQL["end_mounting"], {"mounting_id": row["mounting_id"], "at": at})
    values = asdict(hanging)
    key = {"bin_id": place["bin_id"], "device_id": device["device_id"], "valid_from": at}
    added = conn.execute(_SQL["add_mounting"], {**key, **values}).fetchone()
    assert added is not None  # noqa: S101 - INSERT ... RETURNING gives one row
    shown = {name: value for name, value in values.items() if value is not None}
    audit(
        conn,
        actor,
        "mounting.add",
        f"{bin_code} {device_id}",
        _spoken(before) if before else None,
        {"at": at.isoformat(), **shown},
    )
    bins = _bins(bin_code, *(row["code"] for row in before))
    touched = [device["device_id"], *(row["device_id"] for row in before)]
    _tell(conn, touched if before or not is_new else [], bins, at)
    return Change(
        at=at,
        bins=bins,
        mounting_id=added["mounting_id"],
        ended=tuple(row["mounting_id"] for row in before),
    )


def unmount(conn: Connection, name: str, *, at: datetime, now: datetime, actor: str) -> Change:
    """Take down the device that hangs in a bin, or that has this id.

    Raises
    ------
    NotFoundError
        Nothing with that name hangs now.
    MountingTimeError
        It was hung later than that.

    """
    row = _one_open(conn, name)
    lock_mountings(conn)
    at = _time(at, now, [row])
    conn.execute(_SQL["end_mounting"], {"mounting_id": row["mounting_id"], "at": at})
    subject = f"{row['code']} {row['external_id']}"
    audit(conn, actor, "mounting.end", subject, _spoken([row]), {"at": at.isoformat()})
    _tell(conn, [row["device_id"]], [row["code"]], at)
    return Change(at=at, bins=(row["code"],), ended=(row["mounting_id"],))


def swap(
    conn: Connection, first: str, second: str, *, at: datetime | None, now: datetime, actor: str
) -> Change:
    """Exchange the devices of two bins; each takes over the other's geometry.

    The bins are named by their codes or by the ids of their devices.

    Parameters
    ----------
    at
        Since when they hang like that; None: since they were hung, so that they never measured the
        bins they were recorded in.

    Raises
    ------
    NotFoundError
        Nothing hangs there.
    MountingTimeError
        Something that is recorded contradicts that time.

    """
    one, other = _one_open(conn, first), _one_open(conn, second)
    if one["mounting_id"] == other["mounting_id"]:
        raise ConflictError(f"{first} and {second} are the same mounting: name two bins")
    lock_mountings(conn)
    rows = [one, other]
    bins = [one["code"], other["code"]]
    devices = [one["external_id"], other["external_id"]]
    ended: tuple[int, ...] = ()
    if at is None:
        starts = [one["valid_from"], other["valid_from"]]
        at = min(starts)
        # Between the two beginnings something else may have hung there.
        _refuse_overlap(conn, bins, devices, at, besides=rows)
        conn.execute(_SQL["delete_mountings"], {"ids": [row["mounting_id"] for row in rows]})
    else:
        at = _time(at, now, rows)
        starts = [at, at]
        _refuse_overlap(conn, bins, devices, at, besides=rows)
        for row in rows:
            conn.execute(_SQL["end_mounting"], {"mounting_id": row["mounting_id"], "at": at})
        ended = (one["mounting_id"], other["mounting_id"])
    for device, place, start in ((one, other, starts[0]), (other, one, starts[1])):
        # Geometry belongs to the bin: how deep it is and where its bracket sits.
        key = {"device_id": device["device_id"], "bin_id": place["bin_id"], "valid_from": start}
        conn.execute(_SQL["add_mounting"], {**place, **key})
    after = {"at": at.isoformat(), one["code"]: devices[1], other["code"]: devices[0]}
    audit(conn, actor, "mounting.swap", " ".join(bins), _spoken(rows), after)
    _tell(conn, [row["device_id"] for row in rows], bins, at)
    return Change(at=at, bins=_bins(*bins), ended=ended)


def take_back(
    conn: Connection, mounting_id: int, ended: Sequence[int], *, actor: str
) -> tuple[str, ...]:
    """Undo a mounting and reopen those that ended by it; return the bins touched.

    Raises
    ------
    ConflictError
        Something changed since, so that it cannot be undone any more.

    """
    lock_mountings(conn)
    ids = {"ids": [mounting_id, *ended]}
    rows = {row["mounting_id"]: row for row in conn.execute(_SQL["mountings_by_id"], ids)}
    made = rows.pop(mounting_id, None)
    if made is None or made["valid_to"] is not None or len(rows) < len(ended):
        raise ConflictError("the mounting has been changed since: mount the device where it is")
    at = made["valid_from"]
    names = {"codes": [made["code"], *(row["code"] for row in rows.values())]}
    own = {"devices": [made["external_id"], *(row["external_id"] for row in rows.values())]}
    known = [mounting_id, *ended]
    later = conn.execute(_SQL["overlapping"], {**names, **own, "at": at, "besides": known})
    if any(row["valid_to"] != at for row in rows.values()) or later.fetchone() is not None:
        raise ConflictError("another mounting was recorded since: mount the device where it is")
    conn.execute(_SQL["delete_mountings"], {"ids": [mounting_id]})
    conn.execute(_SQL["reopen_mountings"], {"ids": list(ended)})
    subject = f"{made['code']} {made['external_id']}"
    after = {"reopened": _spoken(rows.values())} if rows else None
    audit(conn, actor, "mounting.undo", subject, {"at": at.isoformat()}, after)
    bins = _bins(*names["codes"])
    _tell(conn, [made["device_id"], *(row["device_id"] for row in rows.values())], bins, at)
    return bins


def _device(conn: Connection, device_id: str) -> Row:
    row = conn.execute(_SQL["device_by_id"], {"device": device_id}).fetchone()
    if row is None:
        raise NotFoundError(f"no device {device_id!r}: register it with `angkut devices add`")
    if row["kind"] != "bin":
        raise ConflictError(f"{device_id} is a {row['kind']}: it measures no bin")
    if row["retired_at"] is not None:
        raise ConflictError(
            f"device {device_id} is retired: `angkut devices add --id {device_id}` gives it a new "
            "credential and brings it back"
        )
    return row


def _open(conn: Connection, bins: list[str], devices: list[str]) -> list[Row]:
    return conn.execute(_SQL["open_mountings"], {"codes": bins, "devices": devices}).fetchall()


def _one_open(conn: Connection, name: str) -> Row:
    rows = _open(conn, [name], [])
    rows = rows or _open(conn, [], [name.lower()])
    if not rows:
        raise NotFoundError(
            f"nothing hangs in {name!r} now, and no device of that name hangs anywhere: "
            "see `angkut devices list`"
        )
    return rows[0]


def _refuse_unasked(
    before: Sequence[Row], device_id: str, bin_code: str, *, replace: bool, move: bool
) -> None:
    for row in before:
        if row["code"] == bin_code and row["external_id"] != device_id and not replace:
            raise BinTakenError(
                f"bin {bin_code} has device {row['external_id']}: choose a free bin "
                "(`angkut devices free`) or end that mounting with --replace"
            )
        if row["code"] != bin_code and not move:
            raise DeviceElsewhereError(
                f"device {device_id} hangs in bin {row['code']}: take it down first, or move it "
                "with --move"
            )


def _time(at: datetime, now: datetime, before: Sequence[Row]) -> datetime:
    """Return the time of a change, a moment after what it ends at least."""
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


def _refuse_overlap(
    conn: Connection, bins: list[str], devices: list[str], at: datetime, besides: Sequence[Row]
) -> None:
    known = [row["mounting_id"] for row in besides]
    values = {"codes": bins, "devices": devices, "at": at, "besides": known}
    row = conn.execute(_SQL["overlapping"], values).fetchone()
    if row is not None:
        until = "now" if row["valid_to"] is None else row["valid_to"].isoformat()
        raise MountingTimeError(
            f"device {row['external_id']} hung in bin {row['code']} from "
            f"{row['valid_from'].isoformat()} to {until}: choose a time from then on"
        )


def _spoken(rows: Iterable[Row]) -> dict[str, str]:
    return {row["code"]: row["external_id"] for row in rows}


def _bins(*codes: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(codes))


def _tell(conn: Connection, devices: Sequence[int], bins: Sequence[str], since: datetime) -> None:
    """Have history follow, and show live maps what changed; sent when the transaction commits."""
    conn.execute(_SQL["add_derivation_due"], {"devices": sorted(set(devices)), "since": since})
    conn.execute(_SQL["notify_bins"], {"channel": BINS_CHANNEL, "codes": list(bins)})
