"""What senders with memory hear after the commit, on their `stored` topic."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from angkut_backend.ingest.batch import Received
from angkut_backend.ingest.times import moment
from angkut_backend.ingest.told import Told
from angkut_broker.codec import encode
from angkut_broker.messages import Event, ReadingName, Refused, Stored
from angkut_broker.reading import Reading
from angkut_broker.topics import Channel, Kind, Topic

#: Names in one message: some 90 bytes each, and a payload has 64 KiB.
_NAMES_PER_MESSAGE = 500
_GATEWAY_LEVEL = f"/{Kind.GATEWAY}/"

Confirmations = list[tuple[str, bytes]]


def confirm_readings(
    told: Told, *, refused: npt.NDArray[np.bool_], wanted: npt.NDArray[np.bool_]
) -> Confirmations:
    """Return topic and payload of each confirmation of readings in a committed transaction.

    Parameters
    ----------
    refused, wanted
        Of each run: whether its readings are kept aside, and whether its device asked.
    """
    return _messages(_names_of_readings(told, refused, wanted))


def confirm_things(
    things: Sequence[tuple[Received, Reading | Event | Refused]],
    *,
    refused: Iterable[int] = (),
    wanted: Iterable[int] = (),
) -> Confirmations:
    """Do the same for readings that could not be used, events and a gateway's refusals.

    Parameters
    ----------
    refused, wanted
        Positions in `things`: those that are kept aside, and those of devices that asked.
    """
    return _messages(_names_of_things(things, set(refused), set(wanted)))


#: Topic of the message, whether it is stored, and what it is called.
_Name = tuple[Topic, bool, ReadingName]


def _names_of_readings(
    told: Told, refused: npt.NDArray[np.bool_], wanted: npt.NDArray[np.bool_]
) -> Iterator[_Name]:
    by_run = zip(told.sources, wanted.tolist(), strict=True)
    # Most come from devices that do not ask: this is all that is done for them.
    chosen = [
        n for n, (source, asks) in enumerate(by_run) if asks or _GATEWAY_LEVEL in source.topic
    ]
    starts = told.run_starts()
    for n in chosen:
        topic = Topic.parse(told.sources[n].topic)
        if topic.kind is not Kind.GATEWAY and not wanted[n]:
            continue
        run = slice(starts[n], starts[n] + told.lengths[n])
        pairs = zip(told.observed_at[run].tolist(), told.seq[run].tolist(), strict=True)
        for observed_at, seq in pairs:
            name = ReadingName(id=told.devices[n], t=moment(observed_at), seq=seq)
            yield topic, not refused[n], name


def _names_of_things(
    things: Sequence[tuple[Received, Reading | Event | Refused]],
    refused: set[int],
    wanted: set[int],
) -> Iterator[_Name]:
    for position, (source, thing) in enumerate(things):
        topic = Topic.parse(source.topic)
        if topic.kind is Kind.GATEWAY or position in wanted:
            kind = thing.kind if isinstance(thing, Event) else None
            name = ReadingName(id=thing.id, t=thing.t, seq=thing.seq, kind=kind)
            yield topic, position not in refused, name


def _messages(names: Iterable[_Name]) -> Confirmations:
    of_topic: dict[Topic, list[tuple[bool, ReadingName]]] = defaultdict(list)
    for topic, is_stored, name in names:
        of_topic[topic].append((is_stored, name))
    return [
        (str(replace(topic, channel=Channel.STORED)), encode(_stored(part)))
        for topic, all_names in of_topic.items()
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
