"""The gateway process: hear, write, acknowledge; send, and forget what upstream has stored."""

import logging
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from angkut_broker.codec import encode
from angkut_broker.messages import Status
from angkut_broker.topics import Channel
from angkut_edge.downlink import Downlinks
from angkut_edge.forward import Forwarder
from angkut_edge.house import House
from angkut_edge.intake import Intake
from angkut_edge.link import Arrived, Inbox, Link
from angkut_edge.memory import Memory
from angkut_edge.metrics import EdgeMetrics
from angkut_edge.room import Room
from angkut_edge.settings import GatewaySettings, Source
from angkut_edge.spool import Spool, SpoolFullError
from angkut_edge.upstream import Upstream

log = logging.getLogger("angkut.edge")

#: Messages of sources written in one transaction at most.
_BATCH = 500
#: How often a quiet loop turns, seconds.
_TICK_S = 0.5
#: A line about what was done comes at most this often, seconds.
_REPORT_S = 60.0
#: A loop that did not turn for so long hangs: restart the process, seconds.
_HANGS_S = 120.0


@dataclass(frozen=True, slots=True)
class GatewayState:
    """How a gateway is. Alive: leave it running."""

    alive: bool
    #: What keeps it from its work, and since when.
    troubles: Mapping[str, datetime]


class Gateway:
    """One gateway. Its links have threads; all else happens in the thread that calls `run`.

    Raises
    ------
    SpoolError
        The spool cannot be opened.

    """

    def __init__(
        self, settings: GatewaySettings, *, clock: Callable[[], datetime], rng: random.Random
    ) -> None:
        self._settings = settings
        self._room = Room(settings.spool.path.with_suffix(".reserve"), clock=clock)
        self._spool = Spool(settings.spool.path)
        self._room.look()
        self.metrics = EdgeMetrics([source.name for source in settings.sources])
        self._bell = threading.Event()
        self._uplinks, self._orders = Inbox(self._bell), Inbox(self._bell)
        self._link = self._link_upstream(clock)
        self._sources = {
            source.name: self._link_source(source, clock) for source in settings.sources
        }
        #: Received, and not written because the disk is full.
        self._held: list[Arrived] = []
        memory = Memory(self._spool.conn)
        envelopes = {source.name: source.envelope for source in settings.sources}
        downlinks = Downlinks(settings.gateway, memory, envelopes)
        self._intake = Intake(settings, self._spool, memory, downlinks)
        self._upstream = Upstream(
            settings,
            self._link,
            self._sources,
            spool=self._spool,
            memory=memory,
            downlinks=downlinks,
            forwarder=Forwarder(self._spool, rng=rng),
            room=self._room,
            metrics=self.metrics,
            clock=clock,
        )
        self._house = House(
            settings,
            [self._link, *self._sources.values()],
            spool=self._spool,
            memory=memory,
            room=self._room,
            metrics=self.metrics,
            clock=clock,
        )
        self._turned_at = self._reported_at = time.monotonic()

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set; what is not written by then stays at its broker."""
        for link in (self._link, *self._sources.values()):
            link.start()
        try:
            while not stop.is_set():
                self._turn()
        finally:
            for link in self._sources.values():
                link.stop()
            self._link.stop(farewell=(self._settings.topic(Channel.STATUS), encode(Status.OFFLINE)))
            self._report(final=True)
            self._spool.close()

    def health(self) -> GatewayState:
        """Say whether readings go upstream at this moment, and what is in the way."""
        is_turning = time.monotonic() - self._turned_at < _HANGS_S
        return GatewayState(alive=is_turning, troubles=self._house.troubles())

    def _turn(self) -> None:
        self._turned_at = time.monotonic()
        self._bell.wait(_TICK_S)
        self._bell.clear()
        self._upstream.listen(self._orders.drain(_BATCH))
        try:
            if self._room.is_there():
                self._take(self._held or self._uplinks.drain(_BATCH))
            if self._link.is_up:
                is_new = self._upstream.greet()
                self._upstream.send()
                if (word := self._house.word_due(at_once=is_new)) is not None:
                    self._upstream.tell(word)
        except SpoolFullError as exc:
            self._room.ran_out(exc)
        self._house.keep()
        self._report()

    def _take(self, batch: list[Arrived]) -> None:
        """Write what sources brought, then acknowledge it."""
        if not batch:
            return
        self._held = batch
        taken = self._intake.write(batch)
        self._held = []
        for link in self._sources.values():
            link.acknowledge([arrived for arrived in batch if arrived.link is link])
        taken.count(self.metrics)
        for arrived, told in taken.heard:
            self._upstream.tally["heard"] += len(told.readings) + len(told.events)
            self._upstream.tally["refused here"] += len(told.refusals)
            for topic, payload in told.replies:
                arrived.link.publish(topic, payload)
        self._upstream.describe(taken.metas)
        self._upstream.answer(taken.acks)

    def _link_upstream(self, clock: Callable[[], datetime]) -> Link:
        topic = self._settings.topic
        gateway = self._settings.gateway
        return Link(
            "upstream",
            self._settings.upstream.address(gateway),
            client_id=gateway,
            filters=[(topic(Channel.STORED), 1), (topic(Channel.CMD), 1)],
            inbox=self._orders,
            clock=clock,
            will=(topic(Channel.STATUS), encode(Status.OFFLINE)),
        )

    def _link_source(self, source: Source, clock: Callable[[], datetime]) -> Link:
        return Link(
            source.name,
            source.address(),
            client_id=f"angkut-edge-{self._settings.gateway}-{source.name}",
            filters=[(one, source.qos) for one in source.envelope.filters],
            inbox=self._uplinks,
            clock=clock,
        )

    def _report(self, *, final: bool = False) -> None:
        now_s = time.monotonic()
        if not final and now_s - self._reported_at < _REPORT_S:
            return
        elapsed_s, self._reported_at = now_s - self._reported_at, now_s
        tally = self._upstream.tally
        shown = ", ".join(f"{what} {count}" for what, count in tally.items() if count)
        tally.clear()
        waits = self._spool.backlog().total
        log.info("in %.0f s: %s; %d wait", elapsed_s, shown or "quiet", waits)
