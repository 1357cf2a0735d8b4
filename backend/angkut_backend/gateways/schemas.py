"""Gateways as the API shows them."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict


class GatewayOut(BaseModel):
    """A gateway; the figures are its own and null until it told them."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    model: str | None
    firmware: str | None
    #: Null: it was never connected.
    online: bool | None
    status_at: datetime | None
    retired_at: datetime | None
    #: When its last word of health arrived; `observed_at` is its own clock then.
    seen_at: datetime | None
    observed_at: datetime | None
    #: Readings, events and refusals in its spool.
    queued: int | None
    oldest_at: datetime | None
    spool_bytes: int | None
    spool_max_bytes: int | None
    #: What it gave up since its spool was made, by reason.
    dropped: dict[str, int] | None
    #: What keeps it from its work, since when.
    troubles: dict[str, datetime] | None
    #: How many devices speak through it.
    devices: int


class GatewaysOut(BaseModel):
    """All gateways, by id."""

    gateways: list[GatewayOut]
