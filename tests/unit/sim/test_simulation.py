from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from angkut_broker.codec import decode
from angkut_broker.messages import MAX_PAYLOAD_BYTES, Telemetry
from angkut_broker.topics import Channel
from angkut_sim.backfill import payloads
from angkut_sim.errors import StateFileError
from angkut_sim.fault_plan import FaultPlan
from angkut_sim.simulation import SavedState, Simulation
from parts.sim import fleet_of, topic_of

START = datetime(2026, 1, 12, tzinfo=UTC)
START_S = START.timestamp()
FLEET = fleet_of(4)


def run(simulation: Simulation, first: int, steps: int) -> list[Telemetry | None]:
    taken: list[Telemetry | None] = []
    for step in range(first, first + steps):
        now = START + step * timedelta(minutes=30)
        simulation.advance(now.timestamp())
        taken += [
            unit.sensor.reading(now, simulation.surface(unit.device.bin_code))
            for unit in simulation.units
        ]
    return taken


def test_a_restart_from_the_file_continues_the_same_sequence(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    through = Simulation.fresh(FLEET, seed=1, at_s=START_S)
    run(through, 0, 200)
    through.save().save(path)
    expected = run(through, 200, 200)

    again = Simulation.continued(
        FLEET, SavedState.load(path), seed=1, now_s=through.world_s + 3_000_000
    )
    assert run(again, 200, 200) == expected


def test_without_a_file_there_is_no_state(tmp_path: Path) -> None:
    assert SavedState.load(tmp_path / "state.json") is None


def test_without_a_state_the_world_is_warmed_up() -> None:
    simulation = Simulation.continued(fleet_of(40), None, seed=1, now_s=START_S)
    assert simulation.world_s == START_S
    assert (simulation.world.emptied > 0).sum() > 35


def test_a_device_that_joins_later_starts_anew_among_the_others() -> None:
    old = Simulation.fresh(FLEET, seed=1, at_s=START_S)
    run(old, 0, 100)
    new = Simulation.continued(fleet_of(5), old.save(), seed=1, now_s=START_S + 9e6)
    assert new.world.waste.level_pct.tolist()[:4] == old.world.waste.level_pct.tolist()
    assert new.world.emptied[4] > 0
    assert new.world_s == old.world_s


def test_time_goes_forward_only() -> None:
    simulation = Simulation.fresh(FLEET, seed=1, at_s=START_S)
    simulation.advance(START_S + 86_400)
    level = simulation.surface("BKS-BT-0001").fill_pct
    simulation.advance(START_S)
    assert simulation.world_s == START_S + 86_400
    assert simulation.surface("BKS-BT-0001").fill_pct == level


def test_bins_of_the_older_simulator_start_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "state.json"
    path.write_text('{"version":1,"world_s":1.0,"bins":{},"sensors":{}}')
    assert SavedState.load(path) is None
    assert "older simulator" in caplog.text


@pytest.mark.parametrize("text", ['{"version": 1', '{"version": 3, "world_s": 0, "world": {}}'])
def test_a_broken_state_file_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "state.json"
    path.write_text(text)
    with pytest.raises(StateFileError, match=r"state\.json.*[Dd]elete it"):
        SavedState.load(path)


def test_every_payload_of_four_weeks_decodes_and_fits() -> None:
    simulation = Simulation.fresh(FLEET, seed=1, at_s=START_S)
    now = START + timedelta(days=28)
    truth = simulation.advance(now.timestamp())
    for unit in simulation.units:
        taken = [
            unit.sensor.reading(at, truth.surface(unit.device.bin_code, at.timestamp()))
            for at in (START + step * timedelta(minutes=30) for step in range(28 * 48))
        ]
        sent = [reading for reading in taken if reading is not None]
        received = []
        # All at once is too much for one message, so the splitting is tried too.
        for payload, size in payloads(sent):
            assert len(payload) <= MAX_PAYLOAD_BYTES
            decoded = decode(topic_of(unit.device.id, Channel.TELEMETRY), payload, now=now)
            assert decoded.refusal is None
            assert decoded.ignored == 0
            assert len(decoded.readings) == size
            received += [(r.id, r.seq, r.t, r.d_mm, r.bat_mv) for r in decoded.readings]
        assert received == [(r.id, r.seq, r.t, r.d_mm, r.bat_mv) for r in sent]


def test_no_readings_make_no_message() -> None:
    assert list(payloads([])) == []


@pytest.mark.parametrize("faults", [FaultPlan.none(), FaultPlan.street()])
def test_a_state_of_any_plan_reads_back(tmp_path: Path, faults: FaultPlan) -> None:
    simulation = Simulation.continued(FLEET, None, seed=1, now_s=START_S, faults=faults)
    for unit in simulation.units:
        unit.sensor.reading(START, simulation.surface(unit.device.bin_code))
    path = tmp_path / "state.json"
    simulation.save().save(path)
    read = SavedState.load(path)
    assert read is not None
    assert read.sensors == simulation.save().sensors
