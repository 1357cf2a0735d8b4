"""Policies side by side in the simulated district: same waste, same crews' luck, same planner."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from angkut_backend.forecast.backtest import calibrate
from angkut_backend.forecast.history import History
from angkut_backend.forecast.model import FillModel, group_numbers, learn
from angkut_backend.forecast.predict import HORIZON_H, Forecast, predict
from angkut_backend.planning.checker import check
from angkut_backend.planning.district import KG_PER_LITRE, District
from angkut_backend.planning.outlook import Outlook, load_of
from angkut_backend.planning.plan_document import Plan, StepKind
from angkut_backend.planning.points import points_of
from angkut_backend.planning.policies import Policy, PolicyParameters, Prospect, bins_of
from angkut_backend.planning.problem import Bin
from angkut_backend.planning.search import Budget
from angkut_backend.planning.solve import plan
from angkut_backend.registry.site.pack import read_pack
from angkut_backend.registry.site.records import SitePack
from angkut_backend.roads.service import Roads
from angkut_broker.errors import AngkutError
from angkut_infra.places import CALENDAR, places_of
from angkut_sim.crews import Sight
from angkut_sim.days import DAY_S, WIB_S, Calendar
from angkut_sim.policies import FixedRounds, View, Visit
from angkut_sim.streams import stream
from angkut_sim.stretch import Stretch
from angkut_sim.truth import TruthKind
from angkut_sim.world import World

_HOUR_S = 3600
#: Weeks under the fixed schedule that all policies learn from.
LEARN_DAYS = 28
#: A fixed round is planned for this level, whatever is in the bins, %.
_ROUND_PCT = 60.0
#: The shift begins an hour after the operational day, at which policies are asked.
_TO_SHIFT_H = 1


class BadPlanError(AngkutError):
    """A plan broke a rule."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What a policy did, over all days that count."""

    name: str
    days: int
    km_a_day: float
    tonnes: float
    #: Share of bin-hours without overflow.
    service_level: float
    #: Mean level when emptied, %.
    fill_at_pickup_pct: float
    overflow_h_a_day: float
    longest_gap_h: float
    #: Trips to a disposal site (ritase).
    trips_a_day: float
    truck_h_a_day: float
    queue_h_a_day: float
    stops_a_day: float
    missed_must: int


