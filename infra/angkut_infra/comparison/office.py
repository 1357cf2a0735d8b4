"""A dispatcher with a policy: decides each morning, from what sensors and crews have told."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from angkut_backend.forecast.backtest import calibrate
from angkut_backend.forecast.history import History
from angkut_backend.forecast.model import FillModel, group_numbers, learn
from angkut_backend.forecast.predict import HORIZON_H, Forecast, predict
from angkut_backend.forecast.service import TRUSTED_AGE_H
from angkut_backend.planning.assembly import TRUSTED_SHARE
from angkut_backend.planning.checker import check
from angkut_backend.planning.district import District
from angkut_backend.planning.outlook import SERVICE_H, Outlook, load_of
from angkut_backend.planning.plan_document import Plan, StepKind
from angkut_backend.planning.points import points_of
from angkut_backend.planning.policies import Policy, Prospect, bins_of
from angkut_backend.planning.problem import Bin, MustReason, Problem
from angkut_backend.planning.search import Budget
from angkut_backend.planning.solve import plan
from angkut_backend.roads.service import Roads
from angkut_backend.roads.travel import Travel
from angkut_broker.errors import AngkutError
from angkut_infra.comparison.choice import Choice
from angkut_infra.comparison.rounds import schedule
from angkut_infra.comparison.sensors import HOURS_A_DAY, Record, Sensors
from angkut_infra.comparison.town import Town
from angkut_sim.days import DAY_S, WIB_S, day_of
from angkut_sim.policies import View, Visit

_HOUR_S = 3600
#: Weeks under fixed rounds that forecasts learn from before a policy begins.
LEARN_DAYS = 28
#: The schedule of these weeks.
_LEARN_KNOB = "2d"
#: The shift begins an hour after the operational day, at which policies are asked.
_TO_SHIFT_H = 1


class BadPlanError(AngkutError):
    """A plan broke a rule."""


@dataclass(frozen=True, slots=True)
class Morning:
    """What was decided for a shift."""

    problem: Problem
    travel: Travel
    plan: Plan
    #: Areas that kept their fixed round because too little was known.
    fixed_areas: int


class Office:
    """Implements the simulator's `Policy`."""

    every_s = DAY_S

    def __init__(
        self,
        town: Town,
        choice: Choice,
        *,
        seed: int,
        start_s: float,
        roads: Roads,
        iterations: int,
        sensors: Sensors,
    ) -> None:
        self.mornings: list[Morning] = []
        self.record = Record(len(town.places), seed, sensors)
        self._town, self._choice, self._seed = town, choice, seed
        self._start_s, self._roads, self._iterations = start_s, roads, iterations
        self._learning = schedule(town, seed, _LEARN_KNOB)
        knob = choice.knob if choice.policy is Policy.FIXED else _LEARN_KNOB
        #: What an area falls back to; under `fixed` all there is.
        self._rounds = schedule(town, seed, knob)
        self._bins = {one.code: one for one in town.pack.bins}
        self._sites = {site.code: site for site in town.pack.sites}
        kinds = [f"{self._sites[one.site].kind} {one.container}" for one in town.pack.bins]
        self._group = group_numbers(kinds)
        self._areas = [self._sites[one.site].area for one in town.pack.bins]
        self._model: tuple[FillModel, NDArray[np.float64]] | None = None
        self._travel: Travel | None = None
        pack = town.pack
        self._district = District(
            pack.district.code,
            pack.district.timezone,
            pack.district.traffic_by_hour,
            pack.depots,
            pack.disposal_sites,
            tuple(site for site in pack.sites if site.kind == "tps3r"),
            pack.vehicles,
        )

    def visits(self, view: View) -> Iterable[Visit]:
        """Return what the vehicles do today."""
        day = round((view.at_s - self._start_s) / DAY_S)
        if day < LEARN_DAYS:
            at_s = view.at_s + (_TO_SHIFT_H + SERVICE_H) * _HOUR_S
            due = self._learning.due(day_of(view.at_s)) | self.record.skipped
            return [Visit(row, at_s) for row in sorted(due)]
        morning = self._decide(view, day)
        self.mornings.append(morning)
        numbers = {place.code: row for row, place in enumerate(self._town.places)}
        shift_s = view.at_s + _TO_SHIFT_H * _HOUR_S
        return [
            Visit(numbers[step.code], shift_s + step.begin_s)
            for route in morning.plan.routes
            for step in route.steps
            if step.kind is StepKind.STOP
        ]

    def _decide(self, view: View, day: int) -> Morning:
        forecast = self._forecast(day)
        outlook = Outlook.of(forecast, _TO_SHIFT_H)
        due = self._rounds.due(day_of(view.at_s))
        policies, fixed_areas = self._by_area(forecast.now.age_h <= TRUSTED_AGE_H)
        parameters = self._choice.parameters()
        bins: list[Bin] = []
        for row, area in enumerate(self._areas):
            prospect = self._prospect(view, row, outlook, due=row in due)
            bins += bins_of(policies[area], [prospect], parameters)
        shift = datetime.fromtimestamp(view.at_s + _TO_SHIFT_H * _HOUR_S, UTC)
        problem = self._district.problem(shift, bins)
        if self._travel is None:
            self._travel, _ = self._roads.travel(points_of(problem))
        iterations = self._iterations if self._choice.policy.is_routed else 0
        made = plan(problem, self._travel, Budget(iterations=iterations), self._seed)
        if wrong := check(problem, self._travel, made):
            raise BadPlanError(f"{self._choice.label} on {shift:%Y-%m-%d}: {wrong[0]}")
        return Morning(problem, self._travel, made, fixed_areas)

    def _by_area(self, trusted: NDArray[np.bool_]) -> tuple[dict[str, Policy], int]:
        """Return the policy of each area: where too little is known, its fixed round."""
        policy = self._choice.policy
        bins, known = Counter(self._areas), Counter[str]()
        known.update(area for area, is_known in zip(self._areas, trusted, strict=True) if is_known)
        poor = {area for area in bins if known[area] < TRUSTED_SHARE * bins[area]}
        if policy is Policy.FIXED:
            poor = set()
        return {area: Policy.FIXED if area in poor else policy for area in bins}, len(poor)

    def _forecast(self, day: int) -> Forecast:
        hours = self.record.level_pct.shape[1]
        ahead = HORIZON_H + _TO_SHIFT_H
        first = (int(self._start_s) + WIB_S) // _HOUR_S + day * HOURS_A_DAY - hours
        local = first + np.arange(hours + ahead)
        pad = ((0, 0), (0, ahead))
        history = History(
            tuple(place.code for place in self._town.places),
            self._group,
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

    def _prospect(self, view: View, row: int, outlook: Outlook, *, due: bool) -> Prospect:
        place = self._town.places[row]
        known = self._bins[place.code]
        fill_pct = float(outlook.fill_pct[row])
        load_l, load_kg = load_of(fill_pct, place.volume_l, known.container)
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
            float(view.hours_since[row]) + _TO_SHIFT_H + SERVICE_H,
            due,
            MustReason.SKIPPED if row in self.record.skipped else None,
        )
