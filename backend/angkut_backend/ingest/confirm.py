"""What senders with memory hear after the commit, on their `stored` topic."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from angkut_backend.ingest.batch import Received
from angkut_broker.codec import encode
from angkut_broker.messages import Event, ReadingName, Refused, Stored
from angkut_broker.reading import Reading
from angkut_broker.topics import Channel, Kind, Topic

#: Names in one message: some 90 bytes each, and a payload has 64 KiB.
_NAMES_PER_MESSAGE = 500


def confirmations(
    things: Sequence[tuple[Received, Reading | Event | Refused]],
    refused: Iterable[int],
    wanted: Iterable[int],
) -> list[tuple[str, bytes]]:
    """Return topic and payload of each confirmation.

    Parameters
    ----------
    things
        Readings, events or a gateway's refusals that a committed transaction held.
    refused, wanted
        Positions in `things`: those that are kept aside, and those of devices that asked.
    """
    not_stored, asked = set(refused), set(wanted)
    gateway_level = f"/{Kind.GATEWAY}/"
    names: dict[Topic, list[tuple[bool, ReadingName]]] = defaultdict(list)
    for position, (source, thing) in enumerate(things):
        # Most come from devices that do not ask: this is all that is done for them.
        if gateway_level not in source.topic and position not in asked:
            continue
        topic = Topic.parse(source.topic)
        if topic.kind is Kind.GATEWAY or position in asked:
            kind = thing.kind if isinstance(thing, Event) else None
            name = ReadingName(id=thing.id, t=thing.t, seq=thing.seq, kind=kind)
            names[topic].append((position not in not_stored, name))
    return [
        (str(replace(topic, channel=Channel.STORED)), encode(_stored(part)))
        for topic, all_names in names.items()
        for part in _parts(all_names)
    ]


def _parts(names: list[tuple[bool, ReadingName]]) -> Iterable[list[tuple[bool, ReadingName]]]:
    for start in range(0, len(names), _NAMES_PER_MESSAGE):
        yield names[start : start + _NAMES_PER_MESSAGE]


def _stored(names: list[tuple[bool, ReadingName]]) -> Stored:
    return Stored(
        v=1,
        stored=[name for is_stored, name in names if is_stored],
        refused=[name for is_stored, name in names if not is_stored],
    )
