"""From one message of a source to messages of the wire contract. Never raises."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from pydantic import ValidationError

from angkut_broker.claims import EARLIEST, MAX_AHEAD
from angkut_broker.errors import Reason, Refusal
from angkut_broker.messages import MAX_ECHOES, Event, Fault, Meta, Telemetry
from angkut_edge import models as known
from angkut_edge.envelopes.base import Envelope
from angkut_edge.model import Model
from angkut_edge.uplink import EnvelopeError, Frame, FrameError, Heard, Sample, Uplink

#: A device's memory is believed this far back.
MAX_HISTORY = timedelta(days=14)


def read(
    envelope: Envelope,
    topic: str,
    payload: bytes,
    *,
    now: datetime,
    models: Mapping[str, str],
) -> Heard:
    """Return what one message holds.

    Parameters
    ----------
    now
        Time of arrival at the gateway, aware.
    models
        Model name by device id, from the gateway's settings; a device that is not in it takes
        the model that its envelope names.

    """
    try:
        opened = envelope.open(topic, payload, now=now)
    except EnvelopeError as exc:
        return Heard(refusals=(Refusal(Reason.BAD_FRAME, str(exc)[:500]),))
    except Exception as exc:  # noqa: BLE001 - one message must never stop the gateway
        return Heard(refusals=(_surprise(f"an envelope of kind {envelope.kind}", exc),))
    readings = list(opened.readings)
    events = list(opened.events)
    metas = list(opened.metas)
    refusals = list(opened.refusals)
    model = None
    for uplink in opened.uplinks:
        told = hear(uplink, now=now, models=models)
        readings.extend(told.readings)
        events.extend(told.events)
        metas.extend(told.metas)
        refusals.extend(told.refusals)
        model = told.model or model
    return Heard(
        tuple(readings),
        tuple(events),
        tuple(metas),
        opened.answers,
        tuple(refusals),
        opened.replies,
        opened.device,
        opened.route,
        opened.ignored,
        model,
    )


def hear(uplink: Uplink, *, now: datetime, models: Mapping[str, str]) -> Heard:
    """Decode one uplink with its device's model."""
    model = _model(uplink, models)
    if isinstance(model, Refusal):
        return Heard(refusals=(model,))
    try:
        frame = uplink.frame if model is None else _decode(model, uplink)
    except FrameError as exc:
        return Heard(refusals=(Refusal(Reason.BAD_FRAME, f"{uplink.device}: {exc}"[:500]),))
    except Exception as exc:  # noqa: BLE001 - a mistake in one model must not stop the gateway
        return Heard(refusals=(_surprise(f"{uplink.device}: a frame", exc),))
    if frame is None:
        return Heard()
    return replace(
        _translate(uplink, frame, model, now), model=None if model is None else model.name
    )


def _model(uplink: Uplink, models: Mapping[str, str]) -> Model | Refusal | None:
    """Return the model, why there is none, or None where none is needed."""
    if uplink.frame is not None or not uplink.payload:
        return None
    named = models.get(uplink.device)
    name = named or uplink.hint
    if name is None:
        return Refusal(
            Reason.UNKNOWN_MODEL,
            f"{uplink.device}: its model is not known; name it in the gateway's settings",
        )
    model = known.find(name)
    if model is not None:
        return model
    where = "the gateway's settings say" if named else "the network server says"
    return Refusal(
        Reason.UNKNOWN_MODEL,
        f"{uplink.device}: {where} {name[:100]!r}, for which there is no decoder; name one in the "
        "gateway's settings: `angkut edge models` lists them",
    )


def _decode(model: Model, uplink: Uplink) -> Frame:
    return model.decode(uplink.payload or b"", uplink.f_port)


def _surprise(what: str, exc: Exception) -> Refusal:
    return Refusal(
        Reason.BAD_FRAME,
        f"{what} could not be read: {type(exc).__name__}: {exc}"[:400]
        + ". This is a fault of the gateway: report it with the bytes.",
    )


def _translate(uplink: Uplink, frame: Frame, model: Model | None, now: datetime) -> Heard:
    received, late = _receipt(uplink, now)
    readings: dict[datetime, Telemetry] = {}
    refusals: list[Refusal] = []
    if frame.left_out:
        refusals.append(Refusal(Reason.BAD_FRAME, f"{uplink.device}: {frame.left_out}"[:500]))
    misplaced: list[datetime] = []
    for sample in frame.samples:
        placed = _place(sample, received, now)
        if placed is None:
            misplaced.extend([sample.t] if sample.t else [])
            continue
        t, faults = placed
        try:
            reading = _reading(uplink, sample, t, (*faults, *late))
        except ValidationError as exc:
            refusals.append(_invalid(uplink, exc))
            continue
        # The newest sample is often in the history of the same frame, too.
        readings.setdefault(t, reading)
    refusals.extend(_misplaced(uplink.device, misplaced, now))
    events = []
    for notice in frame.notices:
        at = notice.t if notice.t is not None and _plausible(notice.t, now) else received
        values = {"kind": notice.kind, "value": notice.value, "t": at}
        try:
            events.append(Event.model_validate(_named(uplink, values)))
        except ValidationError as exc:
            refusals.append(_invalid(uplink, exc))
    metas = list(_metas(uplink, frame, model))
    return Heard(
        tuple(readings.values()),
        tuple(events),
        tuple(metas),
        refusals=tuple(refusals),
        model=model.name if model else None,
    )


