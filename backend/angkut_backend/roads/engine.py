"""Questions to the road engine: matrices and lines on the map. It runs in this process."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from angkut_backend.roads.errors import RoadsUnavailableError
from angkut_backend.roads.graph import RoadGraph
from angkut_backend.roads.travel import UNREACHABLE, Leg, Matrix, Point, Profile

#: A place further than this from any road of its profile is not taken to that road in silence:
#: the engine would snap it to the next large piece of the network, however far that is.
MAX_SNAP_M = 50
#: More places in one matrix than any plan has.
_MAX_PLACES = 6_000


def leg(graph: RoadGraph, profile: Profile, points: Sequence[Point]) -> tuple[Leg, list[str]]:
    """Return metres and seconds among all points, and the names of those off the roads.

    Raises
    ------
    RoadsUnavailableError
        The engine or its files are not there.
    """
    import osrm  # noqa: PLC0415 - not there on Python 3.11

    asked = osrm.TableParameters(
        coordinates=[(point.lon, point.lat) for point in points],
        annotations=["duration", "distance"],
        generate_hints=False,
    )
    try:
        answer = _engine(graph.folder, profile).Table(asked)
    except RuntimeError as exc:
        raise RoadsUnavailableError(f"the road engine gives no matrix: {exc}") from exc
    snapped_m = np.array([place["distance"] for place in answer["sources"]])
    off = snapped_m > MAX_SNAP_M
    metres, seconds = _matrix(answer["distances"]), _matrix(answer["durations"])
    for matrix in (metres, seconds):
        matrix[off, :] = matrix[:, off] = UNREACHABLE
        np.fill_diagonal(matrix, 0)
    return Leg(metres, seconds), [
        point.name for point, is_off in zip(points, off, strict=True) if is_off
    ]


def line(
    graph: RoadGraph, profile: Profile, points: Sequence[Point]
) -> list[tuple[float, float]] | None:
    """Return the way through some points, WGS84 lon/lat; `None` if there is none.

    Raises
    ------
    RoadsUnavailableError
        The engine or its files are not there.
    """
    import osrm  # noqa: PLC0415 - not there on Python 3.11

    asked = osrm.RouteParameters(
        coordinates=[(point.lon, point.lat) for point in points],
        geometries="geojson",
        overview="full",
        generate_hints=False,
    )
    try:
        answer = _engine(graph.folder, profile).Route(asked)
        found = answer["routes"][0]["geometry"]["coordinates"]
    except RuntimeError:
        return None
    return [(float(lon), float(lat)) for lon, lat in found]


@lru_cache(maxsize=4)
def _engine(folder: str, profile: Profile) -> "osrm.OSRM":  # type: ignore[name-defined]  # noqa: F821
    try:
        import osrm  # noqa: PLC0415 - not there on Python 3.11
    except ImportError as exc:
        raise RoadsUnavailableError(
            "the road engine is not installed: it needs Python 3.12 or newer"
        ) from exc
    try:
        return osrm.OSRM(
            storage_config=f"{folder}/{profile}.osrm",
            algorithm="MLD",
            use_shared_memory=False,
            max_locations_distance_table=_MAX_PLACES,
            max_locations_viaroute=1_000,
        )
    except RuntimeError as exc:
        raise RoadsUnavailableError(
            f"the road network in {folder} cannot be opened ({exc}): "
            "build it again with `angkut roads build`"
        ) from exc


def _matrix(rows: Sequence[Sequence[float | None]]) -> Matrix:
    """Return whole numbers; where there is no way, `UNREACHABLE`."""
    found = np.array([[np.nan if one is None else one for one in row] for row in rows])
    whole = np.where(np.isnan(found), UNREACHABLE, np.ceil(found))
    return np.minimum(whole, UNREACHABLE).astype(np.int32)
