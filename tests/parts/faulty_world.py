"""A simulated world whose sensors err in known ways, to see what the rules find of it."""

import math
import random
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import median

from angkut_backend.quality.judgement import Reading
from angkut_backend.quality.rules import CODE_MM, LEVEL_RANGE_PCT, Flag
from angkut_sim.device import Sensor
from angkut_sim.fault_plan import FaultPlan
from angkut_sim.fleet_file import FleetDevice
from angkut_sim.places import Place
from angkut_sim.stretch import Stretch
from angkut_sim.truth import TruthKind
from angkut_sim.world import World

START = datetime(2026, 3, 1, tzinfo=UTC)
DAY_S = 86_400
EMPTY_MM, FULL_MM = 1000, 150
#: Share of readings that jump to the bottom or the full line; of sensors that stick for a time.
JUMP_SHARE = 0.01
STUCK_SHARE = 0.2
#: All other errors are made here, where they are known.
_FAULTS = FaultPlan.none().with_rates({"stray_echo": 0.02, "dropout": 0.1})


@dataclass
class Slot:
    """What was true when a reading was made."""

    level_pct: float
    emptied: int
    stuck: bool


@dataclass
class History:
    """One bin's readings and the truth beside them."""

    readings: list[Reading] = field(default_factory=list)
    slots: list[Slot] = field(default_factory=list)

    def falls(self, at_least_pct: float) -> Iterator[tuple[datetime, datetime]]:
        """Yield between which readings the bin was really emptied by so much."""
        for (reading, slot), (after, now) in pairwise(zip(self.readings, self.slots, strict=True)):
            if now.emptied > slot.emptied and slot.level_pct - now.level_pct >= at_least_pct:
                yield reading.observed_at, after.observed_at


def histories(seed: int, *, bins: int, days: int, every: timedelta) -> Iterator[History]:
    """Let bins fill, be emptied and measured; a sensor's errors follow the seed."""
    places = [Place(f"B-{number}", 660.0) for number in range(bins)]
    world = World(places, seed=seed, start_s=START.timestamp())
    truth = world.advance((START + timedelta(days=days)).timestamp())
    for number in range(bins):
        rng = random.Random(seed * 1000 + number)  # noqa: S311 - a simulation
        yield _history(seed, number, rng, truth, days, every)


def _history(
    seed: int, number: int, rng: random.Random, truth: Stretch, days: int, every: timedelta
) -> History:
    device = FleetDevice(
        id=f"02{number:014x}",
        password="simulated",
        bin_code=f"B-{number}",
        volume_l=660,
        d_empty_mm=EMPTY_MM,
        d_full_mm=FULL_MM,
        interval_s=int(every.total_seconds()),
    )
    code = device.bin_code
    # An emptying shows at the end of the world's step.
    emptied_s = [
        math.ceil(each.at_s / truth.step_s) * truth.step_s
        for each in truth.events(code)
        if each.kind is TruthKind.COLLECTED
    ]
    sensor = Sensor(seed, device, START.timestamp(), _FAULTS)
    begins = rng.uniform(0, days - 5) * DAY_S if rng.random() < STUCK_SHARE else None
    until = (begins or 0) + rng.uniform(1.2, 4) * DAY_S
    held: int | None = None
    history = History()
    for n in range(int(days * DAY_S / every.total_seconds())):
        at = START + n * every
        level = truth.level(code, at.timestamp())
        report = sensor.reading(at, level)
        if report is None:
            continue
        echoes = list(report.d_mm or ())
        if echoes and rng.random() < JUMP_SHARE:
            echoes = [rng.choice([EMPTY_MM + 30, FULL_MM - 20])] * len(echoes)
        stuck = begins is not None and begins <= (at - START).total_seconds() < until
        if stuck:
            held = held or rng.choice([400, 700])
            echoes = [held]
        history.slots.append(Slot(level, bisect_right(emptied_s, at.timestamp()), stuck))
        history.readings.append(_reading(at, report.seq, echoes))
    return history


def _reading(at: datetime, seq: int, echoes: list[int]) -> Reading:
    distance = float(median(echoes)) if echoes else None
    level, flags = None, Flag.NO_ECHO
    if distance is not None:
        level = 100 * (EMPTY_MM - distance) / (EMPTY_MM - FULL_MM)
        flags = Flag(0)
        if distance <= CODE_MM or not LEVEL_RANGE_PCT[0] <= level <= LEVEL_RANGE_PCT[1]:
            level, flags = None, Flag.OUT_OF_RANGE
    return Reading(
        1, at, at, seq, echoes, distance, None, 3600, None, 1,
        None if level is None else max(level, 0.0), int(flags),
    )  # fmt: skip
