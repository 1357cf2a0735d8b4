"""When trucks come. A policy sees what a dispatcher could see, never the truth."""

import json
import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from angkut_sim.days import DAY_S, WIB_S, day_of, day_start_s, weekday_of
from angkut_sim.errors import SimError
from angkut_sim.places import Place
from angkut_sim.streams import stream

HOUR_S = 3600
#: The operational day begins at 04:00 WIB; policies are asked from there on.
DAY_BEGINS_S = 4 * HOUR_S - WIB_S


class Visit(NamedTuple):
    """A truck is to come to a bin."""

    #: Which bin: its number in the list of places.
    bin: int
    #: Planned, s since 1970 UTC; crews are a little early or late.
    at_s: float


@dataclass(frozen=True, slots=True)
class View:
    """What a dispatcher can see at a moment; arrays follow the list of places."""

    at_s: float
    places: Sequence[Place]
    #: Level that sensors reported last, % of the volume; NaN is unknown.
    reported_pct: NDArray[np.float64]
    #: Hours since the bin was last emptied, by the crews' own record.
    hours_since: NDArray[np.float64]
    #: Whether a visit is planned and still to come.
    planned: NDArray[np.bool_]


class Policy(Protocol):
    """Decides which bins are visited when. Must follow from the view alone: no memory, no luck."""

    @property
    def every_s(self) -> int:
        """How often it is asked: a divisor of a day, from 04:00 WIB."""

    def visits(self, view: View) -> Iterable[Visit]:
        """Return visits from `view.at_s` on; those of earlier answers stand."""


#: Weekdays of a round by how often it comes (0 is Monday), and up to how many hours to a full bin.
_ROUNDS: tuple[tuple[float, tuple[tuple[int, ...], ...]], ...] = (
    (40, ((0, 1, 2, 3, 4, 5, 6),)),
    (66, ((0, 2, 4), (1, 3, 5))),
    (112, ((0, 3), (1, 4), (2, 5))),
    (math.inf, ((0,), (1,), (2,), (3,), (4,), (5,))),
)
#: Rounds are planned for this level, from a guess of the rate that is off by this sigma.
_PLANNED_PCT = 75.0
_GUESS_SIGMA = 0.25
#: Between two bins of one site.
_NEXT_BIN_S = 120


@dataclass(frozen=True, slots=True)
class FixedRounds:
    """Every site has its weekdays and its hour, whatever is in the bins."""

    #: Per place: weekdays, and seconds after midnight WIB.
    rounds: tuple[tuple[tuple[int, ...], float], ...]
    every_s: int = DAY_S

    @classmethod
    def planned(
        cls, places: Sequence[Place], rate_pct_h: NDArray[np.float64], *, seed: int
    ) -> "FixedRounds":
        """Return rounds as an experienced office plans them: by site, from a guess of the rates."""
        by_site: dict[str, list[int]] = {}
        for index, place in enumerate(places):
            by_site.setdefault(place.site or place.code, []).append(index)
        rounds: dict[int, tuple[tuple[int, ...], float]] = {}
        for site, members in by_site.items():
            dice = stream(seed, site, "round")
            guess = math.exp(_GUESS_SIGMA * float(dice.standard_normal()))
            # Between its usual bin and its fastest one: a round serves the whole site.
            rate = float(rate_pct_h[members].mean() + rate_pct_h[members].max()) / 2
            hours = _PLANNED_PCT / (rate * guess)
            choices = next(days for most, days in _ROUNDS if hours < most)
            weekdays = choices[int(dice.integers(len(choices)))]
            at_s = float(dice.uniform(5 * HOUR_S, 11 * HOUR_S))
            for nth, index in enumerate(members):
                rounds[index] = (weekdays, at_s + nth * _NEXT_BIN_S)
        return cls(tuple(rounds[index] for index in range(len(places))))

    def visits(self, view: View) -> Iterable[Visit]:
        """Return the rounds of the operational day that begins."""
        day = day_of(view.at_s)
        for index, (weekdays, at_s) in enumerate(self.rounds):
            if weekday_of(day) in weekdays:
                yield Visit(index, day_start_s(day) + at_s)


@dataclass(frozen=True, slots=True)
class Threshold:
    """Bins are visited when their sensor reports enough, and what is beside them goes along."""

    at_pct: float = 75.0
    #: Other bins of a site that is visited anyway are emptied from this level on.
    along_pct: float = 40.0
    #: Hours of the day (WIB) in which crews start.
    shift: tuple[int, ...] = (5, 6, 7, 8, 9, 10, 11, 12, 13)
    #: A bin without a report is visited after so many hours.
    blind_h: float = 72.0
    every_s: int = HOUR_S

    def visits(self, view: View) -> Iterable[Visit]:
        """Return the visits of the coming hour, the fullest first."""
        if int(view.at_s + WIB_S) // HOUR_S % 24 not in self.shift:
            return []
        reported = view.reported_pct
        unknown = np.isnan(reported)
        due = ((reported >= self.at_pct) | (unknown & (view.hours_since > self.blind_h))).nonzero()
        sites = {view.places[index].site for index in due[0].tolist()} - {""}
        along = np.array([place.site in sites for place in view.places], bool)
        go = along & (reported >= self.along_pct) & ~view.planned
        go[due[0]] = ~view.planned[due[0]]
        chosen = go.nonzero()[0]
        order = chosen[np.argsort(-np.nan_to_num(reported[chosen], nan=self.at_pct), kind="stable")]
        gap_s = HOUR_S / max(len(order), 1)
        return [Visit(int(index), view.at_s + nth * gap_s) for nth, index in enumerate(order)]


@dataclass(frozen=True, slots=True)
class PlannedVisits:
    """Visits fixed beforehand: a plan of the backend, or a record of what crews did."""

    #: By time.
    stops: tuple[Visit, ...]
    every_s: int = HOUR_S

    @classmethod
    def read(cls, path: Path, *, places: Sequence[Place]) -> "PlannedVisits":
        """Read a JSON list of `{"bin": code, "at": time with zone}`.

        Raises
        ------
        SimError
            Names the file, the item and what is wrong with it.

        """
        known = {place.code: number for number, place in enumerate(places)}
        stops = []
        try:
            items = json.loads(path.read_bytes())
        except OSError as exc:
            raise SimError(f"cannot read the plan {path}: {exc.strerror}") from exc
        except ValueError as exc:
            raise SimError(f"{path} is not JSON: {exc}") from exc
        if not isinstance(items, list):
            raise SimError(f'{path}: expected a list of {{"bin": code, "at": time}}')
        for number, item in enumerate(items):
            where = f"{path}: item {number}"
            try:
                code, at = item["bin"], datetime.fromisoformat(item["at"])
            except (KeyError, TypeError, ValueError) as exc:
                raise SimError(
                    f"{where}: needs `bin`, a code, and `at`, an ISO time ({exc})"
                ) from exc
            if at.tzinfo is None:
                raise SimError(f"{where}: `at` has no zone; write it as 2026-01-12T06:30+07:00")
            if code not in known:
                raise SimError(f"{where}: no bin {code!r} in this world")
            stops.append(Visit(known[code], at.timestamp()))
        return cls(tuple(sorted(stops, key=_when)))

    def visits(self, view: View) -> Iterable[Visit]:
        """Return the stops of the coming hour."""
        first = bisect_left(self.stops, view.at_s, key=_when)
        return self.stops[first : bisect_left(self.stops, view.at_s + self.every_s, key=_when)]


def _when(visit: Visit) -> float:
    return visit.at_s
