"""Waste collection of Kim, Kim and Sahoo (2006) as shifts of ours: real stops in the United States.

Byung-In Kim, Seongbae Kim, Surya Sahoo, "Waste collection vehicle routing problem with time
windows", Computers & Operations Research 33 (2006). Each file holds a depot, landfills and stops
in feet, cubic yards and hours and minutes; ways go along the axes at 40 miles an hour, each
vehicle unloads before it comes home and rests for an hour that begins between eleven and twelve.

All of that has a word in our problem but one: the yards that a vehicle may carry in a day. It may
make so many trips that it cannot carry more. Only the way costs: hours are free, waiting too.
"""

import itertools
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from angkut_backend.planning.checker import check
from angkut_backend.planning.plan_document import Plan, StepKind
from angkut_backend.planning.points import points_of
from angkut_backend.planning.problem import (
    Bin,
    Break,
    Depot,
    DisposalSite,
    MustReason,
    Problem,
    TimeWindow,
    Vehicle,
)
from angkut_backend.planning.search import Budget
from angkut_backend.planning.solve import plan
from angkut_backend.roads.travel import Leg, Travel

_M_PER_FOOT = 0.3048
_FEET_PER_MILE = 5_280
_M_PER_DEG = 111_195.0
#: Some loads are tenths of a yard: a yard counts as so many litres, no rounding of sums.
_L_PER_YARD = 100
_LUNCH = TimeWindow(from_s=11 * 3600, to_s=12 * 3600)
_DAY_S = 24 * 3600


@dataclass(frozen=True, slots=True)
class Published:
    """The best that is published: way, and the vehicles that drive it."""

    miles: float
    vehicles: int


