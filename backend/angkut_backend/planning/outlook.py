"""What a forecast says of each bin for one shift: when a vehicle comes, and if none does."""

from dataclasses import dataclass

from angkut_backend.forecast.history import Floats
from angkut_backend.forecast.predict import Forecast
from angkut_backend.planning.district import KG_PER_LITRE, SWAPPED

#: When a vehicle comes on average, and when it can come next, hours after the shift begins.
SERVICE_H, NEXT_H = 4, 28
#: What heaps on a bin, at most, % of its volume.
_HEAPED_PCT = 130.0


@dataclass(frozen=True, slots=True)
class Outlook:
    """Of b bins."""

    #: Expected level when a vehicle may come, %, [b].
    fill_pct: Floats
    #: Probability that it overflows before the next chance, [b].
    overflow_probability: Floats
    #: Expected hours of overflow from then until the next chance, [b].
    overflow_h: Floats

    @classmethod
    def of(cls, forecast: Forecast, to_shift_h: int) -> "Outlook":
        """Look at a shift that begins so many hours after the forecast does."""
        at_service, at_next = max(to_shift_h + SERVICE_H, 0), max(to_shift_h + NEXT_H, 0)
        return cls(
            forecast.mean_pct[:, at_service],
            forecast.between(at_next, at_next).overflow_probability()[:, 0],
            forecast.between(at_service, at_next).overflow_hours()[:, -1],
        )


def load_of(fill_pct: float, volume_l: float, container: str) -> tuple[int, int]:
    """Return what a vehicle would take from a bin: litres of its room, and kg.

    A container that is swapped takes the room of a whole container.
    """
    litres = round(min(fill_pct, _HEAPED_PCT) / 100 * volume_l)
    return round(volume_l) if container in SWAPPED else litres, round(litres * KG_PER_LITRE)