@dataclass(slots=True)
class _Record:
    """What the dispatcher has seen so far: an hour a column."""

    level_pct: NDArray[np.float64]
    emptied: NDArray[np.bool_]
    noise: np.random.Generator
    sight: Sight = field(default_factory=Sight)

    def add(self, stretch: Stretch, hours: int) -> None:
        """Write down what sensors and crews told in a stretch."""
        steps = _HOUR_S // stretch.step_s
        truth = stretch.level_pct[steps::steps][:hours].astype(float).T
        seen = np.clip(
            truth + self.sight.noise_pct * self.noise.standard_normal(truth.shape), 0, 105
        )
        silent = self.noise.random((len(seen), 1)) < self.sight.silent_share
        spike = self.noise.random(seen.shape) < 0.01
        seen = np.where(spike, self.noise.uniform(0, 100, seen.shape), seen)
        self.level_pct = np.hstack([self.level_pct, np.where(silent, np.nan, seen)])
        emptied = np.zeros(seen.shape, dtype=bool)
        rows = {code: row for row, code in enumerate(stretch.codes)}
        for event in stretch.happened:
            if event.kind is TruthKind.COLLECTED:
                hour = int((event.at_s - stretch.start_s) // _HOUR_S)
                emptied[rows[event.bin_code], min(hour, hours - 1)] = True
        self.emptied = np.hstack([self.emptied, emptied])


@dataclass(frozen=True, slots=True)
class Scene:
    """What all policies of one comparison share."""

    pack: SitePack
    folder: Path
    roads: Roads
    seed: int
    start: datetime
    iterations: int

    @classmethod
    def of(
        cls, folder: Path, roads: Roads, *, seed: int, start: datetime, iterations: int
    ) -> "Scene":
        """Read the site pack."""
        return cls(read_pack(folder), folder, roads, seed, start, iterations)

    def run(
        self,
        policy: Policy,
        parameters: PolicyParameters,
        days: int,
        progress: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> Figures:
        """Live through learning and counted days under one policy.

        Raises
        ------
        BadPlanError
            The independent checker refused a plan.
        """
        office = _Office(self, policy, parameters)
        world = World(
            office.places,
            seed=self.seed,
            start_s=office.start_s,
            calendar=Calendar.read(self.folder / CALENDAR),
            policy=office,
        )
        counted: list[Stretch] = []
        total = LEARN_DAYS + days
        for day in range(total):
            progress(day, total)
            stretch = world.advance(office.start_s + (day + 1) * DAY_S)
            office.record.add(stretch, 24)
            if day >= LEARN_DAYS:
                counted.append(stretch)
        progress(total, total)
        return _figures(policy, office.plans[LEARN_DAYS:], counted)


class _Office:
    """Decides each morning, as a dispatcher with this policy would."""

    every_s = DAY_S

    def __init__(self, scene: Scene, policy: Policy, parameters: PolicyParameters) -> None:
        pack = scene.pack
        self.places = places_of(pack, scene.folder)
        self.plans: list[Plan] = []
        # The operational day begins at 04:00 WIB.
        self.start_s = (scene.start.timestamp() + WIB_S) // DAY_S * DAY_S - WIB_S + 4 * _HOUR_S
        self._scene, self._policy, self._parameters = scene, policy, parameters
        self._bins = {one.code: one for one in pack.bins}
        sites = {site.code: site for site in pack.sites}
        self._kinds = [f"{sites[one.site].kind} {one.container}" for one in pack.bins]
        self._rounds: FixedRounds | None = None
        self._model: tuple[FillModel, NDArray[np.float64]] | None = None
        self._district = District(
            pack.district.code,
            pack.district.timezone,
            pack.depots,
            pack.disposal_sites,
            tuple(site for site in pack.sites if site.kind == "tps3r"),
            pack.vehicles,
        )
        empty = np.zeros((len(self.places), 0))
        self.record = _Record(empty, empty.astype(bool), stream(scene.seed, "sensors"))

    def visits(self, view: View) -> Iterable[Visit]:
        """Return what the vehicles do today."""
        learning = len(self.plans) < LEARN_DAYS
        policy = Policy.FIXED if learning else self._policy
        outlook = self._outlook(policy, len(self.plans))
        due = {visit.bin for visit in self._fixed(view).visits(view)}
        prospects = [
            self._prospect(view, row, outlook, due=row in due) for row in range(len(self.places))
        ]
        shift = datetime.fromtimestamp(view.at_s + _TO_SHIFT_H * _HOUR_S, UTC)
        problem = self._district.problem(shift, bins_of(policy, prospects, self._parameters))
        travel, _ = self._scene.roads.travel(points_of(problem))
        iterations = self._scene.iterations if policy.is_routed else 0
        made = plan(problem, travel, Budget(iterations=iterations), self._scene.seed)
        if wrong := check(problem, travel, made):
            raise BadPlanError(f"{policy} on {shift:%Y-%m-%d}: {wrong[0]}")
        self.plans.append(made)
        numbers = {place.code: row for row, place in enumerate(self.places)}
        for route in made.routes:
            for step in route.steps:
                if step.kind is StepKind.STOP:
                    yield Visit(numbers[step.code], shift.timestamp() + step.begin_s)

    def _fixed(self, view: View) -> FixedRounds:
        """Return the rounds of today's schedule, planned by guess as an office does."""
        if self._rounds is None:
            world = World(self.places, seed=self._scene.seed, start_s=view.at_s)
            if not isinstance(world.policy, FixedRounds):
                raise TypeError("a world without a policy has fixed rounds")
            self._rounds = world.policy
        return self._rounds

    def _forecast(self, day: int) -> Forecast:
        hours = day * 24
        ahead = HORIZON_H + _TO_SHIFT_H
        began_s = int(self.start_s)
        local = (began_s + WIB_S) // _HOUR_S + np.arange(hours + ahead)
        pad = ((0, 0), (0, ahead))
        history = History(
            tuple(place.code for place in self.places),
            group_numbers(self._kinds),
            np.pad(self.record.level_pct, pad, constant_values=np.nan),
            np.pad(self.record.emptied, pad),
            # 1970-01-01 was a Thursday.
            (local + 3 * 24) % 168,
            np.zeros(hours + ahead, dtype=np.int64),
        )
        if self._model is None or day % 7 == 0:
            model = learn(history)
            self._model = model, calibrate(history, model, hours)
        return predict(history, self._model[0], hours, self._model[1])

    def _outlook(self, policy: Policy, day: int) -> Outlook:
        if policy is not Policy.FIXED:
            return Outlook.of(self._forecast(day), _TO_SHIFT_H)
        nothing = np.zeros(len(self.places))
        return Outlook(nothing + _ROUND_PCT, nothing, nothing)

    def _prospect(self, view: View, row: int, outlook: Outlook, *, due: bool) -> Prospect:
        place = self.places[row]
        known = self._bins[place.code]
        fill_pct = float(outlook.fill_pct[row])
        load_l, load_kg = load_of(fill_pct, place.volume_l)
        return Prospect(
            Bin(
                code=known.code,
                lon=known.lon,
                lat=known.lat,
                access=known.access,
                container=known.container,
                load_l=load_l,
                load_kg=load_kg,
                service_s=known.service_s,
            ),
            known.volume_l,
            fill_pct,
            float(outlook.overflow_probability[row]),
            float(outlook.overflow_h[row]),
            float(view.hours_since[row]),
            due,
        )


def _figures(policy: Policy, plans: Sequence[Plan], stretches: Sequence[Stretch]) -> Figures:
    days = len(stretches)
    events = [event for stretch in stretches for event in stretch.happened]
    taken = [event for event in events if event.kind is TruthKind.COLLECTED]
    over = np.array([(stretch.beside_l[1:] > 0).sum() * stretch.step_s for stretch in stretches])
    bins = len(stretches[0].places)
    return Figures(
        name=policy.value,
        days=days,
        km_a_day=sum(one.totals.distance_m for one in plans) / 1000 / days,
        tonnes=sum(event.amount_l for event in taken) * KG_PER_LITRE / 1000,
        service_level=float(1 - over.sum() / (bins * days * DAY_S)),
        fill_at_pickup_pct=float(np.mean([event.before_pct for event in taken])),
        overflow_h_a_day=float(over.sum() / _HOUR_S / days),
        longest_gap_h=_longest_gap_h(stretches),
        trips_a_day=sum(one.totals.trips for one in plans) / days,
        truck_h_a_day=sum(one.totals.duration_s for one in plans) / _HOUR_S / days,
        queue_h_a_day=sum(one.totals.queue_s for one in plans) / _HOUR_S / days,
        stops_a_day=sum(one.totals.stops for one in plans) / days,
        missed_must=sum(left.must is not None for one in plans for left in one.left),
    )


def _longest_gap_h(stretches: Sequence[Stretch]) -> float:
    emptied_s: list[float] = stretches[0].emptied_before_s.tolist()
    last = dict(zip(stretches[0].codes, emptied_s, strict=True))
    longest = 0.0
    for stretch in stretches:
        for event in stretch.happened:
            if event.kind is TruthKind.COLLECTED:
                longest = max(longest, event.at_s - last[event.bin_code])
                last[event.bin_code] = event.at_s
    end_s = stretches[-1].span_s[1]
    return max(longest, *(end_s - at_s for at_s in last.values())) / _HOUR_S