#: Files in which the yards of a day leave vehicles at least the trips that they need; Buhrkal,
#: Larsen and Ropke (2012) and later works.
PUBLISHED = {
    "277_stop": Published(447.6, 3),
    "804_stop": Published(586.2, 5),
    "1932_stop": Published(1128.7, 16),
    "2100_stop": Published(1594.2, 17),
}


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file: feet, seconds, hundredths of a yard."""

    code: str
    east_ft: float
    north_ft: float
    from_s: int
    to_s: int
    service_s: int
    load_l: int
    kind: str

    @property
    def window(self) -> TimeWindow:
        """Return when service may begin."""
        return TimeWindow(from_s=self.from_s, to_s=self.to_s)


@dataclass(frozen=True, slots=True)
class File:
    """An instance as it is written."""

    capacity_l: int
    daily_l: int
    daily_stops: int
    lunch_s: int
    miles_per_hour: float
    depot: Place
    landfills: tuple[Place, ...]
    stops: tuple[Place, ...]

    @classmethod
    def of(cls, path: Path) -> "File":
        """Read a file of the collection."""
        lines = path.read_text().splitlines()
        head = [float(line.split()[0]) for line in lines[:5]]
        places = [_place(line.split()) for line in lines[6:] if line.strip()]
        (depot,) = [one for one in places if one.kind == "0"]
        return cls(
            round(head[0] * _L_PER_YARD),
            round(head[1] * _L_PER_YARD),
            int(head[2]),
            int(head[3]),
            head[4],
            depot,
            tuple(one for one in places if one.kind == "2"),
            tuple(one for one in places if one.kind == "1"),
        )


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--seconds", multiple=True, type=float, default=(30.0,), show_default=True)
@click.option("--only", multiple=True, help="Instances, by name; all by default.")
@click.option("--seed", type=int, default=1, show_default=True)
def kim(folder: Path, seconds: tuple[float, ...], only: tuple[str, ...], seed: int) -> None:
    """Print the way of plans of Kim's waste collection instances beside the best published.

    `wrong` is what the independent checker found, and what breaks a cap of a day.
    """
    print(
        "| instance | stops | seconds | vehicles | trips | miles | best known | gap | missed "
        "| wrong | first plan, s | miles, missed | late, s |"
    )
    print("| --- |" + " --- |" * 12)
    for name, best in PUBLISHED.items():
        if only and name not in only:
            continue
        file = File.of(folder / f"{name}.txt")
        problem, travel = as_shift(file, best.vehicles)
        for budget_s in seconds:
            first: list[tuple[float, Plan]] = []
            began_s = time.perf_counter()
            found = plan(
                problem,
                travel,
                Budget(seconds=budget_s),
                seed,
                on_first=lambda made, at=began_s, to=first: to.append(  # type: ignore[misc]
                    (time.perf_counter() - at, made)
                ),
            )
            late_s = time.perf_counter() - began_s - budget_s
            first_s, start = first[0]
            miles = driven_miles(file, found)
            print(
                f"| {name} | {len(file.stops)} | {budget_s:g} "
                f"| {found.totals.vehicles} of {best.vehicles} | {found.totals.trips} "
                f"| {miles:.1f} | {best.miles} | {100 * (miles / best.miles - 1):+.1f} % "
                f"| {len(found.left)} | {_wrong(file, problem, travel, found)} "
                f"| {first_s:.2f} | {driven_miles(file, start):.1f}, {len(start.left)} "
                f"| {late_s:.2f} |",
                flush=True,
            )


def as_shift(file: File, vehicles: int) -> tuple[Problem, Travel]:
    """Return a file as a problem of ours: every stop must be served, the way is what costs."""
    day = TimeWindow(from_s=file.depot.from_s, to_s=file.depot.to_s)
    problem = Problem(
        district="kim",
        shift_start=datetime(2006, 1, 2, tzinfo=UTC),
        timezone="UTC",
        depots=(Depot(code=file.depot.code, **_degrees(file, file.depot)),),
        disposal_sites=tuple(
            DisposalSite(
                code=one.code,
                opening=one.window,
                tipping_s=one.service_s,
                queue_s_by_hour=(0,) * 24,
                **_degrees(file, one),
            )
            for one in file.landfills
        ),
        vehicles=tuple(
            Vehicle(
                code=f"V{number:02}",
                kind="truck",
                depot=file.depot.code,
                volume_l=file.capacity_l,
                payload_kg=1,
                shift=day,
                breaks=(Break(duration_s=file.lunch_s, begin=_LUNCH),),
                max_trips=min(file.daily_l // file.capacity_l, 50),
                max_stops=file.daily_stops,
                rp_per_hour=0,
            )
            for number in range(vehicles)
        ),
        bins=tuple(
            Bin(
                code=one.code,
                container="any",
                load_l=one.load_l,
                load_kg=0,
                service_s=one.service_s,
                windows=() if (one.from_s, one.to_s) == (0, _DAY_S) else (one.window,),
                must=MustReason.SCHEDULE,
                **_degrees(file, one),
            )
            for one in file.stops
        ),
    )
    feet = _along_axes_ft([file.depot, *file.landfills, *file.stops])
    seconds = feet / _FEET_PER_MILE * 3600 / file.miles_per_hour
    leg = Leg((feet * _M_PER_FOOT).round().astype(np.int32), seconds.round().astype(np.int32))
    travel = Travel.of(points_of(problem), {"truck": leg}, source="kim", approximate=False)
    return problem, travel


def driven_miles(file: File, found: Plan) -> float:
    """Return the way of all routes, from the file."""
    places = {one.code: one for one in (file.depot, *file.landfills, *file.stops)}
    feet = 0.0
    for route in found.routes:
        visited = [places[step.code] for step in route.steps if step.kind is not StepKind.BREAK]
        for here, there in itertools.pairwise(visited):
            feet += abs(here.east_ft - there.east_ft) + abs(here.north_ft - there.north_ft)
    return feet / _FEET_PER_MILE


def _wrong(file: File, problem: Problem, travel: Travel, found: Plan) -> str:
    """Return how much is wrong with a plan, and the first of it."""
    wrong = [str(one) for one in check(problem, travel, found)]
    loads = {one.code: one.load_l for one in file.stops}
    for route in found.routes:
        if sum(loads[code] for code in route.bins) > file.daily_l:
            wrong.append(f"{route.vehicle} carries more than a day's yards")
        if len(route.bins) > file.daily_stops:
            wrong.append(f"{route.vehicle} makes more than a day's stops")
    return f"{len(wrong)}: {wrong[0]}" if wrong else "0"


def _place(words: list[str]) -> Place:
    code, east, north, begin, end, service, load, kind = words
    return Place(
        code,
        float(east),
        float(north),
        _seconds(begin),
        _seconds(end),
        int(service),
        round(float(load) * _L_PER_YARD),
        kind,
    )


def _seconds(hhmm: str) -> int:
    hours, minutes = divmod(int(hhmm), 100)
    return hours * 3600 + minutes * 60


def _along_axes_ft(places: list[Place]) -> NDArray[np.float64]:
    east = np.array([one.east_ft for one in places])
    north = np.array([one.north_ft for one in places])
    feet: NDArray[np.float64] = np.abs(east[:, None] - east) + np.abs(north[:, None] - north)
    return feet


def _degrees(file: File, one: Place) -> dict[str, float]:
    """Return a place near the equator: only who stands beside whom is taken from it."""
    east, north = one.east_ft - file.depot.east_ft, one.north_ft - file.depot.north_ft
    return {
        "lon": east * _M_PER_FOOT / _M_PER_DEG,
        "lat": north * _M_PER_FOOT / _M_PER_DEG,
    }
