"""Netvox R718X and R718PE: ultrasonic, LoRaWAN.

Port 6: version 1, device type, report type, then for a report of type 1 battery in 0.1 V (its
top bit: low), status, distance in mm; R718X goes on with 0.1 °C, fill %, inclination in degrees;
R718PE with fill %. Port 7: answers to settings. High byte first.
"""

from collections.abc import Callable, Mapping

from angkut_broker.messages import Fault
from angkut_edge.cursor import Cursor
from angkut_edge.model import Evidence, Model
from angkut_edge.uplink import (
    Downlink,
    Frame,
    FrameError,
    Sample,
    UnsupportedCommandError,
)
from angkut_edge.values import interval_s

_REPORT, _SETTINGS = 6, 7
_R718X, _R718PE = 0x34, 0xB1
_READ_INTERVAL = 0x82
_MAX_MM = 12_000


def _decode(payload: bytes, port: int | None) -> Frame:
    if port == _SETTINGS:
        return _settings(payload)
    if port not in {_REPORT, None}:
        raise FrameError(f"port {port} is neither 6 (report) nor 7 (settings)")
    cursor = Cursor(payload, "big")
    cursor.take(1)
    device, report = cursor.unsigned(1), cursor.unsigned(1)
    if device not in {_R718X, _R718PE}:
        raise FrameError(f"device type {device:#04x} is neither an R718X nor an R718PE")
    if report == 0:
        return Frame(fw=f"{cursor.unsigned(1) / 10:.1f}")
    if report != 1:
        raise FrameError(f"report type {report} is neither 0 (version) nor 1 (reading)")
    return Frame((_reading(cursor, device),))


def _reading(cursor: Cursor, device: int) -> Sample:
    volts = cursor.unsigned(1)
    cursor.take(1)
    d_mm, faults = _distance(cursor.unsigned(2))
    if volts & 0x80:
        faults = (*faults, Fault.LOW_BATTERY)
    temp_c = tilt_deg = fill_pct = None
    size = 4 if device == _R718X else 1
    if cursor.left < size:
        faults = (*faults, Fault.BAD_FIELD)
    elif device == _R718X:
        temp_c = cursor.signed(2) / 10
        fill_pct, tilt_deg = float(cursor.unsigned(1)), float(cursor.unsigned(1))
    else:
        fill_pct = float(cursor.unsigned(1))
    return Sample(
        d_mm=d_mm,
        # It is computed from the distance: without one it rests on nothing.
        fill_pct=fill_pct if d_mm else None,
        bat_mv=(volts & 0x7F) * 100,
        temp_c=temp_c,
        tilt_deg=tilt_deg,
        faults=faults,
    )


def _distance(raw: int) -> tuple[tuple[int, ...] | None, tuple[Fault, ...]]:
    """Return echoes and faults; the maker names no codes, but neither end can be a distance."""
    if raw == 0:
        return None, (Fault.SENSOR_ERROR,)
    if raw == 0xFFFF:
        return None, (Fault.NO_ECHO,)
    if raw > _MAX_MM:
        return None, (Fault.BAD_FIELD,)
    return (raw,), ()


def _settings(payload: bytes) -> Frame:
    cursor = Cursor(payload, "big")
    answer = cursor.unsigned(1)
    cursor.take(1)
    if answer != _READ_INTERVAL:
        return Frame()
    cursor.take(2)
    return Frame(interval_s=cursor.unsigned(2) or None)


def _commander(device: int, change: bytes) -> Callable[[str, Mapping[str, object]], Downlink]:
    def command(name: str, args: Mapping[str, object]) -> Downlink:
        """Encode shortest and longest time between reports, and what change is worth one."""
        if name != "interval":
            raise UnsupportedCommandError(f"this model takes interval, not {name!r}")
        seconds = interval_s(args, 60, 65_535).to_bytes(2, "big")
        # Shortest and longest are the same, so the changes (0.1 V, 100 mm, 0.5 °C) never matter.
        return Downlink(_SETTINGS, bytes([1, device]) + seconds + seconds + change)

    return command


MODELS = (
    Model(
        name="r718x",
        maker="Netvox",
        sensor="ultrasonic",
        decode=_decode,
        source="Netvox LoRaWAN Application Command; its payload file in "
        "github.com/TheThingsNetwork/lorawan-devices, vendor/netvox",
        evidence=Evidence.DECODER,
        command=_commander(_R718X, bytes.fromhex("0100640005")),
    ),
    Model(
        name="r718pe",
        maker="Netvox",
        sensor="ultrasonic",
        decode=_decode,
        source='R718PE user manual ("Data Report"); the payload file of R718X',
        evidence=Evidence.DECODER,
        aliases=("r718pe01",),
        command=_commander(_R718PE, bytes.fromhex("0100640000")),
    ),
)
