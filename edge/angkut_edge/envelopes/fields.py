"""Where in somebody's JSON a reading is: described in the settings, not written in code."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from angkut_broker.messages import EventKind, Fault
from angkut_edge.envelopes import jsons
from angkut_edge.quantities import Codes, Gathering, Quantity, is_unit
from angkut_edge.uplink import EnvelopeError, Frame, Notice, Sample

#: Stands for `history`: the entries are under the keys "1", "2", ... of the message itself.
_NUMBERED = "#"
#: Entries of a memory in one message.
_MAX_ENTRIES = 2_000
#: An entry is taken with the reading itself when it is of the same time.
_SAME = timedelta(seconds=1)


def _place(value: object) -> object:
    return {"path": value} if isinstance(value, str) else value


class Place(BaseModel):
    """One field: its path, `Telemetry.bat` or `values[0].d`, and the unit in which it is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Annotated[str, Field(min_length=1, max_length=200)]
    unit: str | None = None

    def find(self, *holders: object) -> object:
        """Return what is there, in the first of the holders that has it."""
        steps = [
            int(step) if step.isdecimal() else step
            for step in self.path.replace("[", ".").replace("]", "").split(".")
        ]
        found = (jsons.at(holder, *steps) for holder in holders)
        return next((value for value in found if value is not None), None)


_Place = Annotated[Place, BeforeValidator(_place)]


