"""The hand-over file `fleet.json`: which devices to simulate, with their broker passwords."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from angkut_broker.messages import DeviceId
from angkut_sim.errors import FleetFileError
from angkut_sim.places import PlaceKind


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where the devices connect."""

    host: str
    port: int
    #: Certificate of the authority that signed the broker's; None is a connection without TLS.
    tls_ca: Path | None = None


class FleetDevice(BaseModel):
    """One device and the bin it hangs in."""

    model_config = ConfigDict(frozen=True)

    id: DeviceId
    password: Annotated[str, Field(min_length=1, repr=False)]
    bin_code: Annotated[str, Field(min_length=1, max_length=64)]
    volume_l: Annotated[float, Field(gt=0)]
    #: Distance from the sensor to the ground of the empty bin, mm.
    d_empty_mm: Annotated[int, Field(gt=0, le=20_000)]
    #: Distance from the sensor to the waste at 100 %, mm.
    d_full_mm: Annotated[int, Field(ge=0)]
    #: What the device says of its reporting interval, s.
    interval_s: Annotated[int, Field(ge=1, le=30 * 86_400)]
    #: Where the bin stands, WGS84: bins of one street corner share their radio cell.
    lon: Annotated[float, Field(ge=-180, le=180)] | None = None
    lat: Annotated[float, Field(ge=-90, le=90)] | None = None
    #: What throws into the bin; bins of one site stand side by side; see `places.Place`.
    kind: PlaceKind = PlaceKind.HOUSING
    site: Annotated[str, Field(max_length=64)] = ""
    lidded: bool = True
    floods: bool = False

    @model_validator(mode="after")
    def _full_is_nearer(self) -> Self:
        if self.d_full_mm >= self.d_empty_mm:
            raise ValueError(
                f"d_full_mm {self.d_full_mm} must be below d_empty_mm {self.d_empty_mm}"
            )
        return self


class FleetFile(BaseModel):
    """The whole fleet. Holds passwords, so it is written readable by its owner only."""

    model_config = ConfigDict(frozen=True)

    version: Literal[1] = 1
    city: str
    area: str
    devices: Annotated[tuple[FleetDevice, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Self:
        if len({device.id for device in self.devices}) != len(self.devices):
            raise ValueError("a device id stands twice")
        return self

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the file.

        Raises
        ------
        FleetFileError
            Names the file and the first thing wrong with it.

        """
        try:
            return cls.model_validate_json(path.read_bytes())
        except OSError as exc:
            raise FleetFileError(
                f"cannot read the fleet file {path}: {exc.strerror}. `angkut demo` makes it."
            ) from exc
        except ValidationError as exc:
            first = exc.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"]) or "the file"
            raise FleetFileError(
                f"{path}: {where}: {first['msg']}. `angkut demo` makes it anew."
            ) from exc

    def save(self, path: Path) -> None:
        """Write the file, mode 0600, whole or not at all."""
        write_private(path, self.model_dump_json(indent=1).encode())


def write_private(path: Path, content: bytes) -> None:
    """Replace a file in one step; only its owner may read it."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    scratch.unlink(missing_ok=True)
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    scratch.replace(path)
