"""Devices and what they hang on. All functions are part of the caller's transaction."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from angkut_backend.accounts.service import audit
from angkut_backend.db import CREDENTIALS_CHANNEL, Connection, Row, load_queries
from angkut_backend.errors import ConflictError, NotFoundError
from angkut_backend.registry.hanging import Hanging
from angkut_backend.registry.moves import bin_place, mount, unmount
from angkut_broker.credentials import BrokerUser, Verifiers
from angkut_broker.topics import ID_PATTERN, Channel, Kind, Topic

_SQL = load_queries("angkut_backend.registry")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDevice:
    """A sensor that is to be registered, and mounted in a bin if one is named."""

    external_id: str
    bin_code: str | None = None
    #: How it hangs in that bin.
    hanging: Hanging | None = None
    #: Expected seconds between two readings.
    interval_s: int
    model: str | None = None
    #: Since when it measures; readings before are kept but give no level.
    mounted_at: datetime


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """One line of the device list."""

    external_id: str
    bin_code: str | None
    model: str | None
    interval_s: int
    online: bool | None
    seen_at: datetime | None
    retired_at: datetime | None

    @classmethod
    def from_row(cls, row: Row) -> "DeviceRow":
        """Read a row of `list_devices`."""
        return cls(
            row["external_id"],
            row["bin_code"],
            row["model"],
            row["interval_s"],
            row["online"],
            row["seen_at"],
            row["retired_at"],
        )


@dataclass(frozen=True, slots=True)
class FreeBin:
    """A bin that no device measures."""

    code: str
    container: str
    volume_l: int


def is_device_id(text: str) -> bool:
    """Tell whether a text can be the id of a device."""
    return re.fullmatch(ID_PATTERN, text) is not None


def add_device(
    conn: Connection, device: NewDevice, verifiers: Verifiers, *, actor: str, replace: bool = False
) -> Topic:
    """Register a device, mount it in its bin and tell the broker; return its telemetry topic.

    A retired device comes back, with the new credential.

    Raises
    ------
    NotFoundError
        There is no bin with that code, or no site pack is loaded.
    ConflictError
        The id is taken, or the bin has a device and `replace` is not set.
    """
    district = _district(conn, device.bin_code)
    values = {
        "external_id": device.external_id,
        "district_id": district["district_id"],
        "model": device.model,
        "interval_s": device.interval_s,
        **_secret(verifiers),
    }
    known = conn.execute(_SQL["device_by_id"], {"device": device.external_id}).fetchone()
    if known is None:
        conn.execute(_SQL["add_device"], values)
    elif known["retired_at"] is None:
        raise ConflictError(
            f"device {device.external_id!r} is already registered: hang it elsewhere with "
            "`angkut devices mount`, or give it a new password with `angkut devices rotate`"
        )
    else:
        conn.execute(_SQL["revive_device"], {**values, "device_id": known["device_id"]})
    after = {"interval_s": device.interval_s, "model": device.model, "bin": device.bin_code}
    audit(conn, actor, "device.restore" if known else "device.add", device.external_id, None, after)
    if device.bin_code is not None and device.hanging is not None:
        mount(
            conn,
            device.external_id,
            device.bin_code,
            device.hanging,
            at=device.mounted_at,
            now=device.mounted_at,
            actor=actor,
            replace=replace,
            is_new=known is None,
        )
    _tell_broker(conn)
    return _topic(district, device.external_id)


def rotate_secret(conn: Connection, device_id: str, verifiers: Verifiers, *, actor: str) -> Topic:
    """Give a device another credential; the old one ends now. Return its telemetry topic.

    Brokers keep one password a user, and the device's id is its user name: there is no time in
    which both are right.

    Raises
    ------
    NotFoundError
        There is no device with that id.
    ConflictError
        It is retired.
    """
    row = _known(conn, device_id)
    if row["retired_at"] is not None:
        raise ConflictError(
            f"device {device_id} is retired: `angkut devices add --id {device_id}` gives it a new "
            "credential and brings it back"
        )
    conn.execute(_SQL["set_secret"], {"device_id": row["device_id"], **_secret(verifiers)})
    audit(conn, actor, "device.rotate", device_id)
    _tell_broker(conn)
    return _topic(_district_of(conn, device_id), device_id)


def retire_device(conn: Connection, device_id: str, *, now: datetime, actor: str) -> str | None:
    """Take a device out of use: credential, mounting; return the bin that is free by it.

    Its readings stay. What it sends from now on is kept aside as `retired_device`.

    Raises
    ------
    NotFoundError
        There is no device with that id.
    ConflictError
        It is retired already.
    """
    row = _known(conn, device_id)
    if row["retired_at"] is not None:
        raise ConflictError(f"device {device_id} is retired since {row['retired_at'].isoformat()}")
    hung = conn.execute(_SQL["open_mountings"], {"codes": [], "devices": [device_id]}).fetchone()
    if hung is not None:
        unmount(conn, device_id, at=now, now=now, actor=actor)
    conn.execute(_SQL["retire_device"], {"device_id": row["device_id"], "at": now})
    bin_code: str | None = hung["code"] if hung else None
    audit(conn, actor, "device.retire", device_id, {"bin": bin_code} if hung else None)
    _tell_broker(conn)
    return bin_code


def list_devices(conn: Connection) -> list[DeviceRow]:
    """Return every device, by bin."""
    return [DeviceRow.from_row(row) for row in conn.execute(_SQL["list_devices"])]


def free_bins(conn: Connection) -> list[FreeBin]:
    """Return the bins that no device measures now."""
    return [FreeBin(**row) for row in conn.execute(_SQL["bins_without_device"])]


def broker_users(conn: Connection) -> Sequence[BrokerUser]:
    """Return who may speak at the broker: every device that is not retired."""
    return [
        BrokerUser(row["external_id"], "device", row["secret_pbkdf2_sha512"], row["secret_bcrypt"])
        for row in conn.execute(_SQL["broker_users"])
    ]


def _known(conn: Connection, device_id: str) -> Row:
    row = conn.execute(_SQL["device_by_id"], {"device": device_id}).fetchone()
    if row is None:
        raise NotFoundError(f"no device {device_id!r}: see `angkut devices list`")
    return row


def _district(conn: Connection, bin_code: str | None) -> Row:
    """Return the district of a bin, or the one that is loaded."""
    if bin_code is not None:
        return bin_place(conn, bin_code)
    row = conn.execute(_SQL["first_district"]).fetchone()
    if row is None:
        raise NotFoundError("no site pack is loaded: load one with `angkut site load`")
    return row


def _district_of(conn: Connection, device_id: str) -> Row:
    row = conn.execute(_SQL["district_of_device"], {"device": device_id}).fetchone()
    assert row is not None  # noqa: S101 - every device has a district
    return row


def _topic(district: Row, device_id: str) -> Topic:
    area = district["district_code"].replace(".", "")
    return Topic(district["city_slug"], area, Kind.BIN, device_id, Channel.TELEMETRY)


def _secret(verifiers: Verifiers) -> dict[str, str]:
    return {"pbkdf2_sha512": verifiers.pbkdf2_sha512, "bcrypt": verifiers.bcrypt}


def _tell_broker(conn: Connection) -> None:
    conn.execute(_SQL["notify_credentials"], {"channel": CREDENTIALS_CHANNEL})
