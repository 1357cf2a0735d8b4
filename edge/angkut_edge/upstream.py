"""The conversation with upstream: who is here, what is stored, commands and their answers."""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from pydantic import ValidationError

from angkut_broker import __version__
from angkut_broker.codec import encode
from angkut_broker.messages import Ack, Health, Meta, Status, Stored
from angkut_broker.topics import Channel
from angkut_edge.downlink import Downlinks
from angkut_edge.forward import Forwarder, Outgoing
from angkut_edge.item import Name
from angkut_edge.link import Arrived, Link
from angkut_edge.memory import Memory
from angkut_edge.metrics import EdgeMetrics
from angkut_edge.room import Room
from angkut_edge.settings import GatewaySettings
from angkut_edge.spool import Spool, SpoolFullError

log = logging.getLogger("angkut.edge")

#: Descriptions of devices sent in one turn.
_METAS = 50


class Upstream:
    """Speaks with upstream in the thread of the gateway's loop."""

    def __init__(
        self,
        settings: GatewaySettings,
        link: Link,
        sources: Mapping[str, Link],
        *,
        spool: Spool,
        memory: Memory,
        downlinks: Downlinks,
        forwarder: Forwarder,
        room: Room,
        metrics: EdgeMetrics,
        clock: Callable[[], datetime],
    ) -> None:
        self._gateway = settings.gateway
        self._topics = {channel: settings.topic(channel) for channel in Channel}
        self._link = link
        self._sources = sources
        self._spool = spool
        self._memory = memory
        self._downlinks = downlinks
        self._forwarder = forwarder
        self._room = room
        self._metrics = metrics
        self._clock = clock
        self._greeted = 0
        self._metas_due = {meta.id: meta for meta in memory.metas()}
        #: What was settled since somebody looked.
        self.tally: Counter[str] = Counter()

    def listen(self, messages: Sequence[Arrived]) -> None:
        """Do what upstream says, then acknowledge it."""
        for message in messages:
            done = True
            if message.topic == self._topics[Channel.STORED]:
                done = self._settle(message.payload)
            elif message.topic == self._topics[Channel.CMD]:
                self._command(message)
            if done:
                self._link.acknowledge([message])

    def describe(self, metas: Mapping[str, Meta]) -> None:
        """Tell of devices as soon as upstream is there."""
        self._metas_due |= metas

    def answer(self, acks: Iterable[Ack]) -> None:
        """Say what became of commands. A lost answer is asked for again."""
        for ack in acks:
            self._link.publish(self._topics[Channel.ACK], encode(ack))
            outcome = "underway" if ack.final is False else "done" if ack.ok else "failed"
            self._metrics.answered(outcome)
            log.info("command %s for %s: %s, %s", ack.cmd_id, ack.id, outcome, ack.detail)

    def greet(self) -> bool:
        """Say who is here, once for each connection; return whether this is a new one."""
        connections = self._link.connections
        is_new = connections != self._greeted
        if is_new:
            self._greeted = connections
            meta = Meta(v=1, id=self._gateway, model="angkut edge", fw=__version__)
            self._link.publish(self._topics[Channel.STATUS], encode(Status.ONLINE), retain=True)
            self._link.publish(self._topics[Channel.META], encode(meta), retain=True)
            self._forwarder.connected(now_s=time.monotonic())
        for device in list(self._metas_due)[:_METAS]:
            # Not retained: the retained description of this topic is the gateway's own.
            described = self._metas_due.pop(device)
            self._link.publish(self._topics[Channel.META], encode(described))
        return is_new

    def send(self) -> None:
        """Publish what is due.

        Raises
        ------
        SpoolFullError
            The disk is full.

        """

        def publish(message: Outgoing) -> None:
            self._link.publish(self._topics[message.channel], message.payload)

        sent, again = self._forwarder.send(publish, now=self._clock(), now_s=time.monotonic())
        self._metrics.sent(sent, again=again)

    def tell(self, health: Health) -> None:
        """Say how the gateway is."""
        self._link.publish(self._topics[Channel.HEALTH], encode(health))

    def _settle(self, payload: bytes) -> bool:
        """Forget what is stored; tell whether that could be written."""
        try:
            said = Stored.model_validate_json(payload)
        except ValidationError as exc:
            log.warning(
                "a confirmation cannot be read: %s", exc.errors(include_url=False)[0]["msg"]
            )
            return True
        stored = [Name.confirmed(name, gateway=self._gateway) for name in said.stored]
        refused = [Name.confirmed(name, gateway=self._gateway) for name in said.refused]
        try:
            with self._spool.transaction():
                gone = self._spool.settle(stored)
                aside = self._spool.settle(refused)
                if aside:
                    self._spool.set_aside(aside, now=self._clock())
        except SpoolFullError as exc:
            self._room.ran_out(exc)
            return False
        self._forwarder.settled([*stored, *refused], now_s=time.monotonic())
        for outcome, items in (("stored", gone), ("refused", aside)):
            self._metrics.settled(outcome, len(items))
            self.tally[f"{outcome} upstream"] += len(items)
        return True

    def _command(self, message: Arrived) -> None:
        up = {name: link.is_up for name, link in self._sources.items()}
        given = self._downlinks.give(message.payload, now=message.at, up=up)
        if given.handed is not None:
            # Before it is written: a kill in between hands it over twice, and never not at all.
            handed = given.handed
            self._sources[handed.source].publish(handed.topic, handed.payload)
        if given.ack is None:
            return
        try:
            with self._spool.transaction():
                self._memory.answered(given.ack, now=message.at)
        except SpoolFullError as exc:
            self._room.ran_out(exc)
        self.answer([given.ack])
