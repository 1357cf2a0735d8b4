"""What the firmware makes of a command."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from angkut_sim.device import Sensor
from angkut_sim.fault_plan import FaultPlan
from angkut_sim.orders import REMEMBERED, Obeyed, obey
from parts.sim import fleet_of

NOW = datetime(2026, 1, 12, tzinfo=UTC)
NO_FAULTS = FaultPlan.none()


def sensor(**rates: float) -> Sensor:
    one = Sensor(1, fleet_of(1).devices[0], NOW.timestamp(), NO_FAULTS.with_rates(rates))
    one.reading(NOW, 10.0)
    return one


def order(cmd: str, cmd_id: str = "c1", **fields: object) -> bytes:
    return json.dumps({"v": 1, "cmd_id": cmd_id, "cmd": cmd, **fields}).encode()


def tell(one: Sensor, payload: bytes) -> Obeyed:
    done = obey(one, payload, NOW)
    assert done is not None
    return done


def test_an_interval_is_taken_and_told_in_meta() -> None:
    one = sensor()
    done = tell(one, order("interval", args={"seconds": 600}))
    assert [(ack.ok, ack.cmd_id, ack.id) for ack in done.acks] == [(True, "c1", one.device.id)]
    assert done.changed
    assert not done.restarts
    assert one.meta().interval_s == 600
    assert one.wait_s() == 600


@pytest.mark.parametrize(
    "args",
    [
        {},
        {"seconds": "600"},
        {"seconds": True},
        {"seconds": 1},
        {"seconds": 10**9},
        {"seconds": 60.5},
    ],
)
def test_an_interval_that_cannot_be_is_refused_and_changes_nothing(args: dict[str, object]) -> None:
    one = sensor()
    done = tell(one, order("interval", args=args))
    assert [ack.ok for ack in done.acks] == [False]
    assert "seconds" in (done.acks[0].detail or "")
    assert not done.changed
    assert one.meta().interval_s == 1800


def test_a_command_that_comes_twice_is_done_once_and_answered_twice() -> None:
    one = sensor()
    first = tell(one, order("reboot"))
    one.reading(NOW, 10.0)
    again = tell(one, order("reboot"))
    assert first.restarts
    assert not again.restarts
    assert again.acks == first.acks
    assert one.state.seq == 1


def test_an_answer_survives_a_restart_of_the_simulator() -> None:
    one, copy = sensor(), sensor()
    tell(one, order("interval", args={"seconds": 600}))
    copy.restore(one.save())
    assert not tell(copy, order("interval", args={"seconds": 600})).changed
    assert copy.meta().interval_s == 600


def test_old_answers_are_forgotten_at_last() -> None:
    one = sensor()
    for number in range(REMEMBERED + 1):
        tell(one, order("reboot", f"c{number}"))
    assert tell(one, order("reboot", "c0")).restarts
    assert not tell(one, order("reboot", f"c{REMEMBERED}")).restarts


@pytest.mark.parametrize(("ahead_s", "is_done"), [(-1, False), (0, False), (1, True)])
def test_an_expired_command_is_refused(ahead_s: int, *, is_done: bool) -> None:
    expires = (NOW + timedelta(seconds=ahead_s)).isoformat()
    done = tell(sensor(), order("reboot", expires=expires))
    assert done.restarts is is_done
    assert done.acks[0].ok is is_done
    assert is_done or done.acks[0].detail == "expired"


def test_calibration_takes_what_is_measured_now() -> None:
    one = sensor()
    for _ in range(5):
        one.reading(NOW, 0.0)
    done = tell(one, order("calibrate"))
    assert done.acks[0].ok
    assert one.state.empty_mm is not None
    assert abs(one.state.empty_mm - one.device.d_empty_mm) < 40


def test_calibration_without_an_echo_fails_with_the_remedy() -> None:
    one = sensor(no_echo=1.0)
    one.state.last = None
    done = tell(one, order("calibrate"))
    assert not done.acks[0].ok
    assert "empty the bin" in (done.acks[0].detail or "")


def test_an_update_loads_first_and_then_runs_and_restarts() -> None:
    one = sensor()
    done = tell(one, order("update", args={"fw": "2.0.0"}))
    assert [(ack.ok, ack.final) for ack in done.acks] == [(True, False), (True, None)]
    assert done.changed
    assert done.restarts
    assert one.meta().fw == "2.0.0"
    assert one.state.seq == 0


def test_an_update_that_fails_leaves_the_old_firmware() -> None:
    one = sensor(update_fails=1.0)
    before = one.fw
    done = tell(one, order("update", args={"fw": "2.0.0"}))
    assert [(ack.ok, ack.final) for ack in done.acks] == [(True, False), (False, None)]
    assert not done.restarts
    assert one.fw == before
    assert before in (done.acks[-1].detail or "")


def test_updates_fail_at_their_rate() -> None:
    failed = sum(
        not tell(sensor(update_fails=0.3), order("update", f"c{n}", args={"fw": "2"})).acks[-1].ok
        for n in range(300)
    )
    assert 60 < failed < 120


def test_an_update_to_what_runs_already_changes_nothing() -> None:
    one = sensor()
    done = tell(one, order("update", args={"fw": one.fw}))
    assert done.acks[0].ok
    assert not done.restarts
    assert not tell(one, order("update", "c2", args={"fw": 7})).acks[0].ok


@pytest.mark.parametrize(
    "payload",
    [b"", b"{", b"null", order("dance"), order("reboot", v=2), order("reboot", id="another")],
)
def test_what_is_no_command_or_for_somebody_else_is_left_alone(payload: bytes) -> None:
    assert obey(sensor(), payload, NOW) is None
