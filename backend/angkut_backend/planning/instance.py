"""The problem as arrays: what greedy start and search work on.

Nodes of the arrays: the groups of bins that are offered, in order. Their matrices lead from the
last bin of one group to the first bin of another, and the ways inside a group are added, so that
times agree with the timetable to the second (but for traffic, queues and breaks).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from angkut_backend.planning.merge import Group, merge
from angkut_backend.planning.plan_document import OutReason
from angkut_backend.planning.points import bin_point, depot_point, disposal_point, start_point
from angkut_backend.planning.problem import Bin, TimeWindow, Vehicle
from angkut_backend.planning.rules import Rules
from angkut_backend.roads.travel import UNREACHABLE

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: An optional bin of less risk than this, and of little worth, is not offered when there are many.
OFFER_RISK = 0.05
#: So many bins are offered whatever their risk; the filter only saves time.
OFFER_ALL = 1_000
#: Prize of a bin that must be served, rupiah. Not more: the search weighs a load or time too
#: much at up to three times this.
MUST_PRIZE_RP = 300_000.0
#: Outside of every shift, seconds.
ANY_TIME_S = 10**8
#: When service begins that cannot begin.
NEVER_S = 10**9


@dataclass(frozen=True, slots=True)
class Instance:
    """Offered groups with what the planner asks about them; g is their number."""

    rules: Rules
    groups: tuple[Group, ...]
    #: Why a bin is not in any group.
    out: dict[str, OutReason]
    #: Row of the first and of the last bin of each group in the travel matrices, [g].
    first: NDArray[np.intp]
    last: NDArray[np.intp]
    load_l: Ints
    load_kg: Ints
    prize_rp: Floats
    must: Mask
    service_s: Ints
    #: Bins in each group, [g].
    sizes: Ints
    #: Ways between the bins of each group by profile, m and s, [g].
    inside: Mapping[str, tuple[Ints, Ints]]
    #: From and to of each window, s, [g, w]; where there is no window, any time or none.
    windows: tuple[Ints, Ints]

    @classmethod
    def of(cls, rules: Rules, *, taken: frozenset[str] = frozenset()) -> "Instance":
        """Filter and group the bins of a problem, but for those `taken` by a fixed order."""
        out = _kept_out(rules)
        offered = [
            one for one in rules.problem.bins if one.code not in out and one.code not in taken
        ]
        if len(offered) > OFFER_ALL:
            dull = {
                one.code: OutReason.NOT_OFFERED
                for one in offered
                if one.must is None and (one.overflow_probability or 0) < OFFER_RISK
            }
            out |= dull
            offered = [one for one in offered if one.code not in dull]
        groups = merge(
            offered,
            lambda one: (
                rules.crew(one),
                # What has a window stands alone: the last of a group might miss it.
                one.code if one.windows else None,
                one.must is not None,
                one.code if one.code in rules.positions else None,
                rules.problem.earlier.get(one.code),
            ),
            room=lambda one: _half_load(rules, one),
        )
        index = rules.travel.index
        return cls(
            rules,
            tuple(groups),
            out,
            np.array([index[bin_point(g.bins[0].code)] for g in groups], dtype=np.intp),
            np.array([index[bin_point(g.bins[-1].code)] for g in groups], dtype=np.intp),
            np.array([g.load_l for g in groups], dtype=np.int64),
            np.array([g.load_kg for g in groups], dtype=np.int64),
            np.array([_prize_rp(g) for g in groups]),
            np.array([g.is_must for g in groups], dtype=bool),
            np.array([sum(b.service_s for b in g.bins) for g in groups], dtype=np.int64),
            np.array([len(g.bins) for g in groups], dtype=np.int64),
            {profile: _inside(rules, groups, profile) for profile in rules.travel.legs},
            laid_out([g.bins[0].windows for g in groups]),
        )

    @property
    def bins(self) -> list[Bin]:
        """Return the bins that are offered."""
        return [one for group in self.groups for one in group.bins]

    def late_queue_s(self, vehicle: Vehicle) -> float:
        """Return the mean wait at disposal sites in the last three hours of a shift."""
        hours = [self.rules.hour(vehicle.shift.to_s - back_s) for back_s in (3_600, 7_200, 10_800)]
        waits = [
            site.queue_s_by_hour[hour]
            for site in self.rules.disposal_sites(vehicle)
            for hour in hours
        ]
        return sum(waits) / len(waits)

    def not_elsewhere(self, vehicle: Vehicle) -> Mask:
        """Tell which groups an earlier plan did not give to another vehicle of the shift, [g]."""
        earlier = [self.rules.problem.earlier.get(g.bins[0].code) for g in self.groups]
        others = set(self.rules.vehicles) - {vehicle.code}
        return np.array([one not in others for one in earlier], dtype=bool)

    def admitted(self, vehicle: Vehicle) -> Mask:
        """Tell which groups a vehicle may serve, [g]."""
        crew = [vehicle.code in self.rules.crew(g.bins[0]) for g in self.groups]
        fits = (self.load_l <= vehicle.volume_l) & (self.load_kg <= vehicle.payload_kg)
        return np.array(crew, dtype=bool) & fits


def _inside(rules: Rules, groups: Sequence[Group], profile: str) -> tuple[Ints, Ints]:
    leg, index = rules.travel.legs[profile], rules.travel.index
    inside_m, inside_s = np.zeros((2, len(groups)), dtype=np.int64)
    for number, group in enumerate(groups):
        if len(group.bins) > 1:
            rows = [index[bin_point(one.code)] for one in group.bins]
            inside_m[number] = leg.distance_m[rows[:-1], rows[1:]].sum()
            inside_s[number] = leg.duration_s[rows[:-1], rows[1:]].sum()
    return inside_m, inside_s


def laid_out(windows: Sequence[Sequence[TimeWindow]]) -> tuple[Ints, Ints]:
    """Return from and to of the windows of n places, s, [n, w]; without one: any time, or none."""
    shape = len(windows), max([1, *map(len, windows)])
    from_s, to_s = np.full(shape, ANY_TIME_S), np.full(shape, -ANY_TIME_S)
    for row, own in enumerate(windows):
        spans = [(one.from_s, one.to_s) for one in own]
        for column, span in enumerate(spans or [(-ANY_TIME_S, ANY_TIME_S)]):
            from_s[row, column], to_s[row, column] = span
    return from_s, to_s


def _half_load(rules: Rules, one: Bin) -> tuple[int, int]:
    """Return litres and kg that a group may hold: a larger one would not fit behind others."""
    crew = [rules.vehicles[code] for code in rules.crew(one)]
    return max(v.volume_l for v in crew) // 2, max(v.payload_kg for v in crew) // 2


def _prize_rp(group: Group) -> float:
    return group.prize_rp + (MUST_PRIZE_RP if group.is_must else 0)


def _kept_out(rules: Rules) -> dict[str, OutReason]:
    """Say which bins no vehicle can serve, and why."""
    out: dict[str, OutReason] = {}
    bins = rules.problem.bins
    rows = rules.travel.rows(bin_point(one.code) for one in bins)
    reach = {vehicle.code: _reaches(rules, vehicle, rows) for vehicle in rules.problem.vehicles}
    for at, one in enumerate(bins):
        if one.forbidden:
            out[one.code] = OutReason.FORBIDDEN
        elif not rules.crew(one):
            out[one.code] = _no_crew(rules, one)
        elif not any(reach[code][at] for code in rules.crew(one)):
            out[one.code] = OutReason.UNREACHABLE
        elif one.windows and not any(_on_shift(rules.vehicles[v], one) for v in rules.crew(one)):
            out[one.code] = OutReason.WINDOW
    return out


def _no_crew(rules: Rules, one: Bin) -> OutReason:
    vehicles = rules.problem.vehicles
    able = [v for v in vehicles if rules.can_empty(v, one)]
    if not able:
        return OutReason.NO_VEHICLE
    if not any(rules.can_carry(v, one) for v in able):
        return OutReason.TOO_LARGE
    return OutReason.LOCK


def _reaches(rules: Rules, vehicle: Vehicle, rows: NDArray[np.intp]) -> list[bool]:
    """Tell to which places there is a way for a vehicle, to a disposal site and home."""
    leg, index = rules.travel.legs[vehicle.profile], rules.travel.index
    sites = rules.travel.rows(disposal_point(site.code) for site in rules.disposal_sites(vehicle))
    sites = sites[leg.distance_m[sites, index[depot_point(vehicle.depot)]] < UNREACHABLE]
    out = leg.distance_m[index[start_point(vehicle)], rows] < UNREACHABLE
    back = (leg.distance_m[np.ix_(rows, sites)] < UNREACHABLE).any(axis=1)
    found: list[bool] = (out & back).tolist()
    return found


def _on_shift(vehicle: Vehicle, one: Bin) -> bool:
    return any(
        window.from_s <= vehicle.shift.to_s and window.to_s >= vehicle.shift.from_s
        for window in one.windows
    )


def home_legs(
    instance: Instance, vehicle: Vehicle, rows: Sequence[int] | NDArray[np.intp], queue_s: float
) -> tuple[Ints, Ints]:
    """Return metres and seconds from places over the best disposal site to the depot.

    Parameters
    ----------
    rows
        Rows in the travel matrices.
    queue_s
        Wait in the queue, seconds.

    Returns
    -------
    Arrays of the length of `rows`; seconds include queue and tipping.
    """
    rules = instance.rules
    leg, index = rules.travel.legs[vehicle.profile], rules.travel.index
    depot = index[depot_point(vehicle.depot)]
    sites = rules.disposal_sites(vehicle)
    columns = [index[disposal_point(site.code)] for site in sites]
    there = np.asarray(rows, dtype=np.intp)
    distance_m = leg.distance_m[np.ix_(there, columns)].astype(np.int64)
    distance_m += leg.distance_m[columns, depot]
    tipping_s = np.array([site.tipping_s for site in sites], dtype=np.int64)
    duration_s = leg.duration_s[np.ix_(there, columns)].astype(np.int64)
    duration_s += leg.duration_s[columns, depot] + tipping_s
    best = np.argmin(duration_s, axis=1)
    pick = np.arange(len(there))
    return distance_m[pick, best], duration_s[pick, best] + round(queue_s)
