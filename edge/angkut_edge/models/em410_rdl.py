"""Milesight EM410-RDL: radar, LoRaWAN, with a memory; it tells when it cannot see."""

from collections.abc import Mapping
from types import MappingProxyType

from angkut_broker.messages import Fault
from angkut_edge.cursor import Cursor
from angkut_edge.families import milesight
from angkut_edge.model import Evidence, Model
from angkut_edge.uplink import Downlink, Sample
from angkut_edge.values import interval_s

#: The byte after a distance of channel 0xb4; 0 says that the blind zone was left.
_EXCEPTIONS = MappingProxyType({1: Fault.BLIND_ZONE, 2: Fault.NO_ECHO, 3: Fault.SENSOR_ERROR})
#: In a history, temperatures of -0.2 and -0.1 °C are codes: switched off, broken.
_TEMPERATURE_CODES = (-2, -1)
#: In the event byte of a history: the surface was in the blind zone.
_WAS_BLIND = 0x04


def _exception(cursor: Cursor, draft: milesight.Draft) -> None:
    d_mm, faults = milesight.millimetres(cursor.unsigned(2))
    told = _EXCEPTIONS.get(cursor.unsigned(1))
    draft.set(d_mm=d_mm if told is None else None)
    draft.fault(*(faults if told is None else (told,)))


def _history(cursor: Cursor, draft: milesight.Draft) -> None:
    t = cursor.time()
    d_mm, faults = milesight.millimetres(cursor.unsigned(2))
    tenths_c = cursor.signed(2)
    temp_c = None if tenths_c in _TEMPERATURE_CODES else tenths_c / 10
    cursor.take(2)
    if cursor.unsigned(1) & _WAS_BLIND:
        d_mm, faults = None, (Fault.BLIND_ZONE,)
    draft.past.append(Sample(t=t, d_mm=d_mm, temp_c=temp_c, faults=(Fault.HISTORY, *faults)))


_FIELDS: milesight.Fields = MappingProxyType(
    {
        (0x01, 0x75): milesight.battery,
        (0x03, 0x67): milesight.temperature,
        (0x04, 0x82): milesight.distance,
        (0x05, 0x00): milesight.position,
        (0x06, 0xC7): milesight.skip(2),
        (0x84, 0x82): milesight.distance_alarm,
        (0x94, 0x82): milesight.distance_jump,
        (0xB4, 0x82): _exception,
        (0x20, 0xCE): _history,
    }
    # Answers to its own settings, with a result byte (0xf8) and without (0xf9).
    | {
        (channel, kind): milesight.skip(size + (channel == 0xF8))
        for channel in (0xF8, 0xF9)
        for kind, size in (
            *((0x0D, 3), (0x12, 1), (0x13, 1), (0x14, 2)),
            *((0x15, 2), (0x16, 1), (0x39, 2)),
        )
    }
)


def _command(name: str, args: Mapping[str, object]) -> Downlink:
    """Encode as for the other models, but the interval in minutes."""
    if name != "interval":
        return milesight.command(name, args)
    minutes = round(interval_s(args, 60, 86_400) / 60)
    return Downlink(85, b"\xff\x8e\x00" + minutes.to_bytes(2, "little"))


MODELS = (
    Model(
        name="em410-rdl",
        maker="Milesight",
        sensor="radar",
        decode=milesight.decoder(_FIELDS),
        source="github.com/Milesight-IoT/SensorDecoders, em-series/em410-rdl/README.md",
        evidence=Evidence.DOCUMENT,
        command=_command,
    ),
)
