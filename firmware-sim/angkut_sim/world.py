"""A town's bins: they fill as the daybook says and are emptied as a policy decides."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from angkut_sim.crews import Crews, Sight, slot
from angkut_sim.daybook import BinDay, Daybook
from angkut_sim.days import DAY_S, Calendar, DayKind, day_of, day_start_s
from angkut_sim.people import Act
from angkut_sim.places import Place
from angkut_sim.policies import DAY_BEGINS_S, HOUR_S, FixedRounds, Policy, View, Visit
from angkut_sim.streams import stream
from angkut_sim.stretch import Stretch
from angkut_sim.truth import TruthEvent, TruthKind
from angkut_sim.waste import Floats, Waste

#: The world moves in steps of this length, s.
STEP_S = 600
#: A world begins with bins filled up to this, %.
_FIRST_PCT = 70.0


@dataclass(frozen=True, slots=True)
class _Today:
    """One day of all bins, by the steps in which things happen."""

    number: int
    #: Litres by step and bin.
    bags_l: Floats
    acts: dict[int, list[tuple[int, Act]]]


class World:
    """The bins from a moment on. The same arguments give the same world.

    Parameters
    ----------
    start_s
        s since 1970 UTC; taken down to a whole step.
    policy
        Fixed rounds by default.

    """

    def __init__(
        self,
        places: Sequence[Place],
        *,
        seed: int,
        start_s: float,
        calendar: Calendar | None = None,
        policy: Policy | None = None,
        crews: Crews | None = None,
        sight: Sight | None = None,
    ) -> None:
        self.places = tuple(places)
        self.calendar = calendar or Calendar()
        self.book = Daybook(places, seed=seed, calendar=self.calendar)
        volume_l = np.array([place.volume_l for place in places], dtype=float)
        rate_pct_h = 100 * self.book.rate_l_h / volume_l
        self.policy = policy or FixedRounds.planned(places, rate_pct_h, seed=seed)
        if DAY_S % self.policy.every_s or self.policy.every_s % STEP_S:
            raise ValueError(f"a policy is asked every {STEP_S} s or a multiple that divides a day")
        self.at_s = float(start_s // STEP_S * STEP_S)
        first = [float(stream(seed, place.code, "start").random()) for place in places]
        self.waste = Waste.filled(volume_l, np.array(first) * _FIRST_PCT / 100 * volume_l)
        #: How often and when each bin was last emptied.
        self.emptied = np.zeros(len(places), int)
        self.emptied_at_s = np.full(len(places), self.at_s - DAY_S)
        #: Visits to come, with when the truck will be there.
        self.pending: list[tuple[float, Visit]] = []
        #: Since when bins overflow and streets are under water; NaN when not.
        self.over_since_s = np.full(len(places), np.nan)
        self.flood_since_s = np.full(len(places), np.nan)
        #: Operational day and litres hauled in it.
        self.hauled: tuple[int, float] = (0, 0.0)
        self._crews, self._sight = crews or Crews(), sight or Sight()
        self._floods = np.array([place.floods for place in places], bool)
        self._days = lru_cache(maxsize=4)(self.book.day)
        self._today = _Today(-1, np.zeros((0, 0)), {})
        self._events: list[TruthEvent] = []

    def advance(self, to_s: float) -> Stretch:
        """Live on until the last whole step by `to_s`; return the truth of that time."""
        steps = max(0, int((to_s - self.at_s) // STEP_S))
        start_s, emptied_before_s = self.at_s, self.emptied_at_s.copy()
        level_pct = np.empty((steps + 1, len(self.places)), np.float32)
        beside_l = np.empty_like(level_pct)
        level_pct[0], beside_l[0] = self.waste.level_pct, self.waste.beside_l
        days: dict[int, list[BinDay]] = {}
        for step in range(1, steps + 1):
            self._step()
            level_pct[step], beside_l[step] = self.waste.level_pct, self.waste.beside_l
            days[self._today.number] = self._days(self._today.number)
        for day in range(day_of(start_s) - 1, day_of(self.at_s + STEP_S - 1) + 1):
            if day not in days:
                days[day] = self._days(day)
        happened, self._events = self._events, []
        return Stretch(
            places=self.places,
            start_s=start_s,
            step_s=STEP_S,
            level_pct=level_pct,
            beside_l=beside_l,
            happened=happened,
            ongoing=self._ongoing(),
            emptied_before_s=emptied_before_s,
            days=days,
            weather={day: self.book.weather.day(day) for day in days},
        )

    def _step(self) -> None:
        """Live through one step: waste comes, then people and trucks, each at its time."""
        if (self.at_s - DAY_BEGINS_S) % self.policy.every_s == 0:
            self._plan()
        day = day_of(self.at_s)
        if day != self._today.number:
            self._today = _sorted_by_steps(day, self._days(day))
        step = int(self.at_s - day_start_s(day)) // STEP_S
        self.at_s += STEP_S
        self.waste.throw_in(self._today.bags_l[step])
        self.waste.settle(STEP_S)
        todo: list[tuple[float, int, Act | None]] = [
            (act.at_s, index, act) for index, act in self._today.acts.get(step, ())
        ]
        while self.pending and self.pending[0][0] < self.at_s:
            at_s, visit = self.pending.pop(0)
            todo.append((at_s, visit.bin, None))
        for at_s, index, act in sorted(todo, key=lambda item: item[:2]):
            if act is None:
                self._visit(index, at_s)
            else:
                self._act(index, act)
        self._note_changes(day)

    def _plan(self) -> None:
        hour = int(self.at_s - day_start_s(day_of(self.at_s))) // HOUR_S
        today = self._days(day_of(self.at_s))
        noise = np.array([each.sight[hour] for each in today])
        silent = np.array([each.silence for each in today]) < self._sight.silent_share
        reported = np.clip(self.waste.level_pct + self._sight.noise_pct * noise, 0.0, None)
        planned = np.zeros(len(self.places), bool)
        planned[[visit.bin for _, visit in self.pending]] = True
        view = View(
            at_s=self.at_s,
            places=self.places,
            reported_pct=np.where(silent, np.nan, reported),
            hours_since=(self.at_s - self.emptied_at_s) / HOUR_S,
            planned=planned,
        )
        for visit in self.policy.visits(view):
            luck = self._days(day_of(visit.at_s))[visit.bin].visits[slot(visit.at_s)]
            at_s = max(self.at_s, self._crews.arrival_s(visit.at_s, luck))
            self.pending.append((at_s, visit))
        self.pending.sort()

    def _visit(self, index: int, at_s: float) -> None:
        luck = self._days(day_of(at_s))[index].visits[slot(at_s)]
        working_day = int((at_s - DAY_BEGINS_S) // DAY_S)
        day, hauled_l = self.hauled
        hauled_l = hauled_l if day == working_day else 0.0
        before = float(self.waste.level_pct[index])
        code = self.places[index].code
        hindrance = self._crews.hindrance(
            luck,
            flooded=not np.isnan(self.flood_since_s[index]),
            feast=self.calendar.kind(day_of(at_s)) is DayKind.FEAST,
            hauled_l=hauled_l,
        )
        if hindrance:
            self._events.append(
                TruthEvent(TruthKind.SKIPPED, code, at_s, at_s, before, before, note=hindrance)
            )
            return
        left = self._crews.share_left(luck)
        taken_l = self.waste.empty(index, left)
        self.hauled = (working_day, hauled_l + taken_l)
        self.emptied[index] += 1
        self.emptied_at_s[index] = at_s
        after = float(self.waste.level_pct[index])
        self._events.append(
            TruthEvent(TruthKind.COLLECTED, code, at_s, at_s, before, after, taken_l, left)
        )

    def _act(self, index: int, act: Act) -> None:
        before = float(self.waste.level_pct[index])
        litres = act.amount if act.kind is TruthKind.BULKY else 0.0
        match act.kind:
            case TruthKind.BULKY:
                self.waste.leave_bulky(index, litres)
            case TruthKind.PICKED:
                litres = self.waste.pick(index, act.amount)
            case TruthKind.PRESSED:
                self.waste.press(index, act.amount)
            case TruthKind.KNOCKED_OVER:
                litres = self.waste.spill(index, act.amount)
            case _:
                pass  # It shows on the surface only.
        after = float(self.waste.level_pct[index])
        code = self.places[index].code
        self._events.append(
            TruthEvent(act.kind, code, act.at_s, act.until_s, before, after, litres)
        )

    def _note_changes(self, day: int) -> None:
        """Note which overflows and floods began or ended in the step just lived."""
        hour = int(self.at_s - STEP_S - day_start_s(day)) // HOUR_S
        under_water = self._floods & bool(self.book.weather.day(day).flood[hour] >= 0.5)
        for kind, since_s, now, at_s in (
            (TruthKind.OVERFLOW, self.over_since_s, self.waste.overflowing, self.at_s),
            (TruthKind.FLOODED, self.flood_since_s, under_water, self.at_s - STEP_S),
        ):
            was = ~np.isnan(since_s)
            if not (was != now).any():
                continue
            for index in (was & ~now).nonzero()[0].tolist():
                self._events.append(self._lasting(kind, index, since_s[index], at_s))
            since_s[was & ~now] = np.nan
            since_s[now & ~was] = at_s

    def _ongoing(self) -> list[TruthEvent]:
        return [
            self._lasting(kind, index, since_s[index], float("inf"))
            for kind, since_s in (
                (TruthKind.OVERFLOW, self.over_since_s),
                (TruthKind.FLOODED, self.flood_since_s),
            )
            for index in (~np.isnan(since_s)).nonzero()[0].tolist()
        ]

    def _lasting(self, kind: TruthKind, index: int, from_s: float, until_s: float) -> TruthEvent:
        level = float(self.waste.level_pct[index])
        return TruthEvent(kind, self.places[index].code, float(from_s), until_s, level, level)


def _sorted_by_steps(day: int, bins: Sequence[BinDay]) -> _Today:
    start_s = day_start_s(day)
    bags_l = np.zeros((DAY_S // STEP_S, len(bins)))
    acts = defaultdict(list)
    for index, each in enumerate(bins):
        steps = ((each.bags_at_s - start_s) // STEP_S).astype(int)
        np.add.at(bags_l[:, index], np.minimum(steps, len(bags_l) - 1), each.bags_l)
        for act in each.acts:
            acts[int(act.at_s - start_s) // STEP_S].append((index, act))
    return _Today(day, bags_l, acts)
