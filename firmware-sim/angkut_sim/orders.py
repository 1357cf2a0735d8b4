"""Commands as the firmware obeys them: each once, none too late, always with an answer."""

from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError

from angkut_broker.messages import Ack, Command
from angkut_sim.device import Sensor
from angkut_sim.dice import Dice
from angkut_sim.faults import Fault

#: What the firmware takes for an interval, s.
SHORTEST_S, LONGEST_S = 10, 7 * 86_400
#: So many ids of commands fit into its memory.
REMEMBERED = 32
_MAX_FW = 64


@dataclass(frozen=True, slots=True)
class Obeyed:
    """What a device does about a command."""

    #: Its answers, in order.
    acks: tuple[Ack, ...]
    #: `meta` says something new.
    changed: bool = False
    #: It connects anew.
    restarts: bool = False


def obey(sensor: Sensor, payload: bytes, now: datetime) -> Obeyed | None:
    """Carry out a command; None for what is none, or is for somebody else.

    A command that was carried out before is only answered again; one that expired is refused.
    `now` is what the device's own clock shows.
    """
    try:
        command = Command.model_validate_json(payload)
    except ValidationError:
        return None
    if command.id not in {None, sensor.device.id}:
        return None
    for cmd_id, ok, detail in sensor.state.obeyed:
        if cmd_id == command.cmd_id:
            return Obeyed((_ack(sensor, command, ok=ok, detail=detail),))
    if command.expires is not None and command.expires <= now:
        return Obeyed((_ack(sensor, command, ok=False, detail="expired"),))
    return _OBEY[command.cmd](sensor, command)


def _interval(sensor: Sensor, command: Command) -> Obeyed:
    seconds = command.args.get("seconds")
    # True is an int to Python, and no interval.
    if not isinstance(seconds, int) or isinstance(seconds, bool):
        return Obeyed((_done(sensor, command, ok=False, detail="seconds must be a whole number"),))
    if not SHORTEST_S <= seconds <= LONGEST_S:
        detail = f"seconds must be from {SHORTEST_S} to {LONGEST_S}"
        return Obeyed((_done(sensor, command, ok=False, detail=detail),))
    sensor.state.interval_s = seconds
    return Obeyed((_done(sensor, command, ok=True, detail=f"every {seconds} s"),), changed=True)


def _calibrate(sensor: Sensor, command: Command) -> Obeyed:
    last = sensor.state.last
    if last is None or not last.d_mm or not sensor.heard_something:
        detail = "no echo: empty the bin, close the lid and try again"
        return Obeyed((_done(sensor, command, ok=False, detail=detail),))
    sensor.state.empty_mm = sorted(last.d_mm)[len(last.d_mm) // 2]
    detail = f"empty at {sensor.state.empty_mm} mm"
    return Obeyed((_done(sensor, command, ok=True, detail=detail),))


def _reboot(sensor: Sensor, command: Command) -> Obeyed:
    answer = _done(sensor, command, ok=True, detail="restarting")
    sensor.restart()
    return Obeyed((answer,), restarts=True)


def _update(sensor: Sensor, command: Command) -> Obeyed:
    wanted = command.args.get("fw")
    if not isinstance(wanted, str) or not 0 < len(wanted) <= _MAX_FW:
        return Obeyed((_done(sensor, command, ok=False, detail="fw must name a version"),))
    if wanted == sensor.fw:
        return Obeyed((_done(sensor, command, ok=True, detail=f"is {wanted} already"),))
    loading = _ack(sensor, command, ok=True, detail=f"loading {wanted}", final=False)
    luck = Dice.seeded(sensor.device.id, command.cmd_id, Fault.UPDATE_FAILS)
    if luck.chance(sensor.plan.rate(Fault.UPDATE_FAILS)):
        detail = f"the image's checksum is wrong; still {sensor.fw}"
        return Obeyed((loading, _done(sensor, command, ok=False, detail=detail)))
    sensor.state.fw = wanted
    answer = _done(sensor, command, ok=True, detail=f"runs {wanted}")
    sensor.restart()
    return Obeyed((loading, answer), changed=True, restarts=True)


def _done(sensor: Sensor, command: Command, *, ok: bool, detail: str) -> Ack:
    """Answer, and remember the answer."""
    obeyed = sensor.state.obeyed
    obeyed.append((command.cmd_id, ok, detail))
    del obeyed[:-REMEMBERED]
    return _ack(sensor, command, ok=ok, detail=detail)


def _ack(
    sensor: Sensor, command: Command, *, ok: bool, detail: str, final: bool | None = None
) -> Ack:
    return Ack(v=1, id=sensor.device.id, cmd_id=command.cmd_id, ok=ok, detail=detail, final=final)


_OBEY = {
    "interval": _interval,
    "calibrate": _calibrate,
    "reboot": _reboot,
    "update": _update,
}
