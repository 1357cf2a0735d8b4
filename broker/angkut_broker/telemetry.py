"""Telemetry read the full way: with an explanation of whatever is wrong."""

from datetime import datetime

from pydantic import TypeAdapter, ValidationError

from angkut_broker.claims import check_claims, explain
from angkut_broker.decoded import Decoded, refused
from angkut_broker.errors import Reason, Refusal
from angkut_broker.messages import MAX_BATCH, Fault, Telemetry
from angkut_broker.reading import Reading
from angkut_broker.topics import Topic

_FAULTS = frozenset(Fault)
_READING = TypeAdapter(Telemetry)
_BATCH = TypeAdapter(list[Telemetry])
_ITEMS = TypeAdapter(list[object])


def decode_fully(topic: Topic, payload: bytes, now: datetime, *, is_batch: bool) -> Decoded:
    """Read one message; keep what can be used of it."""
    refusal: Refusal | None = None
    try:
        readings = _BATCH.validate_json(payload) if is_batch else [_READING.validate_json(payload)]
    except ValidationError as exc:
        if not is_batch:
            return Decoded(topic, refusal=explain(exc, payload))
        readings, refusal = _salvage(payload, exc)
    if is_batch and not readings and refusal is None:
        return refused(topic, Reason.EMPTY_BATCH, "the array holds no reading")
    if len(readings) > MAX_BATCH:
        return refused(
            topic,
            Reason.INVALID_FIELD,
            f"{len(readings)} readings in one batch; the limit is {MAX_BATCH}",
        )
    usable, unusable = [], []
    for index, reading in enumerate(readings):
        wrong = check_claims(topic, reading, now)
        if wrong is None:
            usable.append(_as_reading(reading))
            continue
        unusable.append(_as_reading(reading))
        if refusal is None:
            where = f"[{index}] " if is_batch else ""
            refusal = Refusal(wrong.reason, where + wrong.detail)
    ignored = sum(map(_ignored, readings))
    return Decoded(topic, readings=usable, refusal=refusal, refused=unusable, ignored=ignored)


def _as_reading(telemetry: Telemetry) -> Reading:
    return Reading(**{name: getattr(telemetry, name) for name in Reading.__struct_fields__})


def _ignored(reading: Telemetry) -> int:
    unknown = sum(fault not in _FAULTS for fault in reading.faults or ())
    return unknown + len(reading.model_extra or ())


def _salvage(payload: bytes, error: ValidationError) -> tuple[list[Telemetry], Refusal]:
    """Keep the good readings of a batch; the refusal names the first bad one."""
    refusal = explain(error, payload)
    try:
        items = _ITEMS.validate_json(payload)
    except ValidationError:
        return [], refusal
    # Positions from the error list, and not item by item: strict JSON rules differ from
    # strict Python rules, so a parsed item cannot be validated again as it is.
    bad = {detail["loc"][0] for detail in error.errors(include_url=False) if detail["loc"]}
    good = [item for index, item in enumerate(items) if index not in bad]
    try:
        return _BATCH.validate_json(_ITEMS.dump_json(good)), refusal
    except ValidationError:
        return [], refusal
