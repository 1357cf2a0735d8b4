"""Devices hung and taken down. All functions are part of the caller's transaction.

History follows by itself: whose mounting changed is noted in `derivation_due`, and the worker's job
`mountings` derives the readings since then again (`angkut_backend.quality.derivation`).
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from angkut_backend.accounts.service import audit
from angkut_backend.db import Connection, Row, load_queries
from angkut_backend.errors import ConflictError, NotFoundError
from angkut_backend.registry.changes import (
    Change,
    change_time,
    distinct,
    one_open,
    open_mountings,
    refuse_overlap,
    spoken,
    tell,
)
from angkut_backend.registry.hanging import Hanging
from angkut_backend.registry.mountings import lock_mountings

_SQL = load_queries("angkut_backend.registry")


class BinTakenError(ConflictError):
    """The bin has a device already."""

    code = "bin_taken"


class DeviceElsewhereError(ConflictError):
    """The device hangs in another bin."""

    code = "device_elsewhere"


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
    before = open_mountings(conn, [bin_code], [device_id])
    _refuse_unasked(before, device_id, bin_code, replace=replace, move=move)
    if before or not is_new:
        lock_mountings(conn)
    at = change_time(at, now, before)
    refuse_overlap(conn, [bin_code], [device_id], at, besides=before)
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
        spoken(before) if before else None,
        {"at": at.isoformat(), **shown},
    )
    bins = distinct(bin_code, *(row["code"] for row in before))
    touched = [device["device_id"], *(row["device_id"] for row in before)]
    tell(conn, touched if before or not is_new else [], bins, at)
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
    row = one_open(conn, name)
    lock_mountings(conn)
    at = change_time(at, now, [row])
    conn.execute(_SQL["end_mounting"], {"mounting_id": row["mounting_id"], "at": at})
    subject = f"{row['code']} {row['external_id']}"
    audit(conn, actor, "mounting.end", subject, spoken([row]), {"at": at.isoformat()})
    tell(conn, [row["device_id"]], [row["code"]], at)
    return Change(at=at, bins=(row["code"],), ended=(row["mounting_id"],))


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