def _receipt(uplink: Uplink, now: datetime) -> tuple[datetime, tuple[Fault, ...]]:
    """Return when it was received, and whether the network server's clock was of no use."""
    if _plausible(uplink.received, now):
        return uplink.received, ()
    return now, (Fault.CLOCK,)


def _plausible(t: datetime, now: datetime) -> bool:
    return max(EARLIEST, now - MAX_HISTORY) <= t <= now + MAX_AHEAD


def _place(
    sample: Sample, received: datetime, now: datetime
) -> tuple[datetime, tuple[Fault, ...]] | None:
    """Return the time of a sample and its faults; None when it cannot be placed in time."""
    if sample.t is None:
        return received, sample.faults
    if _plausible(sample.t, now):
        return sample.t, sample.faults
    if Fault.HISTORY in sample.faults:
        return None
    return received, (*sample.faults, Fault.CLOCK)


def _misplaced(device: str, times: Sequence[datetime], now: datetime) -> Iterable[Refusal]:
    """Refuse what lies in a memory and cannot be of its time, once for all entries."""
    for reason, found in (
        (Reason.TIME_TOO_OLD, [t for t in times if t <= now]),
        (Reason.TIME_IN_FUTURE, [t for t in times if t > now]),
    ):
        if found:
            yield Refusal(
                reason,
                f"{device}: {len(found)} readings of its memory are of {min(found).isoformat()} to "
                f"{max(found).isoformat()}; {MAX_HISTORY.days} days back are taken and "
                f"{MAX_AHEAD} ahead: check the device's clock",
            )


def _invalid(uplink: Uplink, exc: ValidationError) -> Refusal:
    first = exc.errors(include_url=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return Refusal(Reason.INVALID_FIELD, f"{uplink.device}: {where}: {first['msg']}"[:500])


def _named(
    uplink: Uplink, values: Mapping[str, object], seq: int | None = None
) -> dict[str, object]:
    return {"v": 1, "id": uplink.device, "seq": uplink.f_cnt if seq is None else seq, **values}


def _reading(uplink: Uplink, sample: Sample, t: datetime, faults: Iterable[Fault]) -> Telemetry:
    """Return the reading, without the fields that the wire contract cannot take."""
    found = dict.fromkeys(faults)
    if not sample.d_mm and Fault.NO_ECHO in found:
        distances: list[int] | None = []
    else:
        distances = None if sample.d_mm is None else list(sample.d_mm[:MAX_ECHOES])
    history = Fault.HISTORY in found
    values = _named(
        uplink,
        {
            "t": t,
            "d_mm": distances,
            # A percentage of the device knows nothing of the bin: it stands in only.
            "fill_pct": None if distances else sample.fill_pct,
            "bat_mv": sample.bat_mv,
            "temp_c": sample.temp_c,
            "tilt_deg": sample.tilt_deg,
            # The radio of this uplink says nothing of a reading that waited in memory.
            "rssi_dbm": sample.rssi_dbm
            if sample.rssi_dbm is not None or history
            else uplink.rssi_dbm,
            "snr_db": sample.snr_db if sample.snr_db is not None or history else uplink.snr_db,
        },
        sample.seq,
    )
    try:
        return Telemetry.model_validate(values | {"faults": [*found] or None})
    except ValidationError as exc:
        bad = {str(error["loc"][0]) for error in exc.errors(include_url=False)}
        if bad & {"id", "t", "seq"}:
            raise
        values = {name: value for name, value in values.items() if name not in bad}
        found[Fault.BAD_FIELD] = None
        return Telemetry.model_validate(values | {"faults": [*found]})


def _metas(uplink: Uplink, frame: Frame, model: Model | None) -> Iterable[Meta]:
    if frame.fw is None and frame.interval_s is None:
        return
    values: dict[str, object] = {
        "v": 1,
        "id": uplink.device,
        "model": model.name if model else uplink.hint,
        "sensor": model.sensor if model else None,
        "fw": frame.fw,
        "interval_s": frame.interval_s,
    }
    try:
        yield Meta.model_validate(values)
    except ValidationError as exc:
        for error in exc.errors(include_url=False, include_context=False):
            values.pop(str(error["loc"][0]), None)
        if "id" in values and (values.get("fw") or values.get("interval_s")):
            yield Meta.model_validate(values)
