"""Devices exchanged, and mountings undone. All functions are part of the caller's transaction."""

from collections.abc import Sequence
from datetime import datetime

from angkut_backend.accounts.service import audit
from angkut_backend.db import Connection, load_queries
from angkut_backend.errors import ConflictError
from angkut_backend.registry.changes import (
    Change,
    change_time,
    distinct,
    one_open,
    refuse_overlap,
    spoken,
    tell,
)
from angkut_backend.registry.mountings import lock_mountings

_SQL = load_queries("angkut_backend.registry")


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
    one, other = one_open(conn, first), one_open(conn, second)
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
        refuse_overlap(conn, bins, devices, at, besides=rows)
        conn.execute(_SQL["delete_mountings"], {"ids": [row["mounting_id"] for row in rows]})
    else:
        at = change_time(at, now, rows)
        starts = [at, at]
        refuse_overlap(conn, bins, devices, at, besides=rows)
        for row in rows:
            conn.execute(_SQL["end_mounting"], {"mounting_id": row["mounting_id"], "at": at})
        ended = (one["mounting_id"], other["mounting_id"])
    for device, place, start in ((one, other, starts[0]), (other, one, starts[1])):
        # Geometry belongs to the bin: how deep it is and where its bracket sits.
        key = {"device_id": device["device_id"], "bin_id": place["bin_id"], "valid_from": start}
        conn.execute(_SQL["add_mounting"], {**place, **key})
    after = {"at": at.isoformat(), one["code"]: devices[1], other["code"]: devices[0]}
    audit(conn, actor, "mounting.swap", " ".join(bins), spoken(rows), after)
    tell(conn, [row["device_id"] for row in rows], bins, at)
    return Change(at=at, bins=distinct(*bins), ended=ended)


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
    after = {"reopened": spoken(rows.values())} if rows else None
    audit(conn, actor, "mounting.undo", subject, {"at": at.isoformat()}, after)
    bins = distinct(*names["codes"])
    tell(conn, [made["device_id"], *(row["device_id"] for row in rows.values())], bins, at)
    return bins
