"""Matrices on disk: what was asked of a network once is not asked again, nor for fewer places."""

import hashlib
import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from angkut_backend.roads.graph import RoadGraph
from angkut_backend.roads.travel import Matrix, Point, Profile

log = logging.getLogger("angkut.roads")

#: Files of 4 to 70 MB each; the one unused for longest goes first.
_KEPT = 20
#: As of `Point`s in the names of files: ten centimetres.
_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Ways:
    """Ways among points of one profile."""

    distance_m: Matrix
    duration_s: Matrix
    #: Which points lie off the roads, [p].
    off: NDArray[np.bool_]

    def part(self, rows: NDArray[np.intp]) -> "Ways":
        """Return the ways among some of the points, in this order."""
        both = np.ix_(rows, rows)
        return Ways(self.distance_m[both], self.duration_s[both], self.off[rows])


@dataclass(frozen=True, slots=True)
class Matrices:
    """The matrices of one profile of a network in a folder."""

    folder: Path
    graph: RoadGraph
    profile: Profile

    def most_of(self, points: Sequence[Point]) -> tuple[Ways, NDArray[np.intp]] | None:
        """Return kept ways that know most of the points, and their row of each; -1: unknown.

        What was used last goes first, if it knows as many.
        """
        asked = _places(points)
        best: tuple[int, Path, NDArray[np.intp]] | None = None
        for file in self._files():
            row_of = {place: row for row, place in enumerate(map(tuple, self._read(file)))}
            rows = np.array([row_of.get(tuple(place), -1) for place in asked], dtype=np.intp)
            known = int((rows >= 0).sum())
            if best is None or known > best[0]:
                best = known, file, rows
            if known == len(points):
                break
        if best is None or best[0] == 0:
            return None
        ways = self._load(best[1])
        return None if ways is None else (ways, best[2])

    def keep(self, points: Sequence[Point], ways: Ways) -> None:
        """Write ways among points; a full disk must not stop a plan."""
        places = _places(points)
        name = hashlib.sha256(places.tobytes()).hexdigest()[:32]
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            file = self.folder / f"{self._network()}-{name}.npz"
            draft = self.folder / f"{file.stem}.{os.getpid()}.draft"
            with draft.open("wb") as out:
                np.savez(
                    out,
                    places=places,
                    distance_m=ways.distance_m,
                    duration_s=ways.duration_s,
                    off=ways.off,
                )
            draft.replace(file)
            by_use = sorted(self.folder.glob("*.npz"), key=lambda one: one.stat().st_mtime)
            for old in by_use[:-_KEPT]:
                old.unlink(missing_ok=True)
        except OSError as exc:
            log.warning("a matrix is not kept: %s", exc)

    def _network(self) -> str:
        return hashlib.sha256(f"{self.graph.digest} {self.profile}".encode()).hexdigest()[:12]

    def _files(self) -> Iterator[Path]:
        found = list(self.folder.glob(f"{self._network()}-*.npz"))
        yield from sorted(found, key=lambda one: (-one.stat().st_mtime, one.name))

    @staticmethod
    def _read(file: Path) -> NDArray[np.float64]:
        try:
            with np.load(file) as stored:
                places: NDArray[np.float64] = stored["places"]
                return places
        except (OSError, EOFError, ValueError, KeyError, BadZipFile) as exc:
            log.warning("%s cannot be read (%s): asked again", file, exc)
            return np.empty((0, 2))

    @staticmethod
    def _load(file: Path) -> Ways | None:
        try:
            with np.load(file) as stored:
                os.utime(file)
                return Ways(stored["distance_m"], stored["duration_s"], stored["off"])
        except (OSError, EOFError, ValueError, KeyError, BadZipFile) as exc:
            log.warning("%s cannot be read (%s): asked again", file, exc)
            return None


def _places(points: Sequence[Point]) -> NDArray[np.float64]:
    at = [(point.lon, point.lat) for point in points]
    return np.round(np.array(at, dtype=np.float64).reshape(-1, 2), _DIGITS)
