"""Keeping the spool within its bounds, and telling how the gateway is."""

import logging
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from angkut_broker.messages import Health
from angkut_edge.link import Link
from angkut_edge.memory import Memory
from angkut_edge.metrics import EdgeMetrics
from angkut_edge.policy import REASONS, keep_bounds
from angkut_edge.room import Room
from angkut_edge.settings import GatewaySettings
from angkut_edge.spool import Spool, SpoolFullError

log = logging.getLogger("angkut.edge")

#: How often bounds are kept and the state is shown to the monitor, seconds.
_EVERY_S = 5.0
#: How often upstream hears how the gateway is, seconds; at once when a trouble comes or goes.
_TELL_S = 60.0


class House:
    """Looks after the spool in the thread of the gateway's loop; `troubles` from any thread."""

    def __init__(
        self,
        settings: GatewaySettings,
        links: list[Link],
        *,
        spool: Spool,
        memory: Memory,
        room: Room,
        metrics: EdgeMetrics,
        clock: Callable[[], datetime],
    ) -> None:
        self._gateway = settings.gateway
        self._max_bytes = settings.spool.max_mb * 1024 * 1024
        self._max_age = timedelta(days=settings.spool.max_days)
        self._links = links
        self._spool = spool
        self._memory = memory
        self._room = room
        self._metrics = metrics
        self._clock = clock
        self._kept_s = self._told_s = 0.0
        self._told: frozenset[str] = frozenset()

    def troubles(self) -> Mapping[str, datetime]:
        """Return what keeps the gateway from its work, and since when."""
        found = {link.name: link.away_since for link in self._links}
        found |= {"disk full": self._room.full_since}
        return {what: since for what, since in found.items() if since is not None}

    def keep(self) -> None:
        """Keep the bounds and show the state, every few seconds."""
        now_s = time.monotonic()
        if now_s - self._kept_s < _EVERY_S:
            return
        self._kept_s = now_s
        try:
            self._keep_bounds(self._clock())
        except SpoolFullError as exc:
            self._room.ran_out(exc)
        else:
            if self._room.full_since is None:
                self._room.hold()
        self._show()

    def word_due(self, *, at_once: bool) -> Health | None:
        """Return what upstream should hear of the gateway now, if anything."""
        now_s = time.monotonic()
        troubles = self.troubles()
        is_news = frozenset(troubles) != self._told
        if not at_once and not is_news and now_s - self._told_s < _TELL_S:
            return None
        self._told_s, self._told = now_s, frozenset(troubles)
        backlog, tallies = self._spool.backlog(), self._spool.tallies()
        return Health(
            v=1,
            id=self._gateway,
            t=self._clock(),
            queued=backlog.total,
            oldest=backlog.oldest,
            spool_bytes=backlog.used_bytes,
            spool_max_bytes=self._max_bytes,
            dropped={name: tallies[name] for name in REASONS if name in tallies},
            troubles=dict(troubles),
        )

    def _keep_bounds(self, now: datetime) -> None:
        with self._spool.transaction():
            dropped = keep_bounds(
                self._spool, max_bytes=self._max_bytes, max_age=self._max_age, now=now
            )
            self._memory.forget_old(now=now)
        self._spool.shrink()
        if dropped:
            log.warning("the spool is beyond its bounds: gave up %d items", dropped)

    def _show(self) -> None:
        backlog = self._spool.backlog()
        age = self._clock() - backlog.oldest if backlog.oldest else timedelta(0)
        self._metrics.show(
            backlog,
            max_bytes=self._max_bytes,
            oldest_s=age.total_seconds(),
            tallies=self._spool.tallies(),
            up={link.name: link.is_up for link in self._links},
            full=self._room.full_since is not None,
        )
