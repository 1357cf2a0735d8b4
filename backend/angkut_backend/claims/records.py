"""What a technician says, and what is recorded of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from angkut_backend.db import Row
from angkut_backend.registry.hanging import Hanging


class Caution(StrEnum):
    """What a person may save in spite of, when asked."""

    #: The phone is far from where the bin is registered.
    FAR = "far"
    #: The phone has no position.
    NO_POSITION = "no_position"
    #: Another device hangs in the bin.
    REPLACE = "replace"
    #: The device hangs in another bin.
    MOVE = "move"


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where the phone was."""

    lon: float
    lat: float
    #: Radius that the phone believes itself to be in, m; None: typed by hand.
    accuracy_m: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewClaim:
    """What a technician says."""

    #: Made by the phone, so that a save sent twice is one.
    claim_id: UUID
    bin_code: str
    device_id: str
    hanging: Hanging
    position: Position | None
    confirmed: frozenset[Caution]
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A claim as it is recorded."""

    claim_id: UUID
    bin_code: str
    device_id: str
    mounting_id: int | None
    ended: list[int]
    actor: str
    made_at: datetime
    lon: float | None
    lat: float | None
    accuracy_m: float | None
    distance_m: float | None
    confirmed: list[str]
    note: str
    undone_at: datetime | None
    undone_by: str | None
    has_photo: bool

    @classmethod
    def from_row(cls, row: Row) -> "Claim":
        """Read a row of `claim_by_id` or `list_claims`."""
        return cls(**row)
