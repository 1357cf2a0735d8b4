"""The simulator's figures beside those of real bins.

The real ones were computed from public records: Edinburgh (335 litter bins with Enevo sensors,
2016, 10,000 emptyings, OGL v3), Philadelphia (968 Bigbelly bins, 2014), Ankara (76 service points,
66,725 visits, 2019 to 2021), Wyndham (31 Bigbelly bins, 2018 to 2021, CC BY 4.0). Ours are the bins
of Bekasi Timur over the same 67 days of the year as Edinburgh's, emptied as there: when the sensor
says so, by crews that start early in the morning and late in the evening.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import numpy as np

from angkut_backend.registry.site.pack import read_pack
from angkut_infra.places import places_of
from angkut_infra.sites import find_site
from angkut_sim.days import DAY_S, day_number, day_start_s
from angkut_sim.fault_plan import FaultPlan
from angkut_sim.faults import Fault
from angkut_sim.fleet_file import FleetDevice
from angkut_sim.makes import MAKES
from angkut_sim.places import Place
from angkut_sim.policies import Threshold
from angkut_sim.recording import Recording, record
from angkut_sim.stretch import Stretch
from angkut_sim.truth import TruthEvent
from angkut_sim.world import World
from parts.world_statistics import (
    Floats,
    collections,
    hour_block,
    interval_cv,
    intervals,
    mean_rate,
    shape,
    sigma_ln,
    weekday,
)

START_S = day_start_s(day_number(date(2026, 6, 3)))
DAYS = 67
END_S = START_S + DAYS * DAY_S
CREWS_AS_IN_EDINBURGH = Threshold(at_pct=71.0, along_pct=35.0, shift=(7, 8, 9, 22, 23, 0, 1))
EMPTY_MM, FULL_MM = 1100, 150
#: A reading this far from the truth is a spike.
_SPIKE_PCT = 15.0
#: An emptying is seen when readings of so many seconds before and after have arrived.
_SEEN_S = 6 * 3600.0
_WEEK_H = 168.0

#: Mean of Edinburgh, Philadelphia and Ankara, and the lowest and highest of the three.
HOURS = (
    (0.82, 0.81, 0.83), (0.78, 0.67, 0.88), (0.87, 0.75, 1.03), (1.06, 0.98, 1.20),
    (1.21, 1.17, 1.23), (1.20, 1.09, 1.28), (1.09, 0.92, 1.21), (0.96, 0.83, 1.07),
)  # fmt: skip
WEEKDAYS = (
    (1.06, 0.96, 1.19), (0.93, 0.86, 0.97), (0.94, 0.90, 1.01), (0.97, 0.89, 1.05),
    (1.00, 0.88, 1.11), (1.03, 0.96, 1.14), (1.07, 0.93, 1.31),
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One figure: theirs, ours, and between what ours must lie."""

    what: str
    source: str
    theirs: float
    ours: float
    low: float
    high: float

    @property
    def holds(self) -> bool:
        return self.low <= self.ours <= self.high

    def __str__(self) -> str:
        mark = "" if self.holds else "  <-- outside"
        bounds = f"{self.low:7.2f} ..{self.high:7.2f}"
        return f"{self.what:<46}{self.source:<18}{self.theirs:9.2f}{self.ours:9.2f}  {bounds}{mark}"


HEADER = f"{'figure':<46}{'theirs from':<18}{'theirs':>9}{'ours':>9}  ours must lie in"


