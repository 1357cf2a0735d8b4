"""Bins with their sensors, fresh from a seed or from a saved state."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from angkut_sim.days import Calendar
from angkut_sim.device import Sensor
from angkut_sim.device_state import SensorState
from angkut_sim.errors import StateFileError
from angkut_sim.fault_plan import FaultPlan
from angkut_sim.fleet_file import FleetDevice, FleetFile, write_private
from angkut_sim.places import Place
from angkut_sim.policies import Policy
from angkut_sim.stretch import Stretch
from angkut_sim.truth import Surface
from angkut_sim.world import World
from angkut_sim.world_state import WorldState, restore, save

_LOG = logging.getLogger(__name__)

#: How the older simulator's files begin: its bins knew no litres.
_OLDER = b'{"version":1,'
#: A world that starts without history runs this long before anyone looks, s.
WARM_UP_S = 7 * 86_400.0


class SavedState(BaseModel):
    """The state file: what continues after a restart."""

    model_config = ConfigDict(allow_inf_nan=False)

    version: Literal[2] = 2
    #: World time, s since 1970 UTC; in live mode it runs ahead of the clock.
    world_s: float
    world: WorldState
    sensors: Mapping[str, SensorState]

    @classmethod
    def load(cls, path: Path) -> "SavedState | None":
        """Read the file; None when there is none, or it is of the simulator before this one.

        Raises
        ------
        StateFileError
            When it cannot be read or understood.

        """
        try:
            content = path.read_bytes()
            if content.startswith(_OLDER):
                _LOG.warning("%s is of an older simulator: its bins start anew", path)
                return None
            return cls.model_validate_json(content)
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
    """A device and the sensor in it."""

    device: FleetDevice
    sensor: Sensor


def place_of(device: FleetDevice) -> Place:
    """Return where a device's bin stands."""
    return Place(
        code=device.bin_code,
        volume_l=device.volume_l,
        kind=device.kind,
        site=device.site,
        lidded=device.lidded,
        floods=device.floods,
    )


class Simulation:
    """All units of a fleet over one world. Made with `fresh` or `continued`."""

    def __init__(self, units: tuple[Unit, ...], world: World, world_s: float) -> None:
        self.units, self.world = units, world
        #: World time, s since 1970 UTC; the world itself moves in whole steps.
        self.world_s = world_s
        #: The newest stretch of the world.
        self.truth = world.advance(world_s)

    @classmethod
    def fresh(
        cls,
        fleet_file: FleetFile,
        *,
        seed: int,
        at_s: float,
        calendar: Calendar | None = None,
        policy: Policy | None = None,
        faults: FaultPlan | None = None,
    ) -> "Simulation":
        """Return a world that starts at `at_s` (s since 1970 UTC)."""
        places = [place_of(device) for device in fleet_file.devices]
        world = World(places, seed=seed, start_s=at_s, calendar=calendar, policy=policy)
        units = (Unit(device, Sensor(seed, device, at_s, faults)) for device in fleet_file.devices)
        return cls(tuple(units), world, at_s)

    @classmethod
    def continued(
        cls,
        fleet_file: FleetFile,
        state: SavedState | None,
        *,
        seed: int,
        now_s: float,
        calendar: Calendar | None = None,
        faults: FaultPlan | None = None,
    ) -> "Simulation":
        """Go on from a state. What it does not hold starts anew and is warmed up.

        Parameters
        ----------
        now_s
            Real time, s since 1970 UTC: the sensors' clock, and the world's without a state.

        """
        units = []
        for device in fleet_file.devices:
            sensor = Sensor(seed, device, now_s, faults)
            if state and device.id in state.sensors:
                sensor.restore(state.sensors[device.id])
            units.append(Unit(device, sensor))
        world_s = state.world_s if state else now_s
        places = [place_of(device) for device in fleet_file.devices]
        known = state.world.bins if state else {}
        new = [place for place in places if place.code not in known]
        warm = World(new, seed=seed, start_s=world_s - WARM_UP_S, calendar=calendar)
        warm.advance(world_s)
        world = World(places, seed=seed, start_s=world_s, calendar=calendar)
        restore(world, save(warm))
        if state:
            restore(world, state.world)
        return cls(tuple(units), world, world_s)

    def advance(self, to_s: float) -> Stretch:
        """Let the world go on to `to_s`, never back; return the newest stretch of its truth."""
        self.world_s = max(self.world_s, to_s)
        if self.world_s >= self.truth.span_s[1]:
            self.truth = self.world.advance(self.world_s)
        return self.truth

    def surface(self, bin_code: str) -> Surface:
        """Return what lies below the sensor of a bin now."""
        return self.truth.surface(bin_code, self.world_s)

    def save(self) -> SavedState:
        """Return the state as it is now."""
        return SavedState(
            world_s=self.world_s,
            world=save(self.world),
            sensors={unit.device.id: unit.sensor.save() for unit in self.units},
        )
