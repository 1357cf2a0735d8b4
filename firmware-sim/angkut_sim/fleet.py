"""Many device sessions, driven by one thread with one selector."""

import heapq
import itertools
import logging
import selectors
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Self

from angkut_broker.messages import Meta
from angkut_sim.errors import StalledError
from angkut_sim.fleet_file import BrokerAddress, FleetFile
from angkut_sim.session import Session
from angkut_sim.session_parts import LoopHooks, Tally
from angkut_sim.sockets import allow_files, read, tls_context

_LOG = logging.getLogger(__name__)

#: Connections opened and not yet answered. An overloaded NATS closes newcomers (measured:
#: 0 of 1,000 at once got in), so the broker's own pace of answering sets ours.
MAX_CONNECTING = 8
#: After a connection could not be opened, no device tries for this long, s.
_PAUSE_S = 0.25
#: How often the keep-alive of each session is looked after, s, and in how many shares.
_MISC_EVERY_S = 5.0
_MISC_SHARES = 25


class Fleet:
    """The sessions of a fleet file. All happens inside `run_once`, in the caller's thread.

    A turn of the loop costs what there is to do, not what there is: with thousands of sessions
    that sleep it looks at none of them.
    """

    def __init__(
        self,
        fleet_file: FleetFile,
        metas: Iterable[Meta],
        broker: BrokerAddress,
        *,
        queue_limit: int | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.tally = Tally()
        self._broker = broker
        self._monotonic = monotonic
        allow_files(len(fleet_file.devices))
        self._selector = selectors.DefaultSelector()
        self._pause_until_s = 0.0
        self._misc_at_s = 0.0
        tls = tls_context(broker)
        hooks = LoopHooks(self._opened, self._closed, self._wants_write, self._stirred, self._told)
        self.sessions = {
            device.id: Session.of(
                fleet_file,
                device,
                meta,
                broker=broker,
                tls=tls,
                tally=self.tally,
                hooks=hooks,
                queue_limit=queue_limit,
            )
            for device, meta in zip(fleet_file.devices, metas, strict=True)
        }
        #: Sessions with something to publish, or whose connection ended.
        self._stir: dict[Session, None] = {}
        #: Sessions that are to connect, by time; the number keeps the order of the fleet.
        self._numbers = itertools.count()
        self._to_connect = [
            (0.0, next(self._numbers), session) for session in self.sessions.values()
        ]
        self._connecting: set[Session] = set()
        self._commanded: dict[Session, None] = {}
        self._misc = deque(self.sessions.values())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        # Sockets only. Without `close` the broker publishes the last wills, as after a crash.
        for session in self.sessions.values():
            session.abandon()
        self._selector.close()

    @property
    def unacknowledged(self) -> int:
        """Messages of all devices that the broker has not acknowledged."""
        return self.tally.waiting

    @property
    def connected(self) -> int:
        """Devices whose session is up."""
        return self.tally.connected

    def run_once(self, wait_s: float) -> None:
        """Connect what is due, then read and write what is ready; wait at most `wait_s` for it."""
        now_s = self._monotonic()
        self._connect_due(now_s)
        self._settle(now_s)
        for key, mask in self._selector.select(self._patience_s(wait_s, now_s)):
            session = key.data
            if mask & selectors.EVENT_READ:
                read(session)
            if mask & selectors.EVENT_WRITE:
                session.client.loop_write()
        now_s = self._monotonic()
        self._look_after(now_s)
        self._settle(now_s)

    def commands(self) -> Iterator[tuple[Session, bytes]]:
        """Yield the commands that came and nobody looked at, with the session of each."""
        while self._commanded:
            session = next(iter(self._commanded))
            del self._commanded[session]
            while session.commands:
                yield session, session.commands.popleft()

    def drain(self, *, stalled_after_s: float, on_progress: Callable[[], None]) -> None:
        """Run until everything is acknowledged.

        Raises
        ------
        StalledError
            When nothing is acknowledged and nobody connects for `stalled_after_s`.

        """
        patience = self.patience(stalled_after_s)
        while self.unacknowledged:
            self.run_once(0.1)
            on_progress()
            patience()

    def patience(self, stalled_after_s: float) -> Callable[[], None]:
        """Return a check that raises `StalledError` when the tally stands still for too long."""
        seen, since_s = (-1, -1), 0.0

        def check() -> None:
            nonlocal seen, since_s
            now_s, tally = self._monotonic(), self.tally
            if seen != (tally.messages, tally.connections):
                seen, since_s = (tally.messages, tally.connections), now_s
            elif now_s - since_s > stalled_after_s:
                raise StalledError(
                    f"the broker at {self._broker.host}:{self._broker.port} acknowledged nothing "
                    f"for {stalled_after_s:.0f} s; {self.unacknowledged} messages wait, "
                    f"{self.connected} of {len(self.sessions)} devices are connected. "
                    f"Last trouble: {tally.last_trouble or 'none'}"
                )

        return check

    def close(self, within_s: float) -> None:
        """Say `offline`, disconnect in order; give up what takes longer than `within_s`."""
        deadline_s = self._monotonic() + within_s
        for session in self.sessions.values():
            if session.connected:
                session.say_goodbye()
        while self._monotonic() < deadline_s and any(
            session.connected and session.unacknowledged for session in self.sessions.values()
        ):
            self.run_once(0.1)
        for session in self.sessions.values():
            if session.connected and not session.unacknowledged:
                session.client.disconnect()
        while self._monotonic() < deadline_s and self._selector.get_map():
            for key, _ in self._selector.select(0.1):
                key.data.client.loop_write()
                read(key.data)
            if not self.connected:
                break

    def _settle(self, now_s: float) -> None:
        """Publish what waits; plan the next attempt where a connection ended."""
        while self._stir:
            session = next(iter(self._stir))
            del self._stir[session]
            session.pump()
            if not session.connecting:
                self._connecting.discard(session)
            if session.take_trouble(now_s):
                due = (session.retry_at_s, next(self._numbers), session)
                heapq.heappush(self._to_connect, due)

    def _patience_s(self, wait_s: float, now_s: float) -> float:
        if not self._to_connect or len(self._connecting) >= MAX_CONNECTING:
            return wait_s
        due_s = max(self._to_connect[0][0], self._pause_until_s)
        return max(0.0, min(wait_s, due_s - now_s))

    def _look_after(self, now_s: float) -> None:
        """Let paho look after keep-alives, a share of the sessions at a time."""
        if now_s < self._misc_at_s:
            return
        self._misc_at_s = now_s + _MISC_EVERY_S / _MISC_SHARES
        for _ in range(-(-len(self._misc) // _MISC_SHARES)):
            session = self._misc[0]
            self._misc.rotate(-1)
            session.client.loop_misc()

    def _connect_due(self, now_s: float) -> None:
        if now_s < self._pause_until_s:
            return
        while self._to_connect and self._to_connect[0][0] <= now_s:
            if len(self._connecting) >= MAX_CONNECTING:
                return
            session = heapq.heappop(self._to_connect)[2]
            self._connecting.add(session)
            try:
                session.connect()
            except OSError as exc:
                self.tally.last_trouble = f"{session.device.id}: {exc}"
                _LOG.debug("cannot connect: %s", self.tally.last_trouble)
                session.connecting = False
                session.broken = True
                self._stirred(session)
                # All go to the same broker: if one cannot reach it, the next cannot either.
                self._pause_until_s = now_s + _PAUSE_S
                return

    def _stirred(self, session: Session) -> None:
        self._stir[session] = None

    def _told(self, session: Session) -> None:
        self._commanded[session] = None

    def _opened(self, session: Session, sock: int) -> None:
        self._selector.register(sock, selectors.EVENT_READ, session)

    def _closed(self, sock: int) -> None:
        self._selector.unregister(sock)

    def _wants_write(self, session: Session, sock: int, wanted: bool) -> None:
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if wanted else 0)
        self._selector.modify(sock, events, session)
