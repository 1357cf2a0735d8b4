"""Names of a problem's points in the travel matrices."""

from collections.abc import Iterable

from angkut_backend.planning.problem import Problem, Vehicle
from angkut_backend.roads.travel import Point


def bin_point(code: str) -> str:
    """Return the name of a bin's place."""
    return f"bin:{code}"


def disposal_point(code: str) -> str:
    """Return the name of a disposal site's place."""
    return f"disposal:{code}"


def depot_point(code: str) -> str:
    """Return the name of a depot's place."""
    return f"depot:{code}"


def start_point(vehicle: Vehicle) -> str:
    """Return the name of the place where the plan takes over a vehicle."""
    return f"underway:{vehicle.code}" if vehicle.underway else depot_point(vehicle.depot)


def starts_of(vehicles: Iterable[Vehicle]) -> list[Point]:
    """Return where vehicles are taken over on the road."""
    return [
        Point(start_point(vehicle), vehicle.underway.lon, vehicle.underway.lat)
        for vehicle in vehicles
        if vehicle.underway
    ]


def points_of(problem: Problem) -> list[Point]:
    """Return every place that travel is needed between."""
    points = [Point(depot_point(one.code), one.lon, one.lat) for one in problem.depots]
    points += [Point(disposal_point(one.code), one.lon, one.lat) for one in problem.disposal_sites]
    points += starts_of(problem.vehicles)
    points += [Point(bin_point(one.code), one.lon, one.lat) for one in problem.bins]
    return points
