"""The truth of a run in one file, so that estimates can be scored against it later.

A NumPy archive (`.npz`): `numpy.load(path)` gives the arrays below, `TruthFile.read` the same with
names and types. Times are s since 1970 UTC. docs/simulator.md shows how to use it.

| array | shape | what |
| --- | --- | --- |
| `codes`, `kinds`, `volume_l` | bins | printed code, kind of place, litres |
| `at_s` | rows | a row holds until the next |
| `level_pct`, `beside_l` | rows x bins | % of the volume in the bin, litres beside it |
| `event_kind`, `event_bin_code`, ... | events | the fields of `TruthEvent` |
| `seed`, `version` | one | |
"""

import csv
import os
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, field, fields
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from angkut_sim.errors import SimError
from angkut_sim.places import Place
from angkut_sim.stretch import Stretch
from angkut_sim.truth import TruthEvent, TruthKind

_VERSION = 1
_EVENT_FIELDS = [each.name for each in fields(TruthEvent)]


class TruthFileError(SimError):
    """The file holds no truth: give one that `angkut simulate world --out` wrote."""


@dataclass(frozen=True)
class TruthFile:
    """What was true in a world, whole."""

    seed: int
    codes: tuple[str, ...]
    kinds: tuple[str, ...]
    volume_l: NDArray[np.float64]
    at_s: NDArray[np.float64]
    level_pct: NDArray[np.float32]
    beside_l: NDArray[np.float32]
    events: tuple[TruthEvent, ...]

    @cached_property
    def _index(self) -> Mapping[str, int]:
        return {code: index for index, code in enumerate(self.codes)}

    @property
    def step_s(self) -> float:
        """How long a row holds."""
        return float(self.at_s[1] - self.at_s[0]) if len(self.at_s) > 1 else 0.0

    def level(self, bin_code: str, at_s: float) -> float:
        """Return how full a bin was, % of its volume; NaN outside of the run."""
        row = int(np.searchsorted(self.at_s, at_s, side="right")) - 1
        if row < 0 or at_s >= self.at_s[-1] + self.step_s:
            return float("nan")
        return float(self.level_pct[row, self._index[bin_code]])

    def write(self, path: Path) -> None:
        """Write the file in one step."""
        columns = zip(*(astuple(each) for each in self.events), strict=True)
        named = dict(zip(_EVENT_FIELDS, columns, strict=False))
        scratch = path.with_name(f".{path.name}.{os.getpid()}")
        with scratch.open("wb") as file:
            np.savez_compressed(
                file,
                allow_pickle=False,
                version=np.array(_VERSION),
                seed=np.array(self.seed),
                codes=np.array(self.codes, str),
                kinds=np.array(self.kinds, str),
                volume_l=self.volume_l,
                at_s=self.at_s,
                level_pct=self.level_pct,
                beside_l=self.beside_l,
                **{
                    f"event_{name}": np.array(named.get(name, ()), _EVENT_TYPES[name])
                    for name in _EVENT_FIELDS
                },
            )
        scratch.replace(path)

    @classmethod
    def read(cls, path: Path) -> "TruthFile":
        """Read a file that `write` wrote.

        Raises
        ------
        TruthFileError
            When there is none, or it holds something else.

        """
        try:
            with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
                columns = [file[f"event_{name}"].tolist() for name in _EVENT_FIELDS]
                return cls(
                    seed=int(file["seed"]),
                    codes=tuple(file["codes"].tolist()),
                    kinds=tuple(file["kinds"].tolist()),
                    volume_l=file["volume_l"],
                    at_s=file["at_s"],
                    level_pct=file["level_pct"],
                    beside_l=file["beside_l"],
                    events=tuple(
                        TruthEvent(TruthKind(kind), *rest)
                        for kind, *rest in zip(*columns, strict=True)
                    ),
                )
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as exc:
            raise TruthFileError(
                f"{path} holds no truth ({exc}): "
                "give a file that `angkut simulate world --out` wrote"
            ) from exc

    def write_events(self, path: Path) -> None:
        """Write the events as CSV, with UTC times, for people and spreadsheets."""
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([*_CSV_NAMES])
            for each in self.events:
                row = list(astuple(each))
                row[2:4] = [_utc(each.at_s), _utc(each.until_s)]
                row[4:8] = [round(number, 3) for number in row[4:8]]
                writer.writerow(row)


_EVENT_TYPES = {
    "kind": str,
    "bin_code": str,
    "at_s": float,
    "until_s": float,
    "before_pct": float,
    "after_pct": float,
    "amount_l": float,
    "share_left": float,
    "note": str,
}
_CSV_NAMES = (
    "kind", "bin", "at", "until", "before_pct", "after_pct", "amount_l", "share_left", "note",
)  # fmt: skip


def _utc(at_s: float) -> str:
    """Return an ISO time; empty for what has not ended."""
    if not np.isfinite(at_s):
        return ""
    return datetime.fromtimestamp(round(at_s), UTC).isoformat()


@dataclass
class TruthRecorder:
    """Keeps the truth of stretches that follow one another."""

    seed: int
    _at_s: list[NDArray[np.float64]] = field(default_factory=list)
    _level_pct: list[NDArray[np.float32]] = field(default_factory=list)
    _beside_l: list[NDArray[np.float32]] = field(default_factory=list)
    _events: list[TruthEvent] = field(default_factory=list)
    _ongoing: Sequence[TruthEvent] = ()
    _places: Sequence[Place] = ()

    def add(self, stretch: Stretch) -> None:
        """Keep a stretch; its first row is the last of the one before."""
        rows = stretch.start_s + stretch.step_s * np.arange(len(stretch.level_pct), dtype=float)
        new = slice(1 if self._at_s else 0, None)
        self._at_s.append(rows[new])
        self._level_pct.append(stretch.level_pct[new])
        self._beside_l.append(stretch.beside_l[new])
        self._events += stretch.happened
        self._ongoing = stretch.ongoing
        self._places = stretch.places

    def finish(self) -> TruthFile:
        """Return all of it; what has not ended is among the events with an infinite end."""
        events = sorted((*self._events, *self._ongoing), key=lambda e: (e.at_s, e.bin_code, e.kind))
        return TruthFile(
            seed=self.seed,
            codes=tuple(place.code for place in self._places),
            kinds=tuple(place.kind.value for place in self._places),
            volume_l=np.array([place.volume_l for place in self._places], float),
            at_s=np.concatenate(self._at_s),
            level_pct=np.concatenate(self._level_pct),
            beside_l=np.concatenate(self._beside_l),
            events=tuple(events),
        )
