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
from angkut_broker.codec import encode
from angkut_sim.days import Calendar
from angkut_sim.fault_plan import FaultPlan
from angkut_sim.fleet_file import FleetDevice
from angkut_sim.places import Place, PlaceKind
from angkut_sim.recording import Delivery, record
from angkut_sim.stretch import Stretch
from angkut_sim.truth import Surface, TruthKind
from angkut_sim.world import World

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

HOUR = timedelta(hours=1)
#: Days before the first forecast.
FIRST_DAY = 15
INTERVAL_S = 1800
#: Kind of the registry's site, container, litres and depth, mm, by what throws into a bin.
_STANDS = {
    PlaceKind.HOUSING: ("tps3r", "wheelie_240", 240, 950),
    PlaceKind.STREET: ("street", "wheelie_120", 120, 850),
    PlaceKind.MARKET: ("market", "wheelie_660", 660, 1050),
    PlaceKind.OFFICE: ("public", "wheelie_660", 660, 1050),
    PlaceKind.TPS: ("tps", "arm_roll_6m3", 6000, 1600),
}
_KINDS = tuple(_STANDS)
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
    devices = _fleet(bins)
    nth = np.arange(bins) // 2 // len(_KINDS) % 6
    has_sensor, is_reported = nth < 4, nth == 4
    _register(conn, devices, has_sensor)
    start_s, end_s = start.timestamp(), (start + timedelta(days=days)).timestamp()
    sites = [
        Place(code=each.bin_code, volume_l=each.volume_l, kind=each.kind, site=each.site)
        for each in devices
    ]
    world = World(sites, seed=seed, start_s=start_s - 7 * 86_400, calendar=Calendar.read(_CALENDAR))
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
        #: When, which bin, and how full it was, %.
        self.emptied = [
            (event.at_s, codes[event.bin_code], event.before_pct)
            for one in stretches
            for event in one.happened
            if event.kind is TruthKind.COLLECTED
        ]

    def surface(self, code: str, at_s: float) -> Surface:
        """Return what a sensor in the bin has below it."""
        one = next((one for one in self._stretches if at_s < one.span_s[1]), self._stretches[-1])
        return one.surface(code, min(max(at_s, one.span_s[0]), one.span_s[1] - 1))

    def after(self, at_s: float) -> tuple[Floats, Mask]:
        """Return levels 0 to 72 hours later, and which bins nobody emptied until then, [b, h]."""
        first = int((at_s - self._start_s) // self._step_s)
        rows = first + np.arange(HORIZON_H + 1) * 3600 // self._step_s
        level = self._level_pct[rows].T
        emptied_h = np.full(len(level), np.inf)
        for event_s, row, _ in self.emptied:
            if event_s >= at_s:
                emptied_h[row] = min(emptied_h[row], (event_s - at_s) / 3600)
        return level, np.arange(HORIZON_H + 1)[None, :] < emptied_h[:, None]


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
        for at_s, row, pct in lived.emptied
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
    level, alone = lived.after(now.timestamp())
    return Told(
        now,
        np.stack([forecast.quantile_pct(share) for share in QUANTILES]),
        forecast.overflow_probability(),
        forecast.overflow_hours(),
        forecast.hours_to_full(),
        forecast.now.age_h,
        naive(history, made.loaded.now_h),
        level,
        alone,
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
            at = datetime.fromtimestamp(delivery.at_s, UTC)
            topic = f"angkut/v1/bekasi/327501/bin/{delivery.device_id}/telemetry"
            body = delivery.readings if len(delivery.readings) > 1 else delivery.readings[0]
            waiting.append(Received(0, number, topic, encode(body), at))
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


def _fleet(bins: int) -> list[FleetDevice]:
    """Return devices whose bins stand side by side in twos, kind by kind."""
    fleet = []
    for number in range(bins):
        corner = number // 2
        kind = _KINDS[corner % len(_KINDS)]
        _, _, volume_l, depth_mm = _STANDS[kind]
        fleet.append(
            FleetDevice(
                id=f"bench-{number:05d}",
                password="simulated",
                bin_code=f"BENCH-{number:05d}",
                volume_l=volume_l,
                d_empty_mm=depth_mm + 150,
                d_full_mm=150,
                interval_s=INTERVAL_S,
                lon=107.0 + 0.003 * corner,
                lat=-6.25 + 0.00001 * (number % 2),
                kind=kind,
                site=f"S{corner}",
                lidded=kind is not PlaceKind.TPS,
            )
        )
    return fleet


def _register(conn: Connection, fleet: Sequence[FleetDevice], has_sensor: Mask) -> None:
    stands = [_STANDS[each.kind] for each in fleet]
    rows = {
        "id": [each.id for each in fleet],
        "code": [each.bin_code for each in fleet],
        "site": [each.site for each in fleet],
        "kind": [kind for kind, *_ in stands],
        "container": [container for _, container, *_ in stands],
        "volume_l": [int(each.volume_l) for each in fleet],
        "empty_mm": [each.d_empty_mm for each in fleet],
        "lon": [each.lon for each in fleet],
        "lat": [each.lat for each in fleet],
        "mounted": has_sensor.tolist(),
    }
    conn.execute(_REGISTRY, rows)
    with _CALENDAR.open(encoding="utf-8", newline="") as file:
        known = [(row["day"], row["kind"], row["name"]) for row in csv.DictReader(file)]
    with conn.cursor() as cursor:
        cursor.executemany(_CALENDAR_DAY, known)
    conn.commit()


_CALENDAR_DAY = """
INSERT INTO calendar_day (district_id, day, kind, name, source)
SELECT district_id, %s, %s, %s, 'bench' FROM district ON CONFLICT DO NOTHING
"""
_REGISTRY = """
WITH u AS (
    SELECT * FROM unnest(
        %(id)s::text[], %(code)s::text[], %(site)s::text[], %(kind)s::text[],
        %(container)s::text[], %(volume_l)s::int[], %(empty_mm)s::int[], %(lon)s::float8[],
        %(lat)s::float8[], %(mounted)s::bool[])
        AS u (id, code, site, kind, container, volume_l, empty_mm, lon, lat, mounted)
), d AS (
    INSERT INTO district (code, city_slug, city_name, name, boundary, timezone, source)
    VALUES ('32.75.01', 'bekasi', 'Kota Bekasi', 'Bekasi Timur', '{}', 'Asia/Jakarta', 'bench')
    RETURNING district_id
), a AS (
    INSERT INTO area (district_id, code, name, common_name, boundary, source)
    SELECT district_id, '32.75.01.1001', 'Bekasijaya', 'Bekasi Jaya', '{}', 'bench' FROM d
    RETURNING area_id
), s AS (
    INSERT INTO site (area_id, code, name, kind, lon, lat, source)
    SELECT area_id, site, site, kind, min(lon), min(lat), 'bench' FROM a, u
    GROUP BY area_id, site, kind
    RETURNING site_id, code
), b AS (
    INSERT INTO bin (code, site_id, container, volume_l, access, service_s, lon, lat, source)
    SELECT u.code, s.site_id, u.container, u.volume_l, 'road', 120, u.lon, u.lat, 'bench'
    FROM u JOIN s ON s.code = u.site ORDER BY u.code
    RETURNING bin_id, code
), v AS (
    INSERT INTO device (external_id, district_id, secret_pbkdf2_sha512, secret_bcrypt)
    SELECT u.id, d.district_id, 'x', 'x' FROM u, d WHERE u.mounted
    RETURNING device_id, external_id
)
INSERT INTO mounting (bin_id, device_id, valid_from, d_empty_mm, d_full_mm)
SELECT b.bin_id, v.device_id, '2020-01-01', u.empty_mm, 150
FROM u JOIN b USING (code) JOIN v ON v.external_id = u.id
"""
