"""One batch, one transaction: readings, events, device state, dead letters, news for the page."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from psycopg.errors import UniqueViolation

from angkut_backend.commands.service import record_acks
from angkut_backend.db import Connection, Row, load_queries
from angkut_backend.gateways.service import learn_routes, record_health
from angkut_backend.ingest.batch import Batch, DeadLetter, Received, as_float
from angkut_backend.ingest.confirm import confirmations
from angkut_backend.ingest.known import KnownDevices, Places
from angkut_backend.ingest.readings import Readings, copy_readings, insert_readings
from angkut_broker.errors import Reason, Refusal
from angkut_broker.messages import Status
from angkut_broker.reading import Reading

_SQL = load_queries("angkut_backend.ingest")

#: A dead letter keeps so many bytes of its payload: the contract's limit.
KEPT_BYTES = 64 * 1024
#: From so many readings on COPY is quicker, in spite of its second statement.
_COPIED_FROM = 300
#: So many batches after one that held a copy are written with care.
_CAREFUL_FOR = 20

_WriteReadings = Callable[[Connection, Readings, KnownDevices], tuple[int, Places]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a batch."""

    #: Readings that are new in the database.
    stored: int
    #: Readings that were there already.
    duplicates: int
    #: Messages kept aside, by reason.
    dead_letters: Mapping[str, int]
    #: Topic and payload of what senders want to hear, now that the batch is committed.
    confirmations: Sequence[tuple[str, bytes]] = ()

    @classmethod
    def sum(cls, parts: Sequence["Outcome"]) -> "Outcome":
        """Add up what became of several batches."""
        dead: Counter[str] = Counter()
        for part in parts:
            dead.update(part.dead_letters)
        return cls(
            sum(part.stored for part in parts),
            sum(part.duplicates for part in parts),
            dead,
            tuple(one for part in parts for one in part.confirmations),
        )


def store(conn: Connection, batch: Batch, devices: KnownDevices | None = None) -> Outcome:
    """Write one batch and commit it.

    Parameters
    ----------
    devices
        What was remembered over earlier batches on this database.

    Raises
    ------
    psycopg.Error
        Nothing of the batch is stored.
    """
    devices = devices or KnownDevices()
    devices.careful = max(0, devices.careful - 1)
    if len(batch.readings) >= _COPIED_FROM and not devices.careful:
        try:
            return _commit(conn, batch, devices, copy_readings)
        except UniqueViolation:
            # Where one reading is here for the second time, others are too.
            devices.careful = _CAREFUL_FOR
    return _commit(conn, batch, devices, insert_readings)


def _commit(
    conn: Connection, batch: Batch, devices: KnownDevices, write_readings: _WriteReadings
) -> Outcome:
    with conn.transaction():
        outcome, dead = write(conn, batch, devices, write_readings)
        if dead:
            kept = conn.execute(_SQL["store_dead_letters"], _dead_letter_columns(dead))
            outcome = replace(outcome, dead_letters=Counter(row["reason"] for row in kept))
    return outcome


def write(
    conn: Connection,
    batch: Batch,
    devices: KnownDevices | None = None,
    write_readings: _WriteReadings = insert_readings,
) -> tuple[Outcome, list[DeadLetter]]:
    """Write what a batch holds in the caller's transaction; return what is refused beside it.

    Raises
    ------
    psycopg.Error
        The caller's transaction is to be rolled back.
    """
    stored = duplicates = 0
    confirmed: list[tuple[str, bytes]] = []
    dead = list(batch.dead_letters)
    if batch.readings:
        stored, places = write_readings(conn, batch.readings, devices or KnownDevices())
        unknown = np.flatnonzero(places["device_id"] == 0).tolist()
        duplicates = len(places) - len(unknown) - stored
        dead += _unknown(conn, batch, unknown)
        wanted = np.flatnonzero(places["confirm"]).tolist()
        confirmed = confirmations(batch.readings, unknown, wanted)
    refused, confirmed_events = _store_others(conn, batch)
    dead += refused
    confirmed += confirmed_events
    dead += _store_words_of_gateways(conn, batch)
    confirmed += confirmations(list(batch.unread.values()), refused=(), wanted=())
    confirmed += confirmations(batch.refused, refused=range(len(batch.refused)), wanted=())
    reasons = Counter(letter.refusal.reason.value for letter in dead)
    return Outcome(stored, duplicates, reasons, tuple(confirmed)), dead


def _unknown(conn: Connection, batch: Batch, refused: Sequence[int]) -> Iterator[DeadLetter]:
    """Explain the readings whose device is not in the registry; one letter a message."""
    # By message, and not by reading: a batch of an unknown device is one letter.
    first = {id(source): (source, reading.id) for source, reading in _picked(batch, refused)}
    claims = list(first.values())
    states = _device_states(conn, claims)
    for source, device in claims:
        # Added a moment ago, it is still refused: the reading was not written.
        yield DeadLetter(source, _why_refused(device, states.get(device)))


