"""What a bin's sensor measures, by name and unit, on the way into a reading.

For sources that name their fields: makers' JSON, SenML, Sparkplug.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from angkut_broker.messages import Fault
from angkut_edge.uplink import Sample
from angkut_edge.values import battery_faults, csq_dbm


class Quantity(StrEnum):
    """What a field can be."""

    DISTANCE = "distance"
    FILL = "fill"
    BATTERY = "battery"
    TEMPERATURE = "temperature"
    TILT = "tilt"
    RSSI = "rssi"
    SNR = "snr"


#: Factor to the unit of the wire contract, by the unit in lower case. The first of each is what
#: is taken when no unit is given.
UNITS: Mapping[Quantity, Mapping[str, float]] = MappingProxyType(
    {
        Quantity.DISTANCE: {"mm": 1, "cm": 10, "dm": 100, "m": 1_000, "in": 25.4},
        Quantity.FILL: {"%": 1, "percent": 1, "%fill": 1, "/": 100, "ratio": 100},
        Quantity.BATTERY: {"mv": 1, "v": 1_000},
        Quantity.TEMPERATURE: {"cel": 1, "c": 1, "°c": 1},
        Quantity.TILT: {"deg": 1, "°": 1, "rad": 180 / math.pi},
        Quantity.RSSI: {"dbm": 1, "dbw": 1},
        Quantity.SNR: {"db": 1},
    }
)
#: Units that need more than a factor.
_BATTERY_PCT = ("%", "%el", "percent")
_KELVIN, _FAHRENHEIT, _CSQ = "k", "f", "csq"
_EXTRA = {
    Quantity.BATTERY: _BATTERY_PCT,
    Quantity.TEMPERATURE: (_KELVIN, _FAHRENHEIT),
    Quantity.RSSI: (_CSQ,),
}

#: Names as devices have them, without anything but letters and a unit.
_NAMES = MappingProxyType(
    {
        **dict.fromkeys(("distance", "dist", "d", "range", "level"), Quantity.DISTANCE),
        **dict.fromkeys(("fill", "filllevel", "fillinglevel", "fillpct"), Quantity.FILL),
        **dict.fromkeys(("battery", "bat", "vdd", "voltage", "batteryvoltage"), Quantity.BATTERY),
        **dict.fromkeys(("temperature", "temp", "t"), Quantity.TEMPERATURE),
        **dict.fromkeys(("tilt", "angle", "inclination"), Quantity.TILT),
        "rssi": Quantity.RSSI,
        "snr": Quantity.SNR,
    }
)


def is_unit(quantity: Quantity, unit: str) -> bool:
    """Tell whether this unit can be taken."""
    return unit.lower() in UNITS[quantity] or unit.lower() in _EXTRA.get(quantity, ())


def recognise(name: str) -> tuple[Quantity, str | None] | None:
    """Return quantity and unit of a name such as `distance`, `Fill Level` or `distance_cm`.

    `level` alone is a distance only with a unit of length: else nobody knows what it is.
    """
    words = [word for word in re.split(r"[^a-z°%]+", name.lower()) if word]
    if not words:
        return None
    quantity = _NAMES.get("".join(words))
    if quantity and words != ["level"]:
        return quantity, None
    quantity = _NAMES.get("".join(words[:-1]))
    return (quantity, words[-1]) if quantity and is_unit(quantity, words[-1]) else None


@dataclass(frozen=True, slots=True)
class Codes:
    """Distances, as the device writes them, that are no distances."""

    no_echo: Sequence[float] = ()
    sensor_error: Sequence[float] = ()
    blind_zone: Sequence[float] = ()
    nearest_mm: float = 0
    farthest_mm: float = 100_000

    def fault(self, raw: float, mm: float) -> Fault | None:
        """Return what such a distance says instead."""
        if raw in self.no_echo:
            return Fault.NO_ECHO
        if raw in self.sensor_error:
            return Fault.SENSOR_ERROR
        if raw in self.blind_zone or 0 <= mm < self.nearest_mm:
            return Fault.BLIND_ZONE
        return None if 0 <= mm <= self.farthest_mm else Fault.BAD_FIELD


@dataclass
class Gathering:
    """The fields of one reading, as they come."""

    codes: Codes = field(default_factory=Codes)
    echoes: list[int] = field(default_factory=list)
    values: dict[str, float | int] = field(default_factory=dict)
    faults: dict[Fault, None] = field(default_factory=dict)

    def add(self, quantity: Quantity, raw: float, unit: str | None = None) -> None:
        """Take one value in the device's own unit."""
        if raw - raw != 0:
            self.faults[Fault.BAD_FIELD] = None
            return
        unit = (unit or next(iter(UNITS[quantity]))).lower()
        if quantity is Quantity.BATTERY and unit in _BATTERY_PCT:
            self.faults |= dict.fromkeys(battery_faults(round(raw)))
        elif quantity is Quantity.DISTANCE:
            self._distance(raw, raw * UNITS[quantity][unit])
        else:
            self._store(quantity, raw, unit)

    def _distance(self, raw: float, mm: float) -> None:
        fault = self.codes.fault(raw, mm)
        if fault is None:
            self.echoes.append(round(mm))
        else:
            self.faults[fault] = None

    def _store(self, quantity: Quantity, raw: float, unit: str) -> None:
        special = _SPECIAL.get(unit)
        value = special(raw) if special else raw * UNITS[quantity][unit]
        if value is not None:
            name, decimals = _FIELDS[quantity]
            self.values[name] = round(value, decimals) if decimals else round(value)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was taken."""
        return not (self.echoes or self.values or self.faults)

    def sample(self, t: datetime | None, *faults: Fault, seq: int | None = None) -> Sample:
        """Return the reading."""
        return Sample(
            t=t,
            d_mm=tuple(self.echoes) or None,
            faults=tuple(dict.fromkeys((*faults, *self.faults))),
            seq=seq,
            **self.values,  # type: ignore[arg-type]
        )


_FIELDS = {
    Quantity.FILL: ("fill_pct", 2),
    Quantity.BATTERY: ("bat_mv", 0),
    Quantity.TEMPERATURE: ("temp_c", 2),
    Quantity.TILT: ("tilt_deg", 2),
    Quantity.RSSI: ("rssi_dbm", 0),
    Quantity.SNR: ("snr_db", 2),
}
_SPECIAL: Mapping[str, Callable[[float], float | None]] = MappingProxyType(
    {
        _KELVIN: lambda raw: raw - 273.15,
        _FAHRENHEIT: lambda raw: (raw - 32) / 1.8,
        _CSQ: lambda raw: csq_dbm(round(raw)),
        "dbw": lambda raw: raw + 30,
    }
)
