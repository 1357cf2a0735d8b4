"""Forecasts as they would have been issued in a simulated town, with its truth beside them.

The town has all faults on. Its messages go through the code that runs in life: decoded, stored,
judged, emptyings found, rolled up, on a real database; forecasts are made at their own time from
what had arrived by then. So late readings are late, and nothing is known beforehand.
"""

import csv
import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from angkut_backend.db import Connection
from angkut_backend.device_health.service import check_devices
from angkut_backend.device_health.swap_search import search_swaps
from angkut_backend.forecast.backtest import naive
from angkut_backend.forecast.loading import districts
from angkut_backend.forecast.predict import HORIZON_H, QUANTILES
from angkut_backend.forecast.service import current, learn_due
from angkut_backend.ingest.batch import Batch, Received
from angkut_backend.ingest.store import store
from angkut_backend.quality.service import judge_new_readings
from angkut_backend.readings.maintenance import refresh
from angkut_sim.days import Calendar
from angkut_sim.fault_plan import FaultPlan
from angkut_sim.fleet_file import FleetDevice
from angkut_sim.places import PlaceKind
from angkut_sim.recording import Delivery, record
from angkut_sim.stretch import Stretch
from angkut_sim.truth import Surface, TruthKind
from angkut_sim.world import World
from bench import town
from bench.town import Stand

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

HOUR = timedelta(hours=1)
#: Days before the first forecast.
FIRST_DAY = 15
_STANDS = (
    Stand(PlaceKind.HOUSING, "tps3r", "wheelie_240", 240, 950),
    Stand(PlaceKind.STREET, "street", "wheelie_120", 120, 850),
    Stand(PlaceKind.MARKET, "market", "wheelie_660", 660, 1050),
    Stand(PlaceKind.OFFICE, "public", "wheelie_660", 660, 1050),
    Stand(PlaceKind.TPS, "tps", "arm_roll_6m3", 6000, 1600),
)
_CALENDAR = Path(__file__).parents[2] / "infra/sites/bekasi-timur/calendar.csv"


@dataclass(frozen=True, slots=True)
class Told:
    """What was said of b bins at the end of one hour, and what came; h runs from 0 to 72."""

    at: datetime
    #: [q, b, h] over `QUANTILES`, %.
    level_pct: Floats
    overflow_probability: Floats
    overflow_h: Floats
    to_full_h: Floats
    #: Of the newest trusted level, h; infinite: none. [b]
    age_h: Floats
    #: Naive forecasts by their names, % [b, h].
    naive: Mapping[str, Floats]
    #: The truth at these times, %, and where nobody emptied the bin in between, [b, h].
    truth_pct: Floats
    alone: Mask
    #: What the truth had been if nobody had emptied it, %, [b, h].
    left_pct: Floats


@dataclass(frozen=True, slots=True)
class Bins:
    """The bins, in the order of the arrays."""

    kinds: Sequence[str]
    has_sensor: Mask
    #: Without a sensor, but crews report each emptying and how full they found the bin.
    is_reported: Mask


def live(
    conn: Connection, *, seed: int, bins: int, days: int, start: datetime, every_h: int
) -> tuple[Bins, list[Told]]:
    """Let a town live; return what was told every so many hours from `FIRST_DAY` on.

    A third of the bins has no sensor; crews report the emptyings of half of these.
    """
    devices = town.fleet(bins, _STANDS)
    nth = np.arange(bins) // 2 // len(_STANDS) % 6
    has_sensor, is_reported = nth < 4, nth == 4
    town.register(conn, devices, _STANDS, has_sensor.tolist())
    _add_calendar(conn)
    start_s, end_s = start.timestamp(), (start + timedelta(days=days)).timestamp()
    calendar = Calendar.read(_CALENDAR)
    places = town.sites(devices)
    world = World(places, seed=seed, start_s=start_s - 7 * 86_400, calendar=calendar)
    world.advance(start_s)
    lived = _Lived([world.advance(start_s + (day + 1) * 86_400) for day in range(days + 4)])
    fleet = [each for each, there in zip(devices, has_sensor, strict=True) if there]
    recordings = record(
        fleet, lived.surface, plan=FaultPlan.street(), seed=seed, start_s=start_s, end_s=end_s
    )
    deliveries = heapq.merge(
        *[recording.deliveries for recording in recordings], key=lambda delivery: delivery.at_s
    )
    told = []
    for now in _moments(conn, deliveries, start, timedelta(days=days), every_h * HOUR):
        _report(conn, lived, devices, is_reported, now - every_h * HOUR, now)
        if now >= start + timedelta(days=FIRST_DAY):
            told.append(_told(conn, now, lived))
    return Bins([each.kind.value for each in devices], has_sensor, is_reported), told


