"""What the rules of alerts look at."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Seen(StrEnum):
    """What a device saw: an event's kind, or a reading that was hot."""

    FIRE = "fire"
    HEAT = "heat"
    TILT = "tilt"
    LID = "lid"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class Observation:
    """A device saw something: °C for fire and heat, degrees for tilt, 0 for a closed lid."""

    seen: Seen
    at: datetime
    value: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of a bin through the device that is mounted there."""

    bin_id: int
    device_id: int
    interval_s: int
    mounted_at: datetime
    #: Newest reading, and newest trusted level.
    seen_at: datetime | None
    trusted_at: datetime | None
    fill_pct: float | None
    temp_c: float | None
    #: Newest and highest voltage of the last hour before the newest reading.
    battery_mv: int | None
    battery_max_mv: int | None
    #: Whether the device says when the lid closes; otherwise an opening tells nothing.
    lid_tells: bool
    #: Oldest first, at most `rules.SIGN_MAX_AGE` old.
    observations: tuple[Observation, ...] = ()

    def of(self, *seen: Seen) -> list[Observation]:
        """Return the observations of these kinds, oldest first."""
        return [one for one in self.observations if one.seen in seen]


@dataclass(frozen=True, slots=True)
class Run:
    """The newest trusted readings of a device that are all on one side of a threshold."""

    since: datetime
    until: datetime
    readings: int