class Tilted(BaseModel):
    """A field that says by a word or a number whether the bin is tilted."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    equals: str | int | bool


class FieldMap(BaseModel):
    """Where everything is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    distance: _Place | None = None
    fill: _Place | None = None
    battery: _Place | None = None
    temperature: _Place | None = None
    tilt: _Place | None = None
    rssi: _Place | None = None
    snr: _Place | None = None
    #: The device's time of the reading, and its counter.
    time: _Place | None = None
    seq: _Place | None = None
    tilted: Tilted | None = None
    #: Minutes east of Greenwich, for a time that names no zone.
    utc_offset_min: int = Field(0, ge=-840, le=840)
    #: Distances, in the device's own unit, that are codes.
    no_echo: list[float] = Field(default_factory=list, max_length=16)
    sensor_error: list[float] = Field(default_factory=list, max_length=16)
    blind_zone: list[float] = Field(default_factory=list, max_length=16)
    nearest_mm: float = 0
    farthest_mm: float = 100_000
    #: A list of readings, each with the fields above; a field that is in none of them is looked
    #: for beside the list.
    records: _Place | None = None
    #: The device's memory: a list, or `#` for the keys "1", "2", ...
    history: str | None = None
    #: What the columns of an entry are, when an entry is a list.
    history_columns: list[str] = Field(default_factory=list, max_length=16)

    @model_validator(mode="after")
    def _is_whole(self) -> "FieldMap":
        if self.distance is None and self.fill is None:
            raise ValueError("name at least where the distance or the fill level is")
        for quantity in Quantity:
            place: Place | None = getattr(self, quantity)
            if place and place.unit and not is_unit(quantity, place.unit):
                raise ValueError(f"{quantity} cannot be in {place.unit!r}")
        known = {*Quantity, "time", "-"}
        if wrong := [name for name in self.history_columns if name not in known]:
            raise ValueError(f"history_columns names {wrong[0]!r}; it must be one of {known}")
        return self

    def frame(self, body: object) -> Frame:
        """Return the readings of one message.

        Raises
        ------
        EnvelopeError
            When none of the described fields is in it.

        """
        records = self._records(body)
        samples: list[Sample] = []
        notices: list[Notice] = []
        for record in records:
            sample, tilted = self._sample(record, body)
            if sample is not None:
                samples.append(sample)
            if tilted:
                notices.append(Notice(EventKind.TILT, t=sample.t if sample else None))
        left_out = None
        timeless = [sample for sample in samples if sample.t is None]
        if len(timeless) > 1:
            samples = [sample for sample in samples if sample.t is not None] + timeless[-1:]
            left_out = f"{len(timeless) - 1} readings before the last one have no time"
        past = [one for one in self._past(body) if not _is_in(one, samples)]
        if not samples and not past and not notices:
            raise EnvelopeError(
                "none of the fields that the gateway's settings describe is in the message"
            )
        return Frame((*samples, *past), tuple(notices), left_out=left_out)

    def _records(self, body: object) -> list[object]:
        if self.records is None:
            return [body]
        found = self.records.find(body)
        if isinstance(found, list):
            return found[:_MAX_ENTRIES]
        return [] if found is None else [found]

    def _sample(self, record: object, body: object) -> tuple[Sample | None, bool]:
        gathering = Gathering(self._codes)
        for quantity in Quantity:
            place: Place | None = getattr(self, quantity)
            if place is not None:
                _add(gathering, quantity, place.find(record, body), place.unit)
        tilted = self._is_tilted(record)
        if tilted is False and "tilt_deg" not in gathering.values:
            gathering.values["tilt_deg"] = 0.0
        if gathering.is_empty:
            return None, bool(tilted)
        seq = None if self.seq is None else jsons.whole(self.seq.find(record, body))
        return gathering.sample(self._time(record, body), seq=seq), bool(tilted)

    def _is_tilted(self, record: object) -> bool | None:
        if self.tilted is None:
            return None
        value = Place(path=self.tilted.path).find(record)
        return None if value is None else value == self.tilted.equals

    def _time(self, *holders: object) -> datetime | None:
        if self.time is None:
            return None
        value = self.time.find(*holders)
        return jsons.time(value, utc_offset_min=self.utc_offset_min)

    @property
    def _codes(self) -> Codes:
        return Codes(
            self.no_echo, self.sensor_error, self.blind_zone, self.nearest_mm, self.farthest_mm
        )

    def _past(self, body: object) -> Iterator[Sample]:
        for entry in self._entries(body):
            sample = self._row(entry) if isinstance(entry, list) else self._sample(entry, None)[0]
            # A memory that was never written says 1970.
            if sample is not None and sample.t is not None and sample.t.timestamp() > 0:
                faults = tuple(dict.fromkeys((Fault.HISTORY, *sample.faults)))
                yield replace(sample, faults=faults)

    def _entries(self, body: object) -> Iterator[object]:
        if self.history == _NUMBERED:
            for key in range(1, _MAX_ENTRIES):
                entry = jsons.at(body, str(key))
                if entry is None:
                    return
                yield entry
        elif self.history is not None:
            found = Place(path=self.history).find(body)
            yield from found[:_MAX_ENTRIES] if isinstance(found, list) else ()

    def _row(self, entry: list[object]) -> Sample | None:
        gathering, t = Gathering(self._codes), None
        for name, value in zip(self.history_columns, entry, strict=False):
            if name == "time":
                t = jsons.time(value, utc_offset_min=self.utc_offset_min)
            elif name != "-":
                place: Place | None = getattr(self, name)
                _add(gathering, Quantity(name), value, place.unit if place else None)
        return None if gathering.is_empty else gathering.sample(t)


def _add(gathering: Gathering, quantity: Quantity, value: object, unit: str | None) -> None:
    for one in value if isinstance(value, list) else [value]:
        found = jsons.number(one)
        if found is not None:
            gathering.add(quantity, found, unit)
        elif one is not None:
            gathering.faults[Fault.BAD_FIELD] = None


def _is_in(one: Sample, samples: list[Sample]) -> bool:
    times = (sample.t for sample in samples if sample.t)
    return one.t is not None and any(abs(one.t - t) < _SAME for t in times)


def frame_of_codec(
    described: FieldMap | None, decoded: object, *, device: str, wanted: str
) -> Frame | None:
    """Read what a network server's codec made of a message that lacks the bytes themselves.

    Returns `None` when it made nothing.

    Raises
    ------
    EnvelopeError
        The settings do not say where in it the reading is; `wanted` names the field for the bytes.
    """
    if not isinstance(decoded, dict) or not decoded:
        return None
    if described is None:
        raise EnvelopeError(
            f"{device}: the message holds what a codec made of the bytes, but no bytes: let the "
            f"server send `{wanted}`, or describe `decoded` in the gateway's settings"
        )
    return described.frame(decoded)
