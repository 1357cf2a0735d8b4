"""What gateways say of themselves, and who speaks through them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from psycopg.types.json import Jsonb

from angkut_backend.db import Connection, Row, load_queries
from angkut_broker.messages import Health

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
