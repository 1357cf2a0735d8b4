"""Many device sessions, driven by one thread with one selector."""

import logging
import resource
import selectors
import ssl
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Self

from angkut_broker.messages import Meta
from angkut_sim.errors import SimError, StalledError
from angkut_sim.fleet_file import BrokerAddress, FleetFile
from angkut_sim.session import Session, SocketHooks, Tally

_LOG = logging.getLogger(__name__)

#: Connections opened and not yet answered. An overloaded NATS closes newcomers (measured:
#: 0 of 1,000 at once got in), so the broker's own pace of answering sets ours.
MAX_CONNECTING = 8
#: After a connection could not be opened, no device tries for this long, s.
_PAUSE_S = 0.25
#: How often keep-alives are looked after, s.
_MISC_EVERY_S = 1.0


class Fleet:
    """The sessions of a fleet file. All happens inside `run_once`, in the caller's thread."""

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
        self._selector = selectors.DefaultSelector()
        self._pause_until_s = 0.0
        self._misc_at_s = 0.0
        _allow_files(len(fleet_file.devices))
        tls = _tls(broker)
        hooks = SocketHooks(self._opened, self._closed, self._wants_write)
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
        return sum(session.unacknowledged for session in self.sessions.values())

    @property
    def connected(self) -> int:
        """Devices whose session is up."""
        return sum(session.connected for session in self.sessions.values())

    def run_once(self, wait_s: float) -> None:
        """Connect what is due, then read and write what is ready; wait at most `wait_s` for it."""
        now_s = self._monotonic()
        self._connect_due(now_s)
        for session in self.sessions.values():
            session.pump()
        for key, mask in self._selector.select(wait_s):
            session = key.data
            if mask & selectors.EVENT_READ:
                _read(session)
            if mask & selectors.EVENT_WRITE:
                session.client.loop_write()
        now_s = self._monotonic()
        if now_s >= self._misc_at_s:
            self._misc_at_s = now_s + _MISC_EVERY_S
            for session in self.sessions.values():
                session.client.loop_misc()
        for session in self.sessions.values():
            session.take_trouble(now_s)

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
                _read(key.data)
            if not self.connected:
                break

    def _connect_due(self, now_s: float) -> None:
        if now_s < self._pause_until_s:
            return
        waiting = sum(session.connecting for session in self.sessions.values())
        for session in self.sessions.values():
            if waiting >= MAX_CONNECTING:
                return
            if session.connected or session.connecting or now_s < session.retry_at_s:
                continue
            waiting += 1
            try:
                session.connect()
            except OSError as exc:
                self.tally.last_trouble = f"{session.device.id}: {exc}"
                _LOG.debug("cannot connect: %s", self.tally.last_trouble)
                session.broken = True
                # All go to the same broker: if one cannot reach it, the next cannot either.
                self._pause_until_s = now_s + _PAUSE_S
                return

    def _opened(self, session: Session, sock: int) -> None:
        self._selector.register(sock, selectors.EVENT_READ, session)

    def _closed(self, sock: int) -> None:
        self._selector.unregister(sock)

    def _wants_write(self, session: Session, sock: int, wanted: bool) -> None:
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if wanted else 0)
        self._selector.modify(sock, events, session)


def _tls(broker: BrokerAddress) -> ssl.SSLContext | None:
    if broker.tls_ca is None:
        return None
    try:
        return ssl.create_default_context(cafile=broker.tls_ca)
    except OSError as exc:
        raise SimError(
            f"cannot use {broker.tls_ca} as the certificate of the broker's authority: {exc}"
        ) from exc


def _read(session: Session) -> None:
    session.client.loop_read()
    sock = session.client.socket()
    # Decrypted bytes that wait inside the TLS layer wake no selector.
    while isinstance(sock, ssl.SSLSocket) and sock.pending():
        session.client.loop_read()
        sock = session.client.socket()


def _allow_files(devices: int) -> None:
    """Raise this process's own limit of open files as far as it may, when the fleet needs it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = devices + 256
    if soft < wanted:
        limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
