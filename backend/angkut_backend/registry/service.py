"""Devices and what they hang on. All functions are part of the caller's transaction."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psycopg

from angkut_backend.accounts.service import audit
from angkut_backend.db import CREDENTIALS_CHANNEL, Connection, Row, load_queries
from angkut_backend.errors import ConflictError, NotFoundError
from angkut_broker.credentials import BrokerUser, Verifiers
from angkut_broker.topics import ID_PATTERN, Channel, Kind, Topic

_SQL = load_queries("angkut_backend.registry")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDevice:
    """A sensor that is to be mounted in a bin."""

    external_id: str
    bin_code: str
    #: Sensor to the bottom of the empty bin, mm.
    d_empty_mm: int
    #: Sensor to the full line, mm.
    d_full_mm: int
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

    Raises
    ------
    NotFoundError
        There is no bin with that code.
    ConflictError
        The id is taken, or the bin has a device and `replace` is not set.
    """
    place = conn.execute(_SQL["bin_by_code"], {"code": device.bin_code}).fetchone()
    if place is None:
        raise NotFoundError(
            f"no bin {device.bin_code!r}: load its site pack, or see `angkut devices free`"
        )
    mounted = conn.execute(_SQL["open_mounting_of_bin"], place).fetchone()
    if mounted and not replace:
        raise ConflictError(
            f"bin {device.bin_code} has device {mounted['external_id']}: "
            "choose a free bin (`angkut devices free`) or end that mounting with --replace"
        )
    mounted_at = device.mounted_at.astimezone(UTC)
    if mounted:
        # A mounting lasts at least a moment, also when two commands follow each other at once.
        mounted_at = max(mounted_at, mounted["valid_from"] + timedelta(milliseconds=1))
    try:
        row = conn.execute(
            _SQL["add_device"],
            {
                "external_id": device.external_id,
                "district_id": place["district_id"],
                "model": device.model,
                "interval_s": device.interval_s,
                "pbkdf2_sha512": verifiers.pbkdf2_sha512,
                "bcrypt": verifiers.bcrypt,
            },
        ).fetchone()
    except psycopg.errors.UniqueViolation as exc:
        raise ConflictError(f"device {device.external_id!r} is already registered") from exc
    assert row is not None  # noqa: S101 - INSERT ... RETURNING gives one row
    if mounted:
        conn.execute(_SQL["end_mounting"], {**mounted, "at": mounted_at})
    conn.execute(
        _SQL["add_mounting"],
        {
            "bin_id": place["bin_id"],
            "device_id": row["device_id"],
            "valid_from": mounted_at,
            "d_empty_mm": device.d_empty_mm,
            "d_full_mm": device.d_full_mm,
        },
    )
    audit(
        conn,
        actor,
        "device.add",
        device.external_id,
        {"replaced": mounted["external_id"]} if mounted else None,
        {
            "bin": device.bin_code,
            "d_empty_mm": device.d_empty_mm,
            "d_full_mm": device.d_full_mm,
            "interval_s": device.interval_s,
        },
    )
    conn.execute(_SQL["notify_credentials"], {"channel": CREDENTIALS_CHANNEL})
    area = place["district_code"].replace(".", "")
    return Topic(place["city_slug"], area, Kind.BIN, device.external_id, Channel.TELEMETRY)


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
