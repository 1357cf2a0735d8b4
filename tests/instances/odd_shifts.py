"""Small random shifts with everything that makes planning hard, also what cannot be done."""

from datetime import UTC, datetime
from typing import Any, Literal

import numpy as np

from angkut_backend.planning.points import points_of
from angkut_backend.planning.problem import (
    Bin,
    Break,
    Depot,
    DisposalSite,
    Forbid,
    Lock,
    MustReason,
    Problem,
    TimeWindow,
    Underway,
    Vehicle,
)
from angkut_backend.roads.straight import straight_travel
from angkut_backend.roads.travel import UNREACHABLE, Leg, Travel

_KINDS = ("wheelie_660", "cart", "arm_roll_6m3")


def odd_shift(seed: int) -> tuple[Problem, Travel]:
    """Return a problem of up to 25 bins and 4 vehicles, and its travel times."""
    rng = np.random.default_rng(seed)
    sites = [_site(rng, number) for number in range(rng.integers(1, 4))]
    bins = [_bin(rng, number) for number in range(rng.integers(0, 26))]
    vehicles = [_vehicle(rng, number, len(sites)) for number in range(rng.integers(0, 5))]
    codes = rng.permutation([one.code for one in bins]).tolist()
    vehicles = [_with_fixed(rng, one, codes) for one in vehicles]
    names = [one.code for one in vehicles]
    problem = Problem(
        district="32.75.01",
        shift_start=datetime(2026, 1, 14, 22, tzinfo=UTC),
        timezone="Asia/Jakarta",
        depots=tuple(
            Depot(code=f"D{i}", lon=_lon(rng), lat=_lat(rng)) for i in range(rng.integers(1, 3))
        ),
        disposal_sites=tuple(sites),
        vehicles=tuple(one.model_copy(update={"depot": "D0"}) for one in vehicles),
        bins=tuple(bins),
        locks=tuple(
            Lock(
                bin=codes.pop(),
                vehicle=str(rng.choice(names)),
                position=int(rng.integers(1, 5)) if rng.random() < 0.4 else None,
            )
            for _ in range(min(len(codes), int(rng.integers(0, 4))) if names else 0)
        ),
        forbids=tuple(
            Forbid(bin=one.code, vehicle=str(rng.choice(names)))
            for one in bins
            if names and rng.random() < 0.1
        ),
        earlier={one.code: str(rng.choice([*names, "GONE"])) for one in bins if rng.random() < 0.3},
        traffic_by_hour=tuple(rng.uniform(0.8, 1.8, 24).round(2).tolist())
        if rng.random() < 0.5
        else (1.0,) * 24,
    )
    return problem, _travel(problem, rng)


def _travel(problem: Problem, rng: np.random.Generator) -> Travel:
    points = points_of(problem)
    travel = straight_travel(points)
    cut = [
        row
        for point, row in travel.index.items()
        if point.startswith("bin:") and rng.random() < 0.05
    ]
    legs = {}
    for profile, leg in travel.legs.items():
        metres, seconds = leg.distance_m.copy(), leg.duration_s.copy()
        for row in cut:
            metres[row, :] = metres[:, row] = seconds[row, :] = seconds[:, row] = UNREACHABLE
        np.fill_diagonal(metres, 0)
        np.fill_diagonal(seconds, 0)
        legs[profile] = Leg(metres, seconds)
    return Travel.of(points, legs, source="odd", approximate=True)


def _lon(rng: np.random.Generator) -> float:
    return float(rng.uniform(106.99, 107.05))


def _lat(rng: np.random.Generator) -> float:
    return float(rng.uniform(-6.27, -6.22))


def _site(rng: np.random.Generator, number: int) -> DisposalSite:
    opens_s = int(rng.integers(-3600, 3 * 3600))
    return DisposalSite(
        code=f"L{number}",
        lon=_lon(rng),
        lat=float(rng.uniform(-6.36, -6.22)),
        opening=TimeWindow(from_s=opens_s, to_s=opens_s + int(rng.integers(3600, 12 * 3600))),
        tipping_s=int(rng.integers(0, 1800)),
        queue_s_by_hour=tuple(int(one) for one in rng.integers(0, 3600, 24)),
    )


def _bin(rng: np.random.Generator, number: int) -> Bin:
    windows: tuple[TimeWindow, ...] = ()
    if rng.random() < 0.3:
        starts = np.sort(rng.integers(0, 8 * 3600, int(rng.integers(1, 4))))
        windows = tuple(
            TimeWindow(from_s=int(one), to_s=int(one + rng.integers(0, 5400))) for one in starts
        )
    must = rng.random() < 0.25
    litres = int(rng.integers(0, 7000 if rng.random() < 0.1 else 1200))
    access: Literal["road", "alley"] = "alley" if rng.random() < 0.2 else "road"
    return Bin(
        code=f"B{number}",
        lon=_lon(rng),
        lat=_lat(rng),
        access=access,
        container=str(rng.choice(_KINDS)),
        load_l=litres,
        load_kg=round(litres * rng.uniform(0.1, 0.6)),
        service_s=int(rng.integers(0, 900)),
        windows=windows,
        prize_rp=float(rng.choice([0, 3_000, 30_000, 200_000])),
        must=MustReason(str(rng.choice([one.value for one in MustReason]))) if must else None,
        forbidden=bool(rng.random() < 0.05),
        overflow_probability=float(rng.random()),
    )


def _vehicle(rng: np.random.Generator, number: int, sites: int) -> Vehicle:
    from_s = int(rng.integers(0, 3 * 3600))
    to_s = from_s + int(rng.integers(1800, 9 * 3600))
    shape: dict[str, Any] = {}
    if rng.random() < 0.3:
        shape["containers"] = tuple(str(one) for one in rng.choice(_KINDS, 2, replace=False))
    if rng.random() < 0.3:
        shape["disposal_sites"] = (f"L{rng.integers(sites)}",)
    if rng.random() < 0.5:
        begin_s = int(rng.integers(from_s, to_s))
        shape["breaks"] = (
            Break(
                duration_s=int(rng.integers(600, 3600)),
                begin=TimeWindow(from_s=begin_s, to_s=begin_s + int(rng.integers(0, 7200))),
            ),
        )
    if rng.random() < 0.3:
        shape["underway"] = Underway(
            lon=_lon(rng),
            lat=_lat(rng),
            free_at_s=int(rng.integers(from_s, to_s)),
            load_l=int(rng.integers(0, 500)),
            load_kg=int(rng.integers(0, 200)),
            trips_made=int(rng.integers(0, 3)),
            stops_made=int(rng.integers(0, 10)),
            break_taken=bool(rng.random() < 0.5),
        )
    small = rng.random() < 0.3
    return Vehicle(
        code=f"V{number}",
        kind="small" if small else "truck",
        depot="D0",
        access="alley" if small else "road",
        profile="small" if small else "truck",
        volume_l=int(rng.integers(500, 9_000)),
        payload_kg=int(rng.integers(200, 5_000)),
        shift=TimeWindow(from_s=from_s, to_s=to_s),
        max_trips=int(rng.integers(1, 5)),
        max_stops=int(rng.integers(1, 20)) if rng.random() < 0.3 else None,
        rp_fixed=float(rng.choice([0, 50_000])),
        **shape,
    )


def _with_fixed(rng: np.random.Generator, vehicle: Vehicle, codes: list[str]) -> Vehicle:
    count = int(rng.integers(0, 4)) if rng.random() < 0.3 else 0
    fixed = tuple(codes.pop() for _ in range(min(count, len(codes))))
    return vehicle.model_copy(update={"fixed_first": fixed})