def _picked(batch: Batch, positions: Sequence[int]) -> Iterator[tuple[Received, Reading]]:
    return (batch.readings[position] for position in reversed(positions))


def _device_states(conn: Connection, claims: Sequence[tuple[Received, str]]) -> Mapping[str, Row]:
    """Return `retired` and `confirm` of those devices that are in the registry."""
    if not claims:
        return {}
    devices = sorted({device for _, device in claims})
    rows = conn.execute(_SQL["device_states"], {"devices": devices}).fetchall()
    return {row["external_id"]: row for row in rows}


def _unregistered(
    claims: Sequence[tuple[Received, str]], states: Mapping[str, Row]
) -> Iterator[DeadLetter]:
    """Yield a letter for each message whose device is unknown or retired."""
    for source, device in claims:
        state = states.get(device)
        if state is None or state["retired"]:
            yield DeadLetter(source, _why_refused(device, state))


def _why_refused(device: str, state: Row | None) -> Refusal:
    if state and state["retired"]:
        return Refusal(Reason.RETIRED_DEVICE, f"device {device!r} is retired")
    return Refusal(
        Reason.UNKNOWN_DEVICE,
        f"device {device!r} is not in the registry: add it with `angkut devices add`",
    )


def _store_others(
    conn: Connection, batch: Batch
) -> tuple[list[DeadLetter], list[tuple[str, bytes]]]:
    """Write events, status and meta.

    Return letters for those of unregistered devices, and confirmations of the events.
    """
    events = [event for _, event in batch.events]
    if events:
        conn.execute(
            _SQL["store_events"],
            {
                "device": [event.id for event in events],
                "observed_at": [event.t for event in events],
                "kind": [event.kind.value for event in events],
                "seq": [event.seq for event in events],
                "received_at": [source.received_at for source, _ in batch.events],
                "value": [as_float(event.value) for event in events],
            },
        )
    # Sorted, so that two writers lock the device rows in one order.
    statuses = sorted(batch.statuses.items())
    if statuses:
        conn.execute(
            _SQL["update_status"],
            {
                "device": [device for device, _ in statuses],
                "online": [status is Status.ONLINE for _, (_, status) in statuses],
                "received_at": [source.received_at for _, (source, _) in statuses],
            },
        )
    described = [entry for _, entry in sorted(batch.metas.items())]
    metas = [meta for _, meta in described]
    if metas:
        conn.execute(
            _SQL["update_meta"],
            {
                "device": [meta.id for meta in metas],
                "model": [meta.model for meta in metas],
                "firmware": [meta.fw for meta in metas],
                "sensor_kind": [meta.sensor for meta in metas],
                "interval_s": [meta.interval_s for meta in metas],
                "confirm": [meta.confirm for meta in metas],
                "received_at": [source.received_at for source, _ in described],
            },
        )
    claims = [(source, event.id) for source, event in batch.events]
    claims += [(source, device) for device, (source, _) in statuses]
    claims += [(source, device) for device, (source, _) in batch.metas.items()]
    claims += [(source, gateway) for gateway, (source, _) in batch.healths.items()]
    states = _device_states(conn, claims)
    known = [states.get(event.id) for event in events]
    confirmed = confirmations(
        batch.events,
        refused=(n for n, state in enumerate(known) if state is None or state["retired"]),
        wanted=(n for n, state in enumerate(known) if state and state["confirm"]),
    )
    return list(_unregistered(claims, states)), confirmed


def _store_words_of_gateways(conn: Connection, batch: Batch) -> list[DeadLetter]:
    """Write health, routes and answers to commands; return letters for answers to nothing."""
    for _, (source, health) in sorted(batch.healths.items()):
        record_health(conn, health, received_at=source.received_at)
    if batch.metas:
        learn_routes(conn, batch.routes())
    if not batch.acks:
        return []
    strange = record_acks(conn, [(ack, source.received_at) for source, ack in batch.acks])
    letters = []
    for source, ack in (batch.acks[position] for position in strange):
        detail = f"device {ack.id!r} was given no command {ack.cmd_id!r}"
        letters.append(DeadLetter(source, Refusal(Reason.UNKNOWN_COMMAND, detail)))
    return letters


def _dead_letter_columns(letters: Sequence[DeadLetter]) -> dict[str, list[object]]:
    return {
        "received_at": [letter.source.received_at for letter in letters],
        "topic": [_clean(letter.source.topic) for letter in letters],
        "payload": [letter.source.payload[:KEPT_BYTES] for letter in letters],
        "reason": [letter.refusal.reason.value for letter in letters],
        "detail": [_clean(letter.refusal.detail) for letter in letters],
        "again": [letter.source.again for letter in letters],
    }


def _clean(text: str) -> str:
    # PostgreSQL stores neither NUL nor lone surrogates; a dead letter must never be refused.
    text = text.replace("\0", "\N{REPLACEMENT CHARACTER}")
    return text.encode(errors="replace").decode()[:500]
