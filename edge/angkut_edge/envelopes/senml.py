"""SenML (RFC 8428), JSON or CBOR: records of a name, a value, a unit and a time.

A pack is resolved first: base fields hold for all records after them. Then the records of one
device and one time become one reading.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from types import MappingProxyType
from typing import Literal

import cbor2
from pydantic import Field, field_validator

from angkut_broker.topics import ID_PATTERN
from angkut_edge.envelopes import jsons
from angkut_edge.envelopes.base import Envelope
from angkut_edge.quantities import Codes, Gathering, Quantity, is_unit, recognise
from angkut_edge.uplink import EnvelopeError, Frame, Opened, Uplink

#: RFC 8428, section 4.5.3: a smaller time is relative to now.
_ABSOLUTE_S = 2**28
#: RFC 8428, section 4.4: a version that we do not know is not read.
_MAX_VERSION = 10
_MAX_RECORDS = 5_000
#: RFC 8428, table 4: labels of CBOR.
_LABELS = MappingProxyType(
    {-6: "bs", -5: "bv", -4: "bu", -3: "bt", -2: "bn", -1: "bver"}
    | {0: "n", 1: "u", 2: "v", 3: "vs", 4: "vb", 5: "s", 6: "t", 7: "ut", 8: "vd"}
)
#: `urn:dev:mac:0024befffe804ff1:distance`, `24e124535b316056/distance`
_NAME = r"^(?:urn:dev:[a-z]+:)?(?P<device>[0-9A-Za-z-]+)(?:[:/_](?P<field>.+))?$"
#: A name may end with the device (RFC 8428, section 5.1.1): then the unit says what it is. A
#: name that is not a URN must hold both, or each field would be a device.
_DEVICE_URN = "urn:dev:"
_BY_UNIT = MappingProxyType(
    {"m": Quantity.DISTANCE, "mm": Quantity.DISTANCE, "cm": Quantity.DISTANCE}
    | {"Cel": Quantity.TEMPERATURE, "V": Quantity.BATTERY, "mV": Quantity.BATTERY}
    | {"%EL": Quantity.BATTERY, "dBm": Quantity.RSSI}
)
#: RFC 8428, section 12.1, note 1: `/` and, for history's sake, `%` are a ratio. Many send percent
#: all the same: what would be more than twice full is that.
_RATIOS = ("/", "%")
_MAX_RATIO = 2.0


class SenML(Envelope):
    """Devices that publish SenML."""

    kind: Literal["senml"] = "senml"
    topic: str = Field(min_length=1)
    encoding: Literal["json", "cbor"] = "json"
    #: Splits a resolved name into `device` and `field`.
    names: str = _NAME
    #: Level of the topic, counted from 0, that is the device's id, where names do not hold it.
    device_level: int | None = Field(None, ge=0, le=32)
    #: What a field is, where its name does not say so: `{ s0 = "distance" }`.
    fields: Mapping[str, Quantity] = Field(default_factory=dict)
    no_echo: list[float] = Field(default_factory=list, max_length=16)
    sensor_error: list[float] = Field(default_factory=list, max_length=16)
    blind_zone: list[float] = Field(default_factory=list, max_length=16)

    @field_validator("names")
    @classmethod
    def _has_groups(cls, names: str) -> str:
        try:
            groups = re.compile(names).groupindex
        except re.error as exc:
            raise ValueError(f"it is no regular expression: {exc}") from exc
        if not {"device", "field"} <= set(groups):
            raise ValueError("it must have the groups (?P<device>...) and (?P<field>...)")
        return names

    @property
    def filters(self) -> tuple[str, ...]:
        return (self.topic,)

    def open(self, topic: str, payload: bytes, *, now: datetime) -> Opened:
        pack = jsons.parse(payload) if self.encoding == "json" else _cbor(payload)
        if not isinstance(pack, list) or not pack or len(pack) > _MAX_RECORDS:
            raise EnvelopeError(f"a SenML pack is a list of 1 to {_MAX_RECORDS} records")
        gathered: dict[tuple[str, datetime], Gathering] = {}
        for record in _resolve(pack, now):
            self._take(record, topic, gathered)
        if not gathered:
            raise EnvelopeError(
                "no record has a name and a unit that say what it is; describe `fields`"
            )
        uplinks = tuple(
            Uplink(self.kind, device, received=now, frame=Frame((gathering.sample(t),)))
            for (device, t), gathering in gathered.items()
        )
        devices = {uplink.device for uplink in uplinks}
        return Opened(uplinks, device=devices.pop() if len(devices) == 1 else None)

    def _take(
        self, record: "_Record", topic: str, gathered: dict[tuple[str, datetime], Gathering]
    ) -> None:
        device, name = self._split(record.name, topic)
        quantity, unit = self._meaning(name, record.unit)
        if quantity is None or record.value is None:
            return
        if quantity is Quantity.FILL and unit in _RATIOS:
            unit = "/" if abs(record.value) <= _MAX_RATIO else "%"
        codes = Codes(self.no_echo, self.sensor_error, self.blind_zone)
        gathering = gathered.setdefault((device, record.t), Gathering(codes))
        gathering.add(quantity, record.value, unit)

    def _split(self, name: str, topic: str) -> tuple[str, str]:
        if self.device_level is not None:
            device, field = jsons.at(list(topic.split("/")), self.device_level), name
        else:
            found = re.match(self.names, name)
            if found is None or not (found["field"] or name.startswith(_DEVICE_URN)):
                raise EnvelopeError(
                    f"the name {name[:100]!r} does not hold a device and a field: {self.names}"
                )
            device, field = found["device"], found["field"] or ""
        plain = str(device or "").lower()
        plain = jsons.eui(plain) or plain
        if not re.fullmatch(ID_PATTERN, plain):
            raise EnvelopeError(f"the name {name[:100]!r} holds no device id")
        return plain, field

    def _meaning(self, name: str, unit: str | None) -> tuple[Quantity | None, str | None]:
        quantity = self.fields.get(name) if name else _BY_UNIT.get(unit or "")
        if quantity is None:
            recognised = recognise(name) or recognise(f"{name}_{unit or ''}")
            if recognised is None:
                return None, None
            quantity, unit = recognised[0], unit or recognised[1]
        # A bare number has the unit in which it is taken elsewhere: mm, mV, %, °C.
        return (quantity, unit) if unit is None or is_unit(quantity, unit) else (None, None)


@dataclass(frozen=True, slots=True)
class _Record:
    name: str
    unit: str | None
    t: datetime
    value: float | None


def _resolve(pack: list[object], now: datetime) -> Iterator[_Record]:
    base: dict[str, object] = {}
    for raw in pack:
        if not isinstance(raw, dict):
            raise EnvelopeError("a SenML record is an object")
        record: dict[object, object] = {_LABELS.get(key, key): raw[key] for key in raw}
        _check(record)
        base |= {key: record[key] for key in ("bn", "bt", "bu", "bv") if key in record}
        if not record.keys() & {"n", "v", "vs", "vb", "vd", "s"}:
            continue
        name = (jsons.text(base.get("bn")) or "") + (jsons.text(record.get("n")) or "")
        if not name:
            raise EnvelopeError("a SenML record has neither a base name nor a name")
        seconds = _seconds(base, "bt") + _seconds(record, "t")
        unit = jsons.text(record.get("u")) or jsons.text(base.get("bu"))
        yield _Record(name, unit, _time(seconds, now), _value(record, base))


def _value(record: dict[object, object], base: dict[str, object]) -> float | None:
    if isinstance(record.get("vb"), bool):
        return float(bool(record["vb"]))
    value = jsons.number(record.get("v"))
    above = jsons.number(base.get("bv"))
    if value is None and above is None:
        return None
    # Section 4.5.4: a record with a base value and no value of its own has that value.
    return (value or 0.0) + (above or 0.0) if "vs" not in record and "vd" not in record else None


def _check(record: dict[object, object]) -> None:
    for key in record:
        if isinstance(key, str) and key.endswith("_"):
            raise EnvelopeError(f"the field {key!r} must be understood, and is not")
    version = record.get("bver")
    if version is not None and (not isinstance(version, int) or version > _MAX_VERSION):
        raise EnvelopeError(f"bver is {version!r:.40}; {_MAX_VERSION} is the highest that is known")


def _seconds(record: Mapping[object, object] | Mapping[str, object], key: str) -> float:
    value = record.get(key, 0)
    seconds = jsons.number(value)
    if seconds is None:
        raise EnvelopeError(f"the time {key} is {value!r:.40}, not a number")
    return seconds


def _time(seconds: float, now: datetime) -> datetime:
    try:
        if seconds < _ABSOLUTE_S:
            return now + timedelta(seconds=seconds)
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError) as exc:
        raise EnvelopeError(f"the time {seconds!r} is none") from exc


def _cbor(payload: bytes) -> object:
    if len(payload) > jsons.MAX_BYTES:
        raise EnvelopeError(f"{len(payload)} bytes are not of a sensor")
    stream = BytesIO(payload)
    try:
        value = cbor2.load(stream)
    except (cbor2.CBORDecodeError, ValueError, OverflowError, RecursionError) as exc:
        raise EnvelopeError(f"the message is not CBOR: {exc}") from exc
    if stream.read(1):
        raise EnvelopeError("bytes follow after the SenML pack")
    return value
