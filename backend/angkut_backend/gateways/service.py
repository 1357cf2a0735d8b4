"""What gateways say of themselves, and who speaks through them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from psycopg.types.json import Jsonb

from angkut_backend.accounts.service import audit
from angkut_backend.db import CREDENTIALS_CHANNEL, Connection, Row, load_queries
from angkut_backend.errors import ConflictError, NotFoundError
from angkut_broker.credentials import Verifiers
from angkut_broker.messages import Health
from angkut_broker.topics import Channel, Kind, Topic

_SQL = load_queries("angkut_backend.gateways")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """A gateway as it last told of itself; the figures are `None` until it did."""

    id: str
    model: str | None
    firmware: str | None
    online: bool | None
    status_at: datetime | None
    retired_at: datetime | None
    #: When its last word of health arrived, and by its own clock.
    seen_at: datetime | None
    observed_at: datetime | None
    queued: int | None
    oldest_at: datetime | None
    spool_bytes: int | None
    spool_max_bytes: int | None
    dropped: Mapping[str, int] | None
    troubles: Mapping[str, datetime] | None
    #: How many devices speak through it.
    devices: int

    @classmethod
    def from_row(cls, row: Row) -> "Gateway":
        """Read a row of `list_gateways`."""
        return cls(**row)


def add_gateway(conn: Connection, name: str, verifiers: Verifiers, *, actor: str) -> Topic:
    """Register a gateway and tell the broker; return the topic of its status.

    Raises
    ------
    NotFoundError
        No site pack is loaded: nobody knows where it stands.
    ConflictError
        The name is taken.

    """
    district = conn.execute(_SQL["district"]).fetchone()
    if district is None:
        raise NotFoundError("there is no district yet: load a site pack with `angkut site load`")
    values = {
        "gateway": name,
        "district_id": district["district_id"],
        "pbkdf2_sha512": verifiers.pbkdf2_sha512,
        "bcrypt": verifiers.bcrypt,
    }
    if conn.execute(_SQL["add_gateway"], values).fetchone() is None:
        raise ConflictError(
            f"{name!r} is already registered: choose another name, or give it a new password "
            "with `angkut devices rotate`"
        )
    audit(conn, actor, "gateway.add", name)
    conn.execute(_SQL["notify_credentials"], {"channel": CREDENTIALS_CHANNEL})
    return Topic(district["city_slug"], district["area"], Kind.GATEWAY, name, Channel.STATUS)


def record_health(conn: Connection, health: Health, *, received_at: datetime) -> None:
    """Keep how a gateway is, in the caller's transaction; one that is not registered is ignored."""
    conn.execute(
        _SQL["record_health"],
        {
            "gateway": health.id,
            "observed_at": health.t,
            "received_at": received_at,
            "queued": health.queued,
            "oldest_at": health.oldest,
            "spool_bytes": health.spool_bytes,
            "spool_max_bytes": health.spool_max_bytes,
            "dropped": Jsonb(health.dropped),
            "troubles": Jsonb({what: t.isoformat() for what, t in health.troubles.items()}),
        },
    )


def learn_routes(conn: Connection, routes: Mapping[str, str | None]) -> None:
    """Note through which gateway each device described itself; `None`: without one."""
    ordered = sorted(routes.items())
    conn.execute(
        _SQL["learn_routes"],
        {
            "device": [device for device, _ in ordered],
            "gateway": [gateway for _, gateway in ordered],
        },
    )


def list_gateways(conn: Connection) -> list[Gateway]:
    """Return all gateways by id."""
    return [Gateway.from_row(row) for row in conn.execute(_SQL["list_gateways"])]
