"""Travel between points: on the road network where there is one, else straight and marked so."""

import hashlib
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from angkut_backend.roads import engine
from angkut_backend.roads.graph import PROFILES, RoadGraph, current, is_engine_there
from angkut_backend.roads.straight import straight_travel
from angkut_backend.roads.travel import Leg, Point, Profile, Travel

log = logging.getLogger("angkut.roads")

#: Matrices that are kept on disk, of 4 to 70 MB each; the one unused for longest goes first.
_KEPT = 20


@dataclass(frozen=True, slots=True)
class Roads:
    """What is known of roads here. Without a graph everything is approximate."""

    roads_dir: Path
    graph: RoadGraph | None

    @classmethod
    def open(cls, roads_dir: Path) -> "Roads":
        """Take the network in force, if there is one and the engine is installed.

        Raises
        ------
        RoadsUnavailableError
            There is one, and its record cannot be read.
        """
        return cls(roads_dir, current(roads_dir) if is_engine_there() else None)

    def travel(self, points: Sequence[Point]) -> tuple[Travel, Mapping[Profile, Sequence[str]]]:
        """Return travel among points, and by profile the names of those that lie off its roads.

        Raises
        ------
        RoadsUnavailableError
            The network cannot be read.
        """
        if self.graph is None:
            return straight_travel(points), {}
        legs, off = {}, {}
        for profile in PROFILES:
            legs[profile], off[profile] = self._leg(self.graph, profile, points)
        travel = Travel.of(points, legs, source=self.graph.source, approximate=False)
        return travel, {profile: names for profile, names in off.items() if names}

    def line(self, profile: Profile, points: Sequence[Point]) -> list[tuple[float, float]]:
        """Return the way through points for the map, lon/lat; straight where there is no road.

        Raises
        ------
        RoadsUnavailableError
            The network cannot be read.
        """
        straight = [(point.lon, point.lat) for point in points]
        if self.graph is None or len(points) < 2:
            return straight
        return engine.line(self.graph, profile, points) or straight

    def _leg(
        self, graph: RoadGraph, profile: Profile, points: Sequence[Point]
    ) -> tuple[Leg, list[str]]:
        """Return a matrix, from disk if the same points were asked on the same network before."""
        asked = hashlib.sha256(f"{graph.digest} {profile}".encode())
        for point in points:
            asked.update(f"\n{point.name} {point.lon:.6f} {point.lat:.6f}".encode())
        file = self.roads_dir / "matrices" / f"{asked.hexdigest()[:32]}.npz"
        try:
            with np.load(file) as stored:
                os.utime(file)
                return Leg(stored["distance_m"], stored["duration_s"]), stored["off"].tolist()
        except FileNotFoundError:
            pass
        except (OSError, ValueError, KeyError, BadZipFile) as exc:
            log.warning("%s cannot be read (%s): asked again", file, exc)
        leg, off = engine.leg(graph, profile, points)
        self._keep(file, leg, off)
        return leg, off

    def _keep(self, file: Path, leg: Leg, off: Sequence[str]) -> None:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            draft = file.with_suffix(f".{os.getpid()}.npz")
            np.savez(
                draft,
                distance_m=leg.distance_m,
                duration_s=leg.duration_s,
                off=np.array(off, dtype=np.str_),
            )
            draft.replace(file)
            by_use = sorted(file.parent.glob("*.npz"), key=lambda one: one.stat().st_mtime)
            for old in by_use[:-_KEPT]:
                old.unlink(missing_ok=True)
        except OSError as exc:  # a full disk must not stop a plan
            log.warning("a matrix is not kept: %s", exc)
