"""Sending upstream in order, and again what is not confirmed in time.

A device belongs to one lane, and a lane has one message on the way: what it sends next, it sends
when all of that message is confirmed. So no reading of a device overtakes an earlier one.
"""

import logging
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from angkut_broker.messages import MAX_BATCH, MAX_PAYLOAD_BYTES
from angkut_broker.topics import Channel
from angkut_edge.item import LANES, Item, ItemKind, Name
from angkut_edge.spool import Spool

log = logging.getLogger("angkut.edge")

#: How long a confirmation may take at first, and at last: it doubles each time, seconds.
FIRST_PATIENCE_S = 10.0
LONGEST_PATIENCE_S = 300.0
#: After an item was sent alone so often in vain, the one behind it is tried: if that is
#: confirmed, the first one is put off and holds up the others no longer.
MAX_ALONE = 3
PUT_OFF = timedelta(hours=1)

_CHANNELS = {
    ItemKind.READING: Channel.TELEMETRY,
    ItemKind.EVENT: Channel.EVENT,
    ItemKind.REFUSED: Channel.REFUSED,
}


@dataclass(slots=True)
class _Lane:
    number: int
    #: What is on the way and not confirmed yet.
    waiting: dict[Name, int] = field(default_factory=dict)
    deadline_s: float = 0.0
    #: Messages in a row of which nothing was confirmed in time.
    unanswered: int = 0
    #: Items in the next message at most.
    limit: int = MAX_BATCH
    #: How often the first item was sent alone in vain.
    alone: int = 0
    #: The first item, while the one behind it is on its way in its place.
    suspect: int | None = None
    #: What is to be put off: upstream confirms others, and not this.
    to_put_off: int | None = None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message for upstream."""

    channel: Channel
    payload: bytes
    items: int


class Forwarder:
    """Decides what is sent when. Times in seconds are of a monotonic clock."""

    def __init__(self, spool: Spool, *, rng: random.Random) -> None:
        self._spool = spool
        self._rng = rng
        self._lanes = [_Lane(number) for number in range(LANES + 1)]

    def connected(self, *, now_s: float) -> None:
        """Upstream is there (again): what was on the way may or may not have arrived."""
        for lane in self._lanes:
            # The MQTT client sends by itself what the broker has not acknowledged.
            lane.deadline_s = min(lane.deadline_s, now_s + self._patience_s(0))

    def settled(self, names: Iterable[Name], *, now_s: float) -> None:
        """Note what upstream confirmed; the spool has forgotten it."""
        by_lane = {name: lane for lane in self._lanes for name in lane.waiting}
        for name in names:
            lane = by_lane.get(name)
            if lane is None or lane.waiting.pop(name, None) is None:
                continue
            lane.unanswered = lane.alone = 0
            lane.to_put_off, lane.suspect = lane.suspect or lane.to_put_off, None
            lane.deadline_s = now_s + self._patience_s(0)
            if not lane.waiting:
                lane.limit = min(MAX_BATCH, lane.limit * 2)

    def send(
        self, publish: Callable[[Outgoing], None], *, now: datetime, now_s: float
    ) -> tuple[int, int]:
        """Publish what is due; return how many items, and how many of them again."""
        sent = again = 0
        for lane in self._lanes:
            if lane.waiting and now_s < lane.deadline_s:
                continue
            if lane.to_put_off is not None:
                self._put_off(lane, now)
            repeated = len(lane.waiting)
            if repeated:
                self._give_up_waiting(lane)
            if items := self._compose(lane, now):
                publish(_message(items))
                lane.waiting = {item.name: item.item_id for item in items}
                lane.deadline_s = now_s + self._patience_s(lane.unanswered)
                sent += len(items)
                again += min(repeated, len(items))
        return sent, again

    def _give_up_waiting(self, lane: _Lane) -> None:
        lane.unanswered += 1
        log.info(
            "%d of a message not confirmed in time (%d in a row); sending again",
            len(lane.waiting),
            lane.unanswered,
        )
        if lane.suspect is None and len(lane.waiting) == 1:
            lane.alone += 1
        lane.suspect = None
        # Half as many, so that what cannot be confirmed is soon alone.
        lane.limit = max(1, len(lane.waiting) // 2)
        lane.waiting = {}

    def _put_off(self, lane: _Lane, now: datetime) -> None:
        item_id, lane.to_put_off = lane.to_put_off, None
        with self._spool.transaction():
            if item_id is not None and self._spool.defer(item_id, until=now + PUT_OFF):
                self._spool.count("put_off", 1)
                log.warning("upstream confirms others, but not item %d: put off", item_id)

    def _compose(self, lane: _Lane, now: datetime) -> list[Item]:
        """Return the first items that make one message: readings, or one event or refusal."""
        if lane.alone > MAX_ALONE:
            lane.alone = MAX_ALONE
            first_two = self._spool.head(lane.number, limit=2, now=now)
            if len(first_two) == 2:
                lane.suspect = first_two[0].item_id
                return first_two[1:]
        items = self._spool.head(lane.number, limit=lane.limit, now=now)
        if not items or items[0].kind is not ItemKind.READING:
            return items[:1]
        chosen: list[Item] = []
        size = len("[]")
        for item in items:
            size += len(item.payload) + len(",")
            if item.kind is not ItemKind.READING or size > MAX_PAYLOAD_BYTES:
                break
            chosen.append(item)
        return chosen

    def _patience_s(self, unanswered: int) -> float:
        # Jittered, so that gateways that lost upstream together spread their return.
        usual = min(LONGEST_PATIENCE_S, FIRST_PATIENCE_S * 2.0 ** min(unanswered, 10))
        return usual * self._rng.uniform(0.8, 1.2)


def _message(items: list[Item]) -> Outgoing:
    kind = items[0].kind
    if kind is ItemKind.READING:
        payload = b"[" + b",".join(item.payload for item in items) + b"]"
    else:
        (item,) = items
        payload = item.payload
    return Outgoing(_CHANNELS[kind], payload, len(items))