class _Lived:
    """A town's truth, asked in any order."""

    def __init__(self, stretches: Sequence[Stretch]) -> None:
        self._stretches = stretches
        # A stretch begins with the last row of the one before.
        rows = [np.asarray(one.level_pct[1:], float) for one in stretches]
        self._level_pct = np.concatenate([stretches[0].level_pct[:1], *rows])
        self._start_s, self._step_s = stretches[0].start_s, stretches[0].step_s
        codes = {code: row for row, code in enumerate(stretches[0].codes)}
        #: When, which bin, and how full it was before and after, %.
        self.emptied = [
            (event.at_s, codes[event.bin_code], event.before_pct, event.after_pct)
            for one in stretches
            for event in one.happened
            if event.kind is TruthKind.COLLECTED
        ]

    def surface(self, code: str, at_s: float) -> Surface:
        """Return what a sensor in the bin has below it."""
        return town.surface(self._stretches, code, at_s)

    def after(self, at_s: float) -> tuple[Floats, Mask, Floats]:
        """Return what came 0 to 72 hours later, [b, h].

        Levels, which bins nobody had emptied until then, and levels if nobody ever had.
        """
        first = int((at_s - self._start_s) // self._step_s)
        rows = first + np.arange(HORIZON_H + 1) * 3600 // self._step_s
        level = self._level_pct[rows].T
        taken, hours = np.zeros_like(level), np.arange(HORIZON_H + 1)
        alone = np.ones(level.shape, dtype=bool)
        for event_s, row, before_pct, after_pct in self.emptied:
            if event_s >= at_s:
                later = hours >= (event_s - at_s) / 3600
                taken[row, later] += before_pct - after_pct
                alone[row, later] = False
        return level, alone, level + taken


def _report(
    conn: Connection,
    lived: _Lived,
    devices: Sequence[FleetDevice],
    is_reported: Mask,
    since: datetime,
    until: datetime,
) -> None:
    """Let crews report the emptyings of a time; they see how full a bin is in quarters."""
    rows = [
        (datetime.fromtimestamp(at_s, UTC), 25 * round(pct / 25), devices[row].bin_code)
        for at_s, row, pct, _ in lived.emptied
        if is_reported[row] and since.timestamp() <= at_s < until.timestamp()
    ]
    with conn.cursor() as cursor:
        cursor.executemany(_CREW_REPORT, rows)
    conn.commit()


_CREW_REPORT = """
INSERT INTO collection (bin_id, source, before_at, after_at, before_pct, confidence)
SELECT bin_id, 'crew', at, at, pct, 0.9
FROM bin, (VALUES (%s::timestamptz, %s::real)) AS v (at, pct) WHERE code = %s
"""


def _told(conn: Connection, now: datetime, lived: _Lived) -> Told:
    """Forecast as the worker would in the last minutes of an hour."""
    asked = now - timedelta(minutes=1)
    while refresh(conn, None, asked):
        pass
    while learn_due(conn, asked):
        pass
    [district] = districts(conn)
    made = current(conn, district, asked)
    conn.commit()
    forecast, history = made.forecast, made.loaded.history
    return Told(
        now,
        np.stack([forecast.quantile_pct(share) for share in QUANTILES]),
        forecast.overflow_probability(),
        forecast.overflow_hours(),
        forecast.hours_to_full(),
        forecast.now.age_h,
        naive(history, made.loaded.now_h),
        *lived.after(now.timestamp()),
    )


def _moments(
    conn: Connection,
    deliveries: Iterator[Delivery],
    start: datetime,
    span: timedelta,
    step: timedelta,
) -> Iterator[datetime]:
    """Let messages arrive and jobs run; give every so often the time, when all is there."""
    number = 0
    delivery = next(deliveries, None)
    for turn in range(1, span // step + 1):
        now = start + turn * step
        waiting: list[Received] = []
        while delivery is not None and delivery.at_s < now.timestamp():
            waiting.append(town.received(delivery, number))
            number += 1
            delivery = next(deliveries, None)
        for first in range(0, len(waiting), 500):
            store(conn, Batch.of(waiting[first : first + 500]))
            conn.commit()
        jobs = [judge_new_readings, check_devices]
        if (now - start) % timedelta(days=1) < step:  # it looks at twelve days each time
            jobs.append(search_swaps)
        for job in jobs:
            while job(conn, now):
                conn.commit()
            conn.commit()
        yield now


def _add_calendar(conn: Connection) -> None:
    with _CALENDAR.open(encoding="utf-8", newline="") as file:
        known = [(row["day"], row["kind"], row["name"]) for row in csv.DictReader(file)]
    with conn.cursor() as cursor:
        cursor.executemany(_CALENDAR_DAY, known)
    conn.commit()


_CALENDAR_DAY = """
INSERT INTO calendar_day (district_id, day, kind, name, source)
SELECT district_id, %s, %s, %s, 'bench' FROM district ON CONFLICT DO NOTHING
"""
