"""A connection to a broker that never blocks, and a bell by which other threads wake its reader."""

import selectors
import socket
import ssl
from contextlib import suppress
from pathlib import Path

from angkut_broker.session import BrokerAddress

#: The longest wait for a connection and for a TLS handshake, seconds.
_CONNECT_S = 10.0
#: Some hundreds of messages a system call; what one read brings is handled before the next.
_READ_BYTES = 128 * 1024
#: TLS never gives more in one read, however much waits (RFC 8446, 5.1).
_LITTLE_BYTES = 16 * 1024


def open_socket(broker: BrokerAddress) -> socket.socket:
    """Connect, by TLS if so configured.

    Raises
    ------
    OSError
        Nobody listens there, or its certificate is not trusted, or `ca_file` is none.
    """
    sock = socket.create_connection((broker.host, broker.port), timeout=_CONNECT_S)
    try:
        # An acknowledgement must not wait for the next one.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if not broker.tls:
            return sock
        return _trusted(broker.ca_file).wrap_socket(sock, server_hostname=broker.host)
    except BaseException:
        sock.close()
        raise


def _trusted(ca_file: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as exc:
        # Python does not say which file it is that is missing or holds no certificate.
        raise OSError(f"mqtt_ca_file {ca_file}: {exc}") from exc


class Bell:
    """Wakes a thread that waits for a socket."""

    def __init__(self) -> None:
        self._near, self._far = socket.socketpair()
        self._near.setblocking(False)
        self._far.setblocking(False)

    def ring(self) -> None:
        """Wake the waiting thread now, or at its next wait."""
        # A full buffer means that it rings already.
        with suppress(BlockingIOError):
            self._far.send(b"!")

    def hush(self) -> None:
        """Forget how often it rang."""
        with suppress(BlockingIOError):
            while self._near.recv(4096):
                pass

    def fileno(self) -> int:
        """Return what a selector waits for."""
        return self._near.fileno()

    def close(self) -> None:
        """Give the sockets back."""
        self._near.close()
        self._far.close()


class Wire:
    """One connection, used by one thread."""

    def __init__(self, sock: socket.socket, bell: Bell) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._bell = bell
        self._selector = selectors.DefaultSelector()
        self._selector.register(bell, selectors.EVENT_READ)
        self._waits_for = 0
        self._out = bytearray()
        #: Whether the last read took so little that hardly more waits.
        self.found_little = True
        #: TLS may need to write before it can read, and to read before it can write.
        self._crossed = False

    def send(self, data: bytes) -> None:
        """Take bytes to be written as soon as the network takes them."""
        self._out += data
        self._flush()

    def wait(self, timeout_s: float, *, reading: bool) -> bool:
        """Wait for the bell or the network; write what waits; tell whether there is to read."""
        events = selectors.EVENT_READ if reading else 0
        if self._out or self._crossed:
            events |= selectors.EVENT_WRITE
        self._watch(events)
        # What TLS has decrypted already makes no socket readable.
        if reading and self._decrypted():
            timeout_s = 0
        ready = {key.fileobj: found for key, found in self._selector.select(timeout_s)}
        if self._bell in ready:
            self._bell.hush()
        found = ready.get(self._sock, 0)
        if found & selectors.EVENT_WRITE:
            self._crossed = False
            self._flush()
        return reading and bool(found or self._decrypted())

    def receive(self) -> bytes:
        """Return what has arrived, `b""` if nothing.

        Raises
        ------
        OSError
            The connection is over.
        """
        try:
            data = self._sock.recv(_READ_BYTES)
        except (BlockingIOError, ssl.SSLWantReadError):
            return b""
        except ssl.SSLWantWriteError:
            self._crossed = True
            return b""
        self.found_little = len(data) < _LITTLE_BYTES
        if not data:
            raise ConnectionResetError("the broker closed the connection")
        return data

    def close(self) -> None:
        """Close the connection."""
        self._selector.close()
        self._sock.close()

    def _flush(self) -> None:
        if not self._out:
            return
        with suppress(BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            sent = self._sock.send(self._out)
            del self._out[:sent]

    def _watch(self, events: int) -> None:
        if events == self._waits_for:
            return
        if not events:
            self._selector.unregister(self._sock)
        elif not self._waits_for:
            self._selector.register(self._sock, events)
        else:
            self._selector.modify(self._sock, events)
        self._waits_for = events

    def _decrypted(self) -> bool:
        return isinstance(self._sock, ssl.SSLSocket) and self._sock.pending() > 0
