"""Weeks of history, published as fast as the broker takes it."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from angkut_broker.codec import encode
from angkut_broker.messages import MAX_BATCH, MAX_PAYLOAD_BYTES, Telemetry
from angkut_broker.topics import Channel
from angkut_sim.days import Calendar
from angkut_sim.dice import Dice
from angkut_sim.errors import SimError
from angkut_sim.fleet import Fleet
from angkut_sim.fleet_file import BrokerAddress, FleetFile
from angkut_sim.policies import Policy
from angkut_sim.simulation import Simulation, Unit
from angkut_sim.stretch import Stretch
from angkut_sim.truth import Truth

#: Readings in one message: five days at half an hour, about 38 kB.
BATCH_READINGS = 240
#: Messages that may wait for their PUBACK; bounds memory (about 5 MB).
_MAX_WAITING = 128
#: Without any PUBACK for this long the backfill gives up.
STALLED_AFTER_S = 60.0
_CLOSE_WITHIN_S = 10.0

OnProgress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class BackfillReport:
    """What was published and acknowledged."""

    published_readings: int
    published_messages: int
    elapsed_s: float
    #: Slots in which a device was silent: not published, on purpose.
    silent_readings: int
    #: Connections accepted; more than there are devices when some broke.
    connections: int


def backfill(
    fleet_file: FleetFile,
    broker: BrokerAddress,
    *,
    start: datetime,
    end: datetime,
    interval_s: int,
    seed: int,
    on_progress: OnProgress,
    state_path: Path | None = None,
    calendar: Calendar | None = None,
    policy: Policy | None = None,
    on_truth: Callable[[Stretch], None] = lambda _truth: None,
) -> BackfillReport:
    """Publish the history from `start` to `end`; return when all of it is acknowledged.

    Each device publishes its own readings in time order through its own session. The same
    arguments publish the same readings, so an interrupted backfill may simply be repeated.

    Parameters
    ----------
    start, end
        Aware; readings lie in [start, end).
    on_progress
        Called often with (readings done, readings in all).
    state_path
        Where to leave the end state, from which `live` continues.
    calendar, policy
        Days on which waste differs, and when trucks come; see `World`.
    on_truth
        Gets each stretch of what was true, one after the other.

    Raises
    ------
    StalledError
        When the broker acknowledges nothing for a minute.

    """
    slots = int((end - start).total_seconds() // interval_s)
    if slots < 1:
        raise SimError(f"nothing to backfill: {start} to {end} holds no interval of {interval_s} s")
    began_s = time.monotonic()
    simulation = Simulation.fresh(
        fleet_file, seed=seed, at_s=start.timestamp(), calendar=calendar, policy=policy
    )
    total = slots * len(simulation.units)
    silent = 0
    metas = [unit.sensor.meta() for unit in simulation.units]
    with Fleet(fleet_file, metas, broker) as fleet:
        patience = fleet.patience(STALLED_AFTER_S)

        def progress() -> None:
            on_progress(fleet.tally.readings + silent, total)

        progress()
        for chunk in _chunks(slots):
            truth = simulation.advance(start.timestamp() + chunk.stop * interval_s)
            on_truth(truth)
            for unit in simulation.units:
                readings = _measure(unit, chunk, start, interval_s, seed, truth)
                silent += len(chunk) - len(readings)
                session = fleet.sessions[unit.device.id]
                for payload, size in payloads(readings):
                    session.send(Channel.TELEMETRY, payload, readings=size)
                fleet.run_once(0)
                progress()
                while fleet.unacknowledged > _MAX_WAITING:
                    fleet.run_once(0.1)
                    progress()
                    patience()
        fleet.drain(stalled_after_s=STALLED_AFTER_S, on_progress=progress)
        tally = fleet.tally
        messages, readings_sent = tally.messages, tally.readings
        fleet.close(_CLOSE_WITHIN_S)
    if state_path is not None:
        simulation.advance(end.timestamp())
        simulation.save().save(state_path)
    return BackfillReport(
        published_readings=readings_sent,
        published_messages=messages,
        elapsed_s=time.monotonic() - began_s,
        silent_readings=silent,
        connections=tally.connections,
    )


def payloads(readings: list[Telemetry]) -> Iterator[tuple[bytes, int]]:
    """Yield the batches of these readings with their sizes, each within the contract's limits."""
    if not readings:
        return
    payload = encode(readings)
    if len(payload) <= MAX_PAYLOAD_BYTES and len(readings) <= MAX_BATCH:
        yield payload, len(readings)
        return
    half = len(readings) // 2
    yield from payloads(readings[:half])
    yield from payloads(readings[half:])


def _chunks(slots: int) -> Iterator[range]:
    for first in range(0, slots, BATCH_READINGS):
        yield range(first, min(first + BATCH_READINGS, slots))


def _measure(
    unit: Unit, chunk: range, start: datetime, interval_s: int, seed: int, truth: Truth
) -> list[Telemetry]:
    """Return the readings of these slots; devices do not all report on the hour."""
    offset_s = int(Dice.seeded(seed, unit.device.id, "offset").uniform(0, interval_s))
    start_s = int(start.timestamp()) + offset_s
    readings = []
    for slot in chunk:
        now_s = start_s + slot * interval_s
        surface = truth.surface(unit.device.bin_code, now_s)
        reading = unit.sensor.reading(datetime.fromtimestamp(now_s, UTC), surface)
        if reading is not None:
            readings.append(reading)
    return readings
