"""Sensors that report now, in a world that runs faster than the clock."""

import heapq
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Event as StopEvent

from angkut_sim.days import Calendar
from angkut_sim.dice import Dice
from angkut_sim.fault_plan import FaultPlan
from angkut_sim.fleet import Fleet
from angkut_sim.fleet_file import BrokerAddress, FleetFile
from angkut_sim.labels import write_labels
from angkut_sim.simulation import SavedState, Simulation
from angkut_sim.street import Street

#: How often the state file is written, s.
SAVE_EVERY_S = 5.0
#: How late a stop may be noticed, s.
_TICK_S = 0.2
#: Messages a device keeps while the broker is away.
QUEUE_LIMIT = 200
_CLOSE_WITHIN_S = 5.0
#: Share of the interval by which a report comes early or late.
_JITTER = 0.1


@dataclass(frozen=True, slots=True)
class LiveReport:
    """What was published and acknowledged until the stop."""

    published_readings: int
    published_messages: int
    #: Lost because a device's queue was full.
    dropped_messages: int
    connections: int


def wall_clock() -> datetime:
    """Return the time now, UTC."""
    return datetime.now(UTC)


def live(
    fleet_file: FleetFile,
    broker: BrokerAddress,
    *,
    seed: int,
    state_path: Path,
    stop: StopEvent,
    report_every_s: float = 20.0,
    speed: float = 60.0,
    calendar: Calendar | None = None,
    faults: FaultPlan | None = None,
    labels_path: Path | None = None,
    clock: Callable[[], datetime] = wall_clock,
) -> LiveReport:
    """Report until `stop` is set; then say goodbye, save and return.

    Devices err as `faults` says (by default as on the street) and obey commands. Readings carry
    the time of their device's clock, the real time mostly. The bins fill and are emptied `speed`
    times faster, so that someone who watches sees it happen. Levels, counters and world time
    continue from `state_path`; without that file the world is warmed up first. A broker that is
    away is waited for.

    Parameters
    ----------
    labels_path
        Where to add what was wrong with which device when, at the end.

    Raises
    ------
    StateFileError
        When `state_path` holds something else.
    SimError
        The labels cannot be written.

    """
    began = clock()
    plan = faults or FaultPlan.street()
    simulation = Simulation.continued(
        fleet_file,
        SavedState.load(state_path),
        seed=seed,
        now_s=began.timestamp(),
        calendar=calendar,
        faults=plan,
    )
    began_world_s = simulation.world_s
    schedule = _Schedule(len(simulation.units), report_every_s, Dice.seeded(seed, "schedule"))
    metas = [unit.sensor.meta() for unit in simulation.units]
    with Fleet(fleet_file, metas, broker, queue_limit=QUEUE_LIMIT) as fleet:
        street = Street(simulation, fleet, seed=seed, plan=plan)
        saved_at_s = time.monotonic()
        try:
            while not stop.is_set():
                now = clock()
                # Whole milliseconds: what the wire and the store keep.
                now = now.replace(microsecond=now.microsecond // 1000 * 1000)
                elapsed_s = max(0.0, (now - began).total_seconds())
                simulation.advance(began_world_s + elapsed_s * speed)
                for index in schedule.due(elapsed_s, street.pace):
                    street.report(index, now, report_every_s)
                street.deliver(now.timestamp())
                fleet.run_once(min(_TICK_S, schedule.wait_s(elapsed_s)))
                street.obey(now)
                if time.monotonic() - saved_at_s > SAVE_EVERY_S:
                    simulation.save().save(state_path)
                    saved_at_s = time.monotonic()
            street.deliver(math.inf)
            fleet.close(_CLOSE_WITHIN_S)
        finally:
            simulation.save().save(state_path)
            if labels_path is not None:
                labels = street.labels(began.timestamp(), clock().timestamp())
                write_labels(labels_path, labels, append=True)
        tally = fleet.tally
    return LiveReport(tally.readings, tally.messages, tally.dropped, tally.connections)


class _Schedule:
    """Who reports when: spread over the interval, each time a little early or late."""

    def __init__(self, units: int, every_s: float, dice: Dice) -> None:
        self._every_s = every_s
        self._dice = dice
        self._next = [(dice.uniform(0.0, every_s), index) for index in range(units)]
        heapq.heapify(self._next)

    def due(self, elapsed_s: float, pace: Callable[[int], float]) -> list[int]:
        """Return the units whose time has come, and plan their next report.

        `pace` tells how long a unit sleeps relative to the others.
        """
        due = []
        while self._next[0][0] <= elapsed_s:
            planned_s, index = self._next[0]
            due.append(index)
            gap_s = self._every_s * pace(index) * self._dice.uniform(1.0 - _JITTER, 1.0 + _JITTER)
            # After a pause (a suspended laptop) nobody catches up on what was missed.
            after_s = planned_s + gap_s if planned_s + gap_s > elapsed_s else elapsed_s + gap_s
            heapq.heapreplace(self._next, (after_s, index))
        return due

    def wait_s(self, elapsed_s: float) -> float:
        """Return how long nobody has to report."""
        return max(0.0, self._next[0][0] - elapsed_s)
