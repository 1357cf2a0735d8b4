"""Writing what is no reading: events, status, meta, and the words of gateways."""

from angkut_backend.commands.service import record_acks
from angkut_backend.db import Connection, load_queries
from angkut_backend.gateways.service import learn_routes, record_health
from angkut_backend.ingest.batch import Batch, DeadLetter, as_float
from angkut_backend.ingest.confirm import Confirmations, confirm_things
from angkut_backend.ingest.letters import device_states, letters_of_unregistered
from angkut_broker.errors import Reason, Refusal
from angkut_broker.messages import Status

_SQL = load_queries("angkut_backend.ingest")


def store_others(conn: Connection, batch: Batch) -> tuple[list[DeadLetter], Confirmations]:
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
    states = device_states(conn, claims)
    known = [states.get(event.id) for event in events]
    confirmed = confirm_things(
        batch.events,
        refused=(n for n, state in enumerate(known) if state is None or state["retired"]),
        wanted=(n for n, state in enumerate(known) if state and state["confirm"]),
    )
    return list(letters_of_unregistered(claims, states)), confirmed


def store_words_of_gateways(conn: Connection, batch: Batch) -> list[DeadLetter]:
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
