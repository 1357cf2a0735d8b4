"""Questions to the road engine: matrices and lines on the map. It runs in this process."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from angkut_backend.roads.errors import RoadsUnavailableError
from angkut_backend.roads.graph import RoadGraph
from angkut_backend.roads.matrices import Ways
from angkut_backend.roads.travel import UNREACHABLE, Matrix, Point, Profile

#: A place further than this from any road of its profile is not taken to that road in silence:
#: the engine would snap it to the next large piece of the network, however far that is.
MAX_SNAP_M = 50
#: More places in one matrix than any plan has.
_MAX_PLACES = 6_000


def ways(
    graph: RoadGraph, profile: Profile, points: Sequence[Point], *, known: Ways | None = None
) -> Ways:
    """Return metres and seconds among all points, and which of them lie off the roads.

    Parameters
    ----------
    known
        Those among the first of the points: only what is missing is asked.

    Raises
    ------
    RoadsUnavailableError
        The engine or its files are not there.
    """
    if known is None:
        metres, seconds, off = _table(graph, profile, points)
    else:
        size, first = len(points), len(known.off)
        metres, seconds = np.empty((2, size, size), dtype=np.int32)
        metres[:first, :first], seconds[:first, :first] = known.distance_m, known.duration_s
        new = range(first, size)
        metres[new, :], seconds[new, :], _ = _table(graph, profile, points, sources=new)
        metres[:, new], seconds[:, new], off = _table(graph, profile, points, destinations=new)
    for matrix in (metres, seconds):
        matrix[off, :] = matrix[:, off] = UNREACHABLE
        np.fill_diagonal(matrix, 0)
    return Ways(metres, seconds, off)


def _table(
    graph: RoadGraph,
    profile: Profile,
    points: Sequence[Point],
    *,
    sources: Sequence[int] = (),
    destinations: Sequence[int] = (),
) -> tuple[Matrix, Matrix, NDArray[np.bool_]]:
    """Ask for metres and seconds; from and to all points unless some are named."""
    import osrm  # noqa: PLC0415 - not there on Python 3.11

    asked = osrm.TableParameters(
        coordinates=[(point.lon, point.lat) for point in points],
        sources=list(sources),
        destinations=list(destinations),
        annotations=["duration", "distance"],
        generate_hints=False,
    )
    try:
        answer = _engine(graph.folder, profile).Table(asked)
    except RuntimeError as exc:
        raise RoadsUnavailableError(f"the road engine gives no matrix: {exc}") from exc
    snapped_m = np.array([place["distance"] for place in answer["sources"]])
    return _matrix(answer["distances"]), _matrix(answer["durations"]), snapped_m > MAX_SNAP_M


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
    # A network that was built before matrices came from contracted ones still answers.
    contracted = Path(f"{folder}/{profile}.osrm.hsgr").exists()
    try:
        return osrm.OSRM(
            storage_config=f"{folder}/{profile}.osrm",
            algorithm="CH" if contracted else "MLD",
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
    found = np.empty((len(rows), len(rows[0])), dtype=np.int32)
    for number, row in enumerate(rows):
        # A row at a time: each figure is an object on its way here.
        figures = np.array(list(row), dtype=np.float64)
        whole = np.where(np.isnan(figures), UNREACHABLE, np.ceil(figures))
        found[number] = np.minimum(whole, UNREACHABLE)
    return found
