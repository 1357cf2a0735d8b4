"""Dead letters: why the registry refuses a device, and what is kept of a message."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from angkut_backend.db import Connection, Row, load_queries
from angkut_backend.ingest.batch import DeadLetter, Received
from angkut_broker.errors import Reason, Refusal

_SQL = load_queries("angkut_backend.ingest")

#: A dead letter keeps so many bytes of its payload: the contract's limit.
KEPT_BYTES = 64 * 1024

#: A message, and the device that it is of or speaks for.
Claim = tuple[Received, str]


def device_states(conn: Connection, claims: Sequence[Claim]) -> Mapping[str, Row]:
    """Return `retired` and `confirm` of those devices that are in the registry."""
    if not claims:
        return {}
    devices = sorted({device for _, device in claims})
    rows = conn.execute(_SQL["device_states"], {"devices": devices}).fetchall()
    return {row["external_id"]: row for row in rows}


def letters_of_strangers(conn: Connection, claims: Iterable[Claim]) -> Iterator[DeadLetter]:
    """Explain readings that were not written for their device; one letter a message."""
    # By message, and not by reading: a batch of an unknown device is one letter.
    first: dict[int, Claim] = {}
    for source, device in claims:
        first.setdefault(id(source), (source, device))
    states = device_states(conn, list(first.values()))
    for source, device in first.values():
        # Added a moment ago, it is still refused: the reading was not written.
        yield DeadLetter(source, _why_refused(device, states.get(device)))


def letters_of_unregistered(
    claims: Iterable[Claim], states: Mapping[str, Row]
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


def letter_columns(letters: Sequence[DeadLetter]) -> dict[str, list[object]]:
    """Return the columns of `store_dead_letters`."""
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
