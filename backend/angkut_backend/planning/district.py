"""A district's vehicles, depots and disposal sites as a planning problem knows them.

What the registry does not say is set here, and believable rather than measured: hours of the
shift, costs, what each kind of vehicle can empty, how much waste gives when pressed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Literal, Protocol

from angkut_backend.planning.problem import (
    Bin,
    Break,
    Depot,
    DisposalSite,
    Problem,
    TimeWindow,
    Vehicle,
)

#: Crews work from about 05:00 to 14:00 (Kota Bekasi).
SHIFT_BEGINS = time(5)
SHIFT_S = 9 * 3600
#: Half an hour, begun between 11:00 and 12:30; on Fridays the prayer.
_BREAK = Break(duration_s=1800, begin=TimeWindow(from_s=6 * 3600, to_s=6 * 3600 + 5400))
#: Small vehicles tip into the containers of a transfer station: no queue, ten minutes.
_TRANSFER_S = 600
#: Mass of loose waste in a bin, kg a litre (150 to 250 kg/m3).
KG_PER_LITRE = 0.2
_DAY_S = 86_400
#: Containers that a vehicle swaps for an empty one: each fills it, whatever is inside.
SWAPPED = frozenset({"arm_roll_6m3"})


@dataclass(frozen=True, slots=True)
class _Kind:
    containers: tuple[str, ...]
    #: Loose litres that fit into a litre of the body.
    compaction: float
    rp_per_km: float
    rp_per_hour: float


_WHEELED = ("wheelie_120", "wheelie_240", "wheelie_660")
_KINDS = {
    "dump_truck": _Kind((*_WHEELED, "cart"), 1.2, 3_000, 72_000),
    "compactor": _Kind((*_WHEELED, "cart"), 2.5, 4_000, 72_000),
    # It swaps the container: one a trip.
    "arm_roll": _Kind(tuple(SWAPPED), 1.3, 3_500, 54_000),
    "motor_cart": _Kind((*_WHEELED, "cart"), 1.1, 800, 30_000),
}


class PlaceRow(Protocol):
    """A depot or a transfer station of the registry."""

    @property
    def code(self) -> str: ...
    @property
    def lon(self) -> float: ...
    @property
    def lat(self) -> float: ...


class DisposalRow(PlaceRow, Protocol):
    """A disposal site of the registry; times are local."""

    @property
    def opens_at(self) -> time: ...
    @property
    def closes_at(self) -> time: ...
    @property
    def tipping_min(self) -> float: ...
    @property
    def queue_min(self) -> Sequence[float]: ...


class VehicleRow(Protocol):
    """A vehicle of the registry."""

    @property
    def code(self) -> str: ...
    @property
    def depot(self) -> str: ...
    @property
    def kind(self) -> Literal["dump_truck", "arm_roll", "compactor", "motor_cart"]: ...
    @property
    def volume_l(self) -> int: ...
    @property
    def payload_kg(self) -> int: ...
    @property
    def access(self) -> Literal["road", "alley"]: ...


@dataclass(frozen=True, slots=True)
class District:
    """What plans of a district have in common."""

    code: str
    timezone: str
    #: How many times as long a way takes, by local hour of departure.
    traffic_by_hour: tuple[float, ...]
    depots: tuple[PlaceRow, ...]
    disposal_sites: tuple[DisposalRow, ...]
    #: Where small vehicles unload.
    transfers: tuple[PlaceRow, ...]
    vehicles: tuple[VehicleRow, ...]

    def problem(
        self,
        shift_start: datetime,
        bins: Iterable[Bin],
        *,
        readings_as_of: datetime | None = None,
        from_s: int = 0,
    ) -> Problem:
        """Return the problem of one shift.

        Parameters
        ----------
        from_s
            Vehicles leave no sooner: the shift is in progress.

        Raises
        ------
        pydantic.ValidationError
            The registry contradicts itself; names the field.
        """
        landfills = tuple(site.code for site in self.disposal_sites)
        small = tuple(site.code for site in self.transfers) or landfills
        return Problem(
            district=self.code,
            shift_start=shift_start,
            timezone=self.timezone,
            readings_as_of=readings_as_of,
            depots=tuple(Depot(code=d.code, lon=d.lon, lat=d.lat) for d in self.depots),
            disposal_sites=(
                *(self._disposal(site) for site in self.disposal_sites),
                *(_transfer(site) for site in self.transfers),
            ),
            vehicles=tuple(
                _vehicle(v, small if v.access == "alley" else landfills, from_s)
                for v in self.vehicles
            ),
            bins=tuple(bins),
            traffic_by_hour=self.traffic_by_hour,
        )

    def _disposal(self, site: DisposalRow) -> DisposalSite:
        begins_s = SHIFT_BEGINS.hour * 3600
        closes_s = _seconds(site.closes_at) or _DAY_S
        return DisposalSite(
            code=site.code,
            lon=site.lon,
            lat=site.lat,
            opening=TimeWindow(from_s=_seconds(site.opens_at) - begins_s, to_s=closes_s - begins_s),
            tipping_s=round(site.tipping_min * 60),
            queue_s_by_hour=tuple(round(minutes * 60) for minutes in site.queue_min),
        )


def _transfer(site: PlaceRow) -> DisposalSite:
    return DisposalSite(
        code=site.code,
        lon=site.lon,
        lat=site.lat,
        opening=TimeWindow(from_s=0, to_s=_DAY_S),
        tipping_s=_TRANSFER_S,
        queue_s_by_hour=(0,) * 24,
    )


def _vehicle(row: VehicleRow, disposal_sites: tuple[str, ...], from_s: int) -> Vehicle:
    kind = _KINDS[row.kind]
    return Vehicle(
        code=row.code,
        kind=row.kind,
        depot=row.depot,
        access=row.access,
        profile="small" if row.access == "alley" else "truck",
        containers=kind.containers,
        disposal_sites=disposal_sites,
        volume_l=round(row.volume_l * kind.compaction),
        payload_kg=row.payload_kg,
        shift=TimeWindow(from_s=from_s, to_s=SHIFT_S),
        # A crew that leaves later than that has had its break.
        breaks=(_BREAK,) if from_s <= _BREAK.begin.to_s else (),
        rp_per_km=kind.rp_per_km,
        rp_per_hour=kind.rp_per_hour,
    )


def _seconds(clock: time) -> int:
    return int(timedelta(hours=clock.hour, minutes=clock.minute).total_seconds())
