"""One batch, one transaction: readings, events, device state, dead letters, news for the page."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from psycopg.errors import UniqueViolation

from angkut_backend.db import Connection, load_queries
from angkut_backend.ingest.batch import Batch, DeadLetter
from angkut_backend.ingest.confirm import Confirmations, confirm_readings, confirm_things
from angkut_backend.ingest.known import KnownDevices, Places
from angkut_backend.ingest.letters import letter_columns, letters_of_strangers
from angkut_backend.ingest.others import store_others, store_words_of_gateways
from angkut_backend.ingest.readings import copy_readings, insert_readings

_SQL = load_queries("angkut_backend.ingest")

#: From so many readings on COPY is quicker, in spite of its second statement.
_COPIED_FROM = 300
#: So many batches after one that held a copy are written with care.
_CAREFUL_FOR = 20

_WriteReadings = Callable[[Connection, Batch, KnownDevices], tuple[int, Places]]


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
    if batch.readings_n >= _COPIED_FROM and not devices.careful:
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
            kept = conn.execute(_SQL["store_dead_letters"], letter_columns(dead))
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
    confirmed: Confirmations = []
    dead = list(batch.dead_letters)
    if batch.readings_n:
        told = batch.readings()
        stored, places = write_readings(conn, batch, devices or KnownDevices())
        # A run is of one device: what is true of its first reading is true of all.
        of_runs = places[told.run_starts()]
        unknown = of_runs["device_id"] == 0
        duplicates = len(told) - int(told.lengths[unknown].sum()) - stored
        dead += letters_of_strangers(conn, told.runs(unknown))
        confirmed = confirm_readings(told, refused=unknown, wanted=of_runs["confirm"])
    refused, confirmed_events = store_others(conn, batch)
    dead += refused
    confirmed += confirmed_events
    dead += store_words_of_gateways(conn, batch)
    confirmed += confirm_things(list(batch.unread.values()))
    confirmed += confirm_things(batch.refused, refused=range(len(batch.refused)))
    reasons = Counter(letter.refusal.reason.value for letter in dead)
    return Outcome(stored, duplicates, reasons, tuple(confirmed)), dead
