"""A network of our own between two processes: it drops, delays and swallows."""

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

_CHUNK_BYTES = 64 * 1024


class Link:
    """A TCP listener on loopback that passes every connection on to `connect`."""

    def __init__(self, connect: Callable[[], socket.socket]) -> None:
        self._connect = connect
        self._listener = socket.create_server(("127.0.0.1", 0))
        #: Where the near side connects to.
        self.port: int = self._listener.getsockname()[1]
        #: How long each piece waits before it goes on, seconds.
        self.delay_s = 0.0
        self._open = threading.Event()
        self._open.set()
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self._thread = threading.Thread(target=self._accept, name="link", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        # Closing alone would not wake the thread that waits in `accept`.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.restore()
        self.cut()
        self._thread.join()

    def cut(self) -> None:
        """Drop every connection; new ones pass."""
        with self._lock:
            sockets, self._sockets = self._sockets, set()
        for sock in sockets:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def swallow(self) -> None:
        """Pass nothing on until `restore`; both sides believe that they are connected."""
        self._open.clear()

    def restore(self) -> None:
        """Be a good network again."""
        self.delay_s = 0.0
        self._open.set()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            try:
                far = self._connect()
            except OSError:
                near.close()  # what it leads to is down
                continue
            with self._lock:
                self._sockets |= {near, far}
            pumps = [
                threading.Thread(target=self._pump, args=ends, daemon=True)
                for ends in ((near, far), (far, near))
            ]
            for pump in pumps:
                pump.start()
            threading.Thread(target=self._close, args=(near, far, pumps), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while piece := source.recv(_CHUNK_BYTES):
                self._open.wait()
                if self.delay_s:
                    time.sleep(self.delay_s)
                target.sendall(piece)
        for sock in (source, target):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def _close(
        self, near: socket.socket, far: socket.socket, pumps: list[threading.Thread]
    ) -> None:
        for pump in pumps:
            pump.join()
        with self._lock:
            self._sockets -= {near, far}
        near.close()
        far.close()


def to_port(port: int) -> Callable[[], socket.socket]:
    """Return what connects to a port of this machine."""
    return lambda: socket.create_connection(("127.0.0.1", port), timeout=None)


def to_socket_file(path: str) -> Callable[[], socket.socket]:
    """Return what connects to a Unix socket."""

    def connect() -> socket.socket:
        sock = socket.socket(socket.AF_UNIX)
        try:
            sock.connect(path)
        except OSError:
            sock.close()
            raise
        return sock

    return connect
