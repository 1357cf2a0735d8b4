"""Dragino NDDS75, DDS75-NB, DDS45-NB and DDS75-CB: the same probes on NB-IoT and LTE-M.

Three layouts, told apart by what follows the IMEI (8 bytes, a nibble `f` and 15 digits): the
newer firmware adds the IMSI in the same form, the -CB a DS18B20 and a position; the oldest
NDDS75 sends 14 bytes with the last 12 digits and no time. After the reading come those of the
memory, each with its time. The bytes may be sent as hexadecimal digits.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from angkut_broker.messages import Fault
from angkut_edge.cursor import Cursor
from angkut_edge.families.dragino import battery_mv, millimetres, probe_c
from angkut_edge.model import Evidence, Model
from angkut_edge.uplink import Frame, FrameError, Sample
from angkut_edge.values import csq_dbm, epoch

_FIRST_BYTES = 14
_NO_TIME = (0, 0xFFFF_FFFF)


@dataclass(frozen=True, slots=True)
class _Probe:
    """What one model sees, and whether a DS18B20 stands beside each distance."""

    nearest_mm: int
    farthest_mm: int
    has_ds18b20: bool


def _decoder(probe: _Probe) -> Callable[[bytes, int | None], Frame]:
    def decode(payload: bytes, port: int | None) -> Frame:  # noqa: ARG001 - no ports here
        return _decode(_unhex(payload), probe)

    return decode


def _decode(payload: bytes, probe: _Probe) -> Frame:
    cursor = Cursor(payload, "big")
    if len(payload) == _FIRST_BYTES:
        return _first(cursor, probe)
    if not payload or payload[0] >> 4 != 0xF:
        raise FrameError("the frame does not begin with an f and an IMEI")
    cursor.take(8)
    newer = payload[8:9] >= b"\xf0"
    if newer:
        cursor.take(8)
    cursor.take(1)
    fw = _version(cursor.unsigned(1))
    bat_mv, faults = battery_mv(cursor.unsigned(2))
    rssi_dbm = csq_dbm(cursor.unsigned(1))
    cursor.take(3 if newer else 2)
    temp_c = probe_c(cursor.signed(2)) if probe.has_ds18b20 else None
    d_mm, seen = millimetres(cursor.unsigned(2), probe.nearest_mm, probe.farthest_mm)
    seconds = cursor.unsigned(4)
    if probe.has_ds18b20:
        cursor.take(min(12, cursor.left))  # latitude, longitude and the time of both
    latest = Sample(
        None if seconds in _NO_TIME else epoch(seconds),
        d_mm,
        bat_mv=bat_mv,
        temp_c=temp_c,
        rssi_dbm=rssi_dbm,
        faults=(*faults, *seen),
    )
    past = tuple(_memory(cursor, probe))
    cut = f"the memory's last entry is cut off after {cursor.left} bytes" if cursor.left else None
    return Frame((latest, *past), fw=fw, left_out=cut)


def _first(cursor: Cursor, probe: _Probe) -> Frame:
    cursor.take(7)
    fw = _version(cursor.unsigned(1))
    bat_mv, faults = battery_mv(cursor.unsigned(2))
    rssi_dbm = csq_dbm(cursor.unsigned(1))
    d_mm, seen = millimetres(cursor.unsigned(2), probe.nearest_mm, probe.farthest_mm)
    sample = Sample(None, d_mm, bat_mv=bat_mv, rssi_dbm=rssi_dbm, faults=(*faults, *seen))
    return Frame((sample,), fw=fw)


def _memory(cursor: Cursor, probe: _Probe) -> Iterator[Sample]:
    while cursor.left >= (8 if probe.has_ds18b20 else 6):
        d_mm, seen = millimetres(cursor.unsigned(2), probe.nearest_mm, probe.farthest_mm)
        temp_c = probe_c(cursor.signed(2)) if probe.has_ds18b20 else None
        seconds = cursor.unsigned(4)
        if seconds not in _NO_TIME:
            yield Sample(epoch(seconds), d_mm, temp_c=temp_c, faults=(Fault.HISTORY, *seen))


def _version(raw: int) -> str:
    """Return `1.3.2` of 132."""
    return f"{raw // 100}.{raw // 10 % 10}.{raw % 10}"


def _unhex(payload: bytes) -> bytes:
    try:
        return bytes.fromhex(payload.decode("ascii"))
    except ValueError:
        return payload


def _model(name: str, probe: _Probe, aliases: tuple[str, ...] = ()) -> Model:
    return Model(
        name=name,
        maker="Dragino",
        sensor="ultrasonic",
        decode=_decoder(probe),
        source="github.com/dragino/dragino-end-node-decoder, Datacake-Dragino_NB, _NB_New_Version "
        "and _CB; docs.iotcreators.com (NDDS75, the oldest form)",
        evidence=Evidence.DECODER,
        aliases=aliases,
    )


MODELS = (
    _model("dds75-nb", _Probe(280, 7_540, has_ds18b20=False), ("ndds75",)),
    _model("dds45-nb", _Probe(30, 4_530, has_ds18b20=False)),
    _model("dds75-cb", _Probe(280, 7_540, has_ds18b20=True)),
)
