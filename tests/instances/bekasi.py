"""Synthetic shifts of Kecamatan Bekasi Timur: seeded, of any size, all places invented.

Bins crowd around centres, some stand in alleys or have windows, about 7 % must be served;
compactors, dump trucks and small vehicles; a landfill 11.5 km south and a transfer station for
small vehicles.
"""

from datetime import UTC, datetime
from typing import Any, Literal

import numpy as np

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
from angkut_backend.roads.straight import haversine_m
from angkut_backend.roads.travel import Leg, Travel

_LAT, _LON = -6.245, 107.0165
_M_PER_DEG = 111_195.0
_SHIFT_S = 8 * 3600
#: Vehicles by number of bins: compactors, dump trucks, small ones.
_FLEETS = {60: (2, 0, 1), 300: (4, 1, 1), 1000: (8, 2, 2), 3000: (12, 4, 4)}
_OPEN = TimeWindow(from_s=0, to_s=10 * 3600)
#: By the hour of the day, as in the site pack of Bekasi Timur.
_TRAFFIC = (
    (1.0,) * 5 + (1.1, 1.3, 1.4, 1.3) + (1.2,) * 6 + (1.3, 1.4, 1.5, 1.4, 1.3, 1.2, 1.1, 1.0, 1.0)
)
_QUEUE_MIN = (0,) * 5 + (10, 15, 20, 30, 45, 60, 55, 40, 45, 50, 35, 25, 20, 15, 10, 10, 0, 0, 0)
LUNCH = Break(duration_s=1_800, begin=TimeWindow(from_s=21_600, to_s=27_000))


def shift(n: int, *, seed: int | None = None, queue_s: int = 0) -> tuple[Problem, Travel]:
    """Return a problem of n bins and its travel times."""
    rng = np.random.default_rng(1000 * n if seed is None else seed)
    fleet = next(fleet for most, fleet in _FLEETS.items() if n <= most)
    problem = Problem(
        district="32.75.01",
        shift_start=datetime(2026, 1, 14, 22, tzinfo=UTC),  # 05:00 WIB
        timezone="Asia/Jakarta",
        depots=(Depot(code="POOL", lon=106.993, lat=-6.232),),
        disposal_sites=(
            DisposalSite(
                code="TPA",
                lon=106.999,
                lat=-6.348,
                opening=_OPEN,
                tipping_s=1500,
                queue_s_by_hour=(queue_s,) * 24,
            ),
            DisposalSite(
                code="TPS3R",
                lon=107.014,
                lat=-6.244,
                opening=_OPEN,
                tipping_s=600,
                queue_s_by_hour=(0,) * 24,
            ),
        ),
        vehicles=tuple(_vehicles(*fleet)),
        bins=tuple(_bins(n, rng)),
    )
    return problem, travel_of(problem, rng)


def with_hours(problem: Problem, *breaks: Break) -> Problem:
    """Return the problem with traffic and the landfill's queue by the hour, and with breaks."""
    queue = {"queue_s_by_hour": tuple(60 * minutes for minutes in _QUEUE_MIN)}
    landfill, *others = problem.disposal_sites
    vehicles = [one.model_copy(update={"breaks": breaks}) for one in problem.vehicles]
    changed = {
        "traffic_by_hour": _TRAFFIC,
        "disposal_sites": (landfill.model_copy(update=queue), *others),
        "vehicles": tuple(vehicles),
    }
    return problem.model_copy(update=changed)


def travel_of(problem: Problem, rng: np.random.Generator) -> Travel:
    """Return travel times: longer than straight, a few percent different each way."""
    points = points_of(problem)
    straight = haversine_m(points)
    noise = rng.uniform(0.96, 1.04, straight.shape)
    metres = straight * np.where(straight < 5_000, 1.38, 1.28) * noise
    kmh = np.where(metres < 2_000, 18, np.where(metres < 5_000, 23, 30))
    seconds = np.where(metres > 0, metres / (kmh / 3.6) + 15, 0)
    leg = Leg(metres.round().astype(np.int32), seconds.round().astype(np.int32))
    return Travel.of(points, {"truck": leg, "small": leg}, source="synthetic", approximate=False)


def _vehicles(compactors: int, dump_trucks: int, small: int) -> list[Vehicle]:
    shape: dict[str, Any] = {"depot": "POOL", "shift": TimeWindow(from_s=0, to_s=_SHIFT_S)}
    tpa: dict[str, Any] = {"disposal_sites": ("TPA",), "rp_per_km": 3_000, "rp_per_hour": 72_000}
    large: dict[str, Any] = {"kind": "compactor", "volume_l": 20_000, "payload_kg": 6_000}
    open_: dict[str, Any] = {"kind": "dump_truck", "volume_l": 9_000, "payload_kg": 4_000}
    return [
        *(Vehicle(code=f"CP{i}", **large, **shape, **tpa) for i in range(compactors)),
        *(Vehicle(code=f"DT{i}", **open_, **shape, **tpa) for i in range(dump_trucks)),
        *(
            Vehicle(
                code=f"MS{i}",
                kind="motor_cart",
                access="alley",
                profile="small",
                volume_l=2_000,
                payload_kg=800,
                disposal_sites=("TPS3R",),
                rp_per_km=2_000,
                rp_per_hour=54_000,
                **shape,
            )
            for i in range(small)
        ),
    ]


def _bins(n: int, rng: np.random.Generator) -> list[Bin]:
    half = np.array([2_935.0, 2_545.0])
    centres = rng.uniform(-half, half, (max(4, n // 60), 2))
    bins = []
    for number in range(n):
        if rng.random() < 0.7:
            place = centres[rng.integers(len(centres))] + rng.normal(0, 250, 2)
        else:
            place = rng.uniform(-half, half)
        east, north = np.clip(place, -half, half)
        access: Literal["road", "alley"] = "alley" if rng.random() < 0.12 else "road"
        volume_l = (
            240 if access == "alley" else int(rng.choice([240, 660, 1100], p=[0.1, 0.6, 0.3]))
        )
        fill = rng.uniform(0.15, 1.15)
        risk = float(1 / (1 + np.exp(-(fill - 0.85) / 0.07)))
        litres = round(volume_l * fill)
        bins.append(
            Bin(
                code=f"B{number:04}",
                lon=_LON + east / (_M_PER_DEG * np.cos(np.radians(_LAT))),
                lat=_LAT + north / _M_PER_DEG,
                access=access,
                container=f"wheelie_{volume_l}",
                load_l=litres,
                load_kg=round(litres * rng.uniform(0.15, 0.28)),
                service_s=round(40 + 0.07 * volume_l + rng.uniform(0, 20)),
                windows=_windows(rng.random()),
                prize_rp=round(60_000 * risk * (volume_l / 660) ** 0.5 + 3_000 * fill),
                must=MustReason.OVERFLOW_RISK if fill > 1.08 else None,
                fill_pct=round(100 * fill, 1),
                overflow_probability=risk,
            )
        )
    return bins


def _windows(draw: float) -> tuple[TimeWindow, ...]:
    for share, from_h, to_h in ((0.10, 0, 4), (0.15, 5, 8), (0.20, 3, 7)):
        if draw < share:
            return (TimeWindow(from_s=from_h * 3600, to_s=to_h * 3600),)
    return ()