def table(seed: int, *, devices: int = 80) -> list[Row]:
    """Simulate and return all rows."""
    folder = find_site("bekasi-timur")
    places = places_of(read_pack(folder), folder)
    world = World(places, seed=seed, start_s=START_S, policy=CREWS_AS_IN_EDINBURGH)
    truth = world.advance(END_S)
    emptyings = [collections(truth, code) for code in truth.codes]
    # Spread over all kinds of places, so not simply the first ones.
    measured = places[:: max(1, len(places) // devices)]
    records = list(
        record(
            [_device(number, place) for number, place in enumerate(measured)],
            truth.surface,
            plan=FaultPlan.street(),
            seed=seed,
            start_s=START_S,
            end_s=END_S,
        )
    )
    bins = intervals(emptyings)
    return [
        *_rates(np.array([mean_rate(each) for each in bins]), interval_cv(bins)),
        *_shapes(shape(bins, hour_block, 8), shape(bins, weekday, 7)),
        *_gaps(np.array([i.hours for each in bins for i in each])),
        *_fills([each for bin_emptyings in emptyings for each in bin_emptyings]),
        *_silences(truth, measured, records),
        *_faults(truth, measured, records),
    ]


def _device(number: int, place: Place) -> FleetDevice:
    return FleetDevice(
        id=f"sim-{number:04d}",
        password="simulated",
        bin_code=place.code,
        volume_l=place.volume_l,
        d_empty_mm=EMPTY_MM,
        d_full_mm=FULL_MM,
        interval_s=3600,
    )


def _near(what: str, source: str, theirs: float, ours: float, share: float) -> Row:
    return Row(what, source, theirs, float(ours), theirs * (1 - share), theirs * (1 + share))


def _rates(rates: Floats, cv: Floats) -> Iterator[Row]:
    for percent, theirs in ((5, 0.60), (50, 1.46), (95, 3.06)):
        name = f"fill rate of a bin, % an hour, P{percent}"
        yield _near(name, "Edinburgh", theirs, np.percentile(rates, percent), 0.15)
    yield _near("  sigma of its logarithm", "Edinburgh", 0.52, sigma_ln(rates), 0.15)
    for percent, theirs in ((25, 0.35), (50, 0.46), (75, 0.66)):
        name = f"variation between emptyings (CV), P{percent}"
        yield _near(name, "Edinburgh", theirs, np.percentile(cv, percent), 0.2)


def _shapes(hours: Floats, weekdays: Floats) -> Iterator[Row]:
    # Their cities differ by much: ours may lie a tenth outside of their range.
    for block, (mean, low, high) in enumerate(HOURS):
        name = f"rate at {3 * block:02d} to {3 * block + 3:02d} h over the mean"
        yield Row(name, "mean of three", mean, float(hours[block]), low - 0.1, high + 0.1)
    names = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    for name, (mean, low, high), ours in zip(names, WEEKDAYS, weekdays, strict=True):
        yield Row(f"rate on {name}", "mean of three", mean, float(ours), low - 0.05, high + 0.05)


def _gaps(hours: Floats) -> Iterator[Row]:
    for percent, theirs in ((5, 12.7), (25, 24.1), (50, 40.8), (75, 60.4), (95, 121.5), (99, 215)):
        name = f"hours between emptyings, P{percent}"
        yield _near(name, "Edinburgh", theirs, np.percentile(hours, percent), 0.35)


def _fills(emptyings: Sequence[TruthEvent]) -> Iterator[Row]:
    fills = np.array([each.before_pct for each in emptyings])
    yield _near("fill when emptied, mean", "Edinburgh", 76.9, np.clip(fills, 0, 100).mean(), 0.08)
    yield _near("fill when emptied, median", "Edinburgh", 81.0, np.median(fills), 0.1)
    for level, theirs, low, high in ((50, 13.1, 6, 22), (40, 5.9, 1.5, 12)):
        ours = 100 * float((fills < level).mean())
        yield Row(f"  below {level} %, % of emptyings", "Edinburgh", theirs, ours, low, high)
    at_cap = 100 * float((fills >= 100).mean())
    yield Row("  full, % of emptyings", "Edinburgh", 14.1, at_cap, 8, 25)
    complete = 100 * float(np.mean([each.share_left == 0 for each in emptyings]))
    yield Row("emptied to the ground, % of emptyings", "Wyndham", 95.3, complete, 94, 97)


def _silences(
    truth: Stretch, places: Sequence[Place], records: Sequence[Recording]
) -> Iterator[Row]:
    """What a server sees: an emptying while a sensor is silent is not seen."""
    gaps = []
    for place, recording in zip(places, records, strict=True):
        arrived = [delivery.at_s for delivery in recording.deliveries]
        seen = [c.at_s for c in collections(truth, place.code) if _is_seen(c.at_s, arrived)]
        gaps.append([(b - a) / 3600 for a, b in pairwise(seen)])
    long = [hours > _WEEK_H for each in gaps for hours in each]
    name = "seen emptyings over 7 days apart, % of gaps"
    yield Row(name, "Edinburgh", 2.1, 100 * float(np.mean(long)), 0.5, 4)
    bins = 100 * float(np.mean([any(hours > _WEEK_H for hours in each) for each in gaps]))
    yield Row("  bins with one, %", "Edinburgh", 31, bins, 12, 45)
    heard = [
        len({int(d.at_s - START_S) // 3600 for d in recording.deliveries}) for recording in records
    ]
    missing = 100 - 100 * float(np.mean(heard)) / (DAYS * 24)
    yield Row("hours without a report, %", "Melbourne", 12.9, missing, 5, 16)


def _is_seen(at_s: float, arrived: Sequence[float]) -> bool:
    after = bisect_left(arrived, at_s)
    return (
        0 < after < len(arrived)
        and at_s - arrived[after - 1] < _SEEN_S
        and arrived[after] - at_s < _SEEN_S
    )


def _faults(truth: Stretch, places: Sequence[Place], records: Sequence[Recording]) -> Iterator[Row]:
    """Figures of practice, given as a range: ours must lie in it."""
    off = readings = copies = faulty_days = 0
    for place, recording in zip(places, records, strict=True):
        stuck = _spans(recording, _HELD)
        unfit = stuck + _spans(recording, _ELSEWHERE)
        faulty_days += len(
            {day for a, b in stuck for day in range(int(a // DAY_S), int(b // DAY_S) + 1)}
        )
        seen = set()
        for reading in (one for delivery in recording.deliveries for one in delivery.readings):
            readings += 1
            key = (reading.t, reading.seq)
            copies += key in seen
            seen.add(key)
            at_s = reading.t.timestamp()
            if not reading.d_mm or not START_S <= at_s < END_S or _within(at_s, unfit):
                continue
            middle = sorted(reading.d_mm)[len(reading.d_mm) // 2]
            if middle in _NO_ECHO_MM:
                continue
            level = 100 * (EMPTY_MM - middle) / (EMPTY_MM - FULL_MM)
            off += abs(level - truth.level(place.code, at_s)) > _SPIKE_PCT
    yield Row("readings off by 15 points, %", "practice", 1.25, 100 * off / readings, 0.5, 2.5)
    yield Row("delivered twice, %", "Philadelphia", 5.2, 100 * copies / readings, 0.5, 6)
    stuck_days = 100 * faulty_days / (len(records) * DAYS)
    yield Row("bin-days with a sensor that is held, %", "Wyndham", 4.2, stuck_days, 1.5, 7)


#: Sensors that say one value for a time; readings of another bin or another time.
_HELD = {Fault.STUCK, Fault.FILM}
_ELSEWHERE = {
    Fault.SWAPPED, Fault.CLOCK_DRIFT, Fault.CLOCK_JUMP, Fault.CLOCK_ZONE, Fault.CLOCK_LOST,
}  # fmt: skip
#: Codes of makes for no echo.
_NO_ECHO_MM = {make.no_echo_mm for make in MAKES}


def _spans(recording: Recording, faults: set[Fault]) -> list[tuple[float, float]]:
    return [(each.from_s, each.to_s) for each in recording.labels if each.fault in faults]


def _within(at_s: float, spans: Sequence[tuple[float, float]]) -> bool:
    return any(first <= at_s <= last for first, last in spans)
