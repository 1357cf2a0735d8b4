"""All that must be saved of a sensor."""

from dataclasses import dataclass, field

from angkut_broker.messages import Telemetry
from angkut_sim.fleet_file import FleetDevice
from angkut_sim.radio import RadioState

#: Closer readings tell nothing of a rate.
_RATE_AFTER_H = 0.1


@dataclass(slots=True)
class SensorState:
    """What changes about a sensor; all that must be saved. Times are s since 1970 UTC."""

    seq: int = 0
    dice: int = 0
    #: Up to when its life was lived.
    lived_s: float | None = None
    used_j: float = 0.0
    #: A flat battery is changed then; 0: it is not flat.
    changed_at_s: float = 0.0
    held: list[int] = field(default_factory=list)
    held_from_s: float = 0.0
    #: The newest reading, for copies.
    last: Telemetry | None = None
    #: Level by its own reckoning, %, and how fast it rises, % an hour.
    level_pct: float = 0.0
    rate_pct_h: float = 0.0
    #: Set by commands; None: as delivered.
    interval_s: int | None = None
    fw: str | None = None
    empty_mm: int | None = None
    radio: RadioState | None = None
    #: What its switches said last.
    lid_open: bool = False
    tipped: bool = False
    #: Commands that were carried out, newest last: id, whether it worked, what it said.
    obeyed: list[tuple[str, bool, str]] = field(default_factory=list)

    def reckon(self, device: FleetDevice, now_s: float, echoes_mm: list[int]) -> None:
        """Keep what the firmware makes of it, to choose its interval."""
        empty_mm = self.empty_mm or device.d_empty_mm
        middle = sorted(echoes_mm)[len(echoes_mm) // 2]
        level_pct = 100.0 * (empty_mm - middle) / (device.d_empty_mm - device.d_full_mm)
        hours = (now_s - self.last.t.timestamp()) / 3600 if self.last else 0.0
        if hours >= _RATE_AFTER_H:
            rate = (level_pct - self.level_pct) / hours
            self.rate_pct_h = 0.7 * self.rate_pct_h + 0.3 * max(-50.0, min(50.0, rate))
        self.level_pct = level_pct
