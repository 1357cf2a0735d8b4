"""The battery of a sensor: what it gave, what it still shows.

A lithium thionyl chloride cell is flat for nine tenths of its life and then collapses, so its
voltage says something only of the last weeks. Energies are the usual ones of such devices.
"""

from dataclasses import dataclass
from enum import StrEnum

#: 8,500 mAh, of which four fifths can be used before shelf life ends it, at 3.6 V.
CAPACITY_J = 8.5 * 0.8 * 3600.0 * 3.6
#: Deep sleep at 10 µA.
SLEEP_W = 10e-6 * 3.6
#: One measurement with its wake-up.
MEASURE_J = 0.030

#: Terminal voltage by the share that is used up, mV at 25 °C, a straight line in between.
_CURVE_MV = (
    (0.0, 3660.0),
    (0.05, 3630.0),
    (0.85, 3560.0),
    (0.93, 3420.0),
    (0.97, 3180.0),
    (1.0, 2900.0),
)
_PER_DEGREE_MV = 1.5
#: Below this the device does not start any more.
EMPTY_SHARE = 1.0


class Bearer(StrEnum):
    """How a device sends, with the energy of one message, J (good and poor reception)."""

    LORA = "lora"
    NB_IOT = "nb_iot"

    def message_j(self, *, poor: bool) -> float:
        """Return what one message takes."""
        if self is Bearer.LORA:
            return 0.235 if poor else 0.059  # SF12, SF10
        return 3.0 if poor else 0.4


@dataclass(slots=True)
class Battery:
    """One cell."""

    used_j: float

    @property
    def used(self) -> float:
        """Share of the usable capacity that is gone; from 1 on the device is dead."""
        return self.used_j / CAPACITY_J

    @property
    def is_empty(self) -> bool:
        """Tell whether the device does not start any more."""
        return self.used >= EMPTY_SHARE

    def sleep(self, seconds: float) -> None:
        """Pass time in deep sleep."""
        self.used_j += SLEEP_W * seconds

    def measure(self) -> None:
        """Pay for one reading."""
        self.used_j += MEASURE_J

    def send(self, bearer: Bearer, *, poor: bool) -> None:
        """Pay for one message."""
        self.used_j += bearer.message_j(poor=poor)

    def voltage_mv(self, temp_c: float) -> float:
        """Return the terminal voltage; colder is lower, as in every morning's reading."""
        used = min(1.0, max(0.0, self.used))
        left_x, left_mv = _CURVE_MV[0]
        for right_x, right_mv in _CURVE_MV[1:]:
            if used <= right_x:
                share = (used - left_x) / (right_x - left_x)
                left_mv += share * (right_mv - left_mv)
                break
            left_x, left_mv = right_x, right_mv
        return left_mv + _PER_DEGREE_MV * (temp_c - 25.0)


def life_days(bearer: Bearer, *, a_day: float, poor: bool) -> float:
    """Return how long a fresh battery lasts at so many reports a day."""
    daily_j = SLEEP_W * 86_400 + a_day * (MEASURE_J + bearer.message_j(poor=poor))
    return CAPACITY_J / daily_j
