"""Travel between points: on the road network where there is one, else straight and marked so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from angkut_backend.roads import engine
from angkut_backend.roads.graph import PROFILES, RoadGraph, current, is_engine_there
from angkut_backend.roads.matrices import Matrices, Ways
from angkut_backend.roads.recall import Off, Recall
from angkut_backend.roads.straight import straight_travel
from angkut_backend.roads.travel import Leg, Point, Profile, Travel

#: Up to this share of the places is asked for by itself, such as where trucks are at the moment.
_FEW = 0.25


@dataclass(frozen=True, slots=True)
class Line:
    """A way for the map."""

    #: Lon/lat, WGS84.
    coordinates: Sequence[tuple[float, float]]
    #: Some of it is straight, because no road leads there: the map must say so.
    approximate: bool


@dataclass(frozen=True, slots=True)
class Roads:
    """What is known of roads here. Without a graph everything is approximate."""

    roads_dir: Path
    graph: RoadGraph | None
    #: What the process was asked before, if it is to remember.
    recall: Recall | None = None

    @classmethod
    def open(cls, roads_dir: Path, recall: Recall | None = None) -> "Roads":
        """Take the network in force, if there is one and the engine is installed.

        Raises
        ------
        RoadsUnavailableError
            There is one, and its record cannot be read.
        """
        return cls(roads_dir, current(roads_dir) if is_engine_there() else None, recall)

    def travel(self, points: Sequence[Point]) -> tuple[Travel, Mapping[Profile, Sequence[str]]]:
        """Return travel among points, and by profile the names of those that lie off its roads.

        Raises
        ------
        RoadsUnavailableError
            The network cannot be read.
        """
        if self.recall is None:
            return self._travel(points)
        network = (self.graph.folder, self.graph.digest) if self.graph else None
        return self.recall.get((network, tuple(points)), lambda: self._travel(points))

    def _travel(self, points: Sequence[Point]) -> tuple[Travel, Off]:
        if self.graph is None:
            return straight_travel(points), {}
        ways = {profile: self._ways(self.graph, profile, points) for profile in PROFILES}
        legs = {profile: Leg(one.distance_m, one.duration_s) for profile, one in ways.items()}
        travel = Travel.of(points, legs, source=self.graph.source, approximate=False)
        return travel, _off(points, ways)

    def off(self, points: Sequence[Point]) -> Mapping[Profile, Sequence[str]]:
        """Return by profile the names of those of a few points that lie off its roads.

        Nothing of them is kept. Without a network none does.

        Raises
        ------
        RoadsUnavailableError
            The network cannot be read.
        """
        if self.graph is None or not points:
            return {}
        # The engine has no table of one place.
        asked = [*points, points[0]]
        ways = {profile: engine.ways(self.graph, profile, asked) for profile in PROFILES}
        return _off(points, ways)

    def line(self, profile: Profile, points: Sequence[Point]) -> Line:
        """Return the way through points; straight from one to the next where no road leads.

        A place off the roads is not moved to one: a plan may be of another network than this.

        Raises
        ------
        RoadsUnavailableError
            The network cannot be read.
        """
        straight = [(point.lon, point.lat) for point in points]
        if self.graph is None or len(points) < 2:
            return Line(straight, approximate=self.graph is None)
        # The engine has no table of one place, and points may all be one.
        off = engine.ways(self.graph, profile, [*points, points[0]]).off
        whole = None if off.any() else engine.line(self.graph, profile, points)
        if whole is not None:
            return Line(whole, approximate=False)
        coordinates: list[tuple[float, float]] = []
        approximate = False
        for start, end in pairwise(range(len(points))):
            is_off = off[start] or off[end]
            leg = None if is_off else engine.line(self.graph, profile, points[start : end + 1])
            coordinates += leg or straight[start : end + 1]
            approximate = approximate or leg is None
        return Line(coordinates, approximate)

    def _ways(self, graph: RoadGraph, profile: Profile, points: Sequence[Point]) -> Ways:
        """Return ways, from disk as far as places were asked for on the same network before."""
        kept = Matrices(self.roads_dir / "matrices", graph, profile)
        found = kept.most_of(points)
        if found is not None:
            ways, rows = found
            missing = np.flatnonzero(rows < 0)
            if len(missing) <= _FEW * len(points):
                known = np.flatnonzero(rows >= 0)
                part = ways.part(rows[known])
                if not len(missing):
                    return part
                order = np.concatenate([known, missing])
                whole = engine.ways(graph, profile, [points[at] for at in order], known=part)
                return whole.part(np.argsort(order))
        asked = engine.ways(graph, profile, points)
        kept.keep(points, asked)
        return asked


def _off(points: Sequence[Point], ways: Mapping[Profile, Ways]) -> Off:
    """Return the names of the points that lie off the roads, by profile that has any."""
    off = {
        profile: [points[at].name for at in np.flatnonzero(one.off[: len(points)]).tolist()]
        for profile, one in ways.items()
    }
    return {profile: names for profile, names in off.items() if names}
