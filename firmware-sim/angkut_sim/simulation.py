"""Bins with their sensors, fresh from a seed or from a saved state."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from angkut_sim.device import Sensor, SensorState
from angkut_sim.errors import StateFileError
from angkut_sim.fleet_file import FleetDevice, FleetFile, write_private
from angkut_sim.world import Bin, BinState

#: A world that starts without history runs this long before anyone looks, s.
WARM_UP_S = 7 * 86_400.0


class SavedState(BaseModel):
    """The state file: what continues after a restart."""

    model_config = ConfigDict(allow_inf_nan=False)

    version: Literal[1] = 1
    #: World time, s since 1970 UTC; in live mode it runs ahead of the clock.
    world_s: float
    bins: Mapping[str, BinState]
    sensors: Mapping[str, SensorState]

    @classmethod
    def load(cls, path: Path) -> "SavedState | None":
        """Read the file; None when there is none.

        Raises
        ------
        StateFileError
            When it cannot be read or understood.

        """
        try:
            return cls.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as exc:
            raise StateFileError(
                f"{path} is not a simulator state: {str(exc).splitlines()[0]}. "
                "Delete it, and the simulated bins start anew."
            ) from exc

    def save(self, path: Path) -> None:
        """Replace the file in one step."""
        write_private(path, self.model_dump_json().encode())


@dataclass(frozen=True, slots=True)
class Unit:
    """A bin and the sensor in it."""

    device: FleetDevice
    bin: Bin
    sensor: Sensor


@dataclass(slots=True)
class Simulation:
    """All units of a fleet. Made with `fresh` or `continued`."""

    units: tuple[Unit, ...]
    #: World time, s since 1970 UTC.
    world_s: float

    @classmethod
    def fresh(cls, fleet_file: FleetFile, *, seed: int, at_s: float) -> "Simulation":
        """Return a world that starts at `at_s` (s since 1970 UTC)."""
        units = tuple(
            Unit(device, Bin(seed, device.bin_code, at_s), Sensor(seed, device, at_s))
            for device in fleet_file.devices
        )
        return cls(units, at_s)

    @classmethod
    def continued(
        cls, fleet_file: FleetFile, state: SavedState | None, *, seed: int, now_s: float
    ) -> "Simulation":
        """Go on from a state. What it does not hold starts anew and is warmed up.

        Parameters
        ----------
        now_s
            Real time, s since 1970 UTC: the sensors' clock, and the world's without a state.

        """
        world_s = state.world_s if state else now_s
        units = []
        for device in fleet_file.devices:
            sensor = Sensor(seed, device, now_s)
            if state and device.id in state.sensors:
                sensor.restore(state.sensors[device.id])
            waste_bin = Bin(seed, device.bin_code, world_s - WARM_UP_S)
            if state and device.bin_code in state.bins:
                waste_bin.restore(state.bins[device.bin_code])
            waste_bin.advance(world_s)
            units.append(Unit(device, waste_bin, sensor))
        return cls(tuple(units), world_s)

    def save(self) -> SavedState:
        """Return the state as it is now."""
        return SavedState(
            world_s=self.world_s,
            bins={unit.bin.code: unit.bin.save() for unit in self.units},
            sensors={unit.device.id: unit.sensor.save() for unit in self.units},
        )
