"""Sending a signed message to an address that somebody gave, and to nowhere else.

The address is checked again at each sending, and the connection goes to the very IP address that
was checked: a name that changes its mind in between (DNS rebinding) gains nothing.
"""

import base64
import hashlib
import hmac
import http.client
import ipaddress
import secrets
import socket
import ssl
import threading
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import SplitResult, urlsplit

from angkut_backend.errors import BackendError

_KEY_PREFIX = "whsec_"
#: Longest wait for one step, and for a whole sending, seconds.
STEP_S = 3.0
WHOLE_S = 6.0
_MAX_URL = 2000
_LOCALHOST = "localhost"

_PRIVATE = [
    ipaddress.ip_network(text)
    for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
]
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class WebhookUrlError(BackendError):
    """Messages cannot be sent to this address."""

    code = "bad_webhook"


@dataclass(frozen=True, slots=True)
class Sent:
    """How a sending ended."""

    is_delivered: bool
    #: The status, or what went wrong; short.
    result: str


class Sender:
    """Sends; knows which addresses are allowed and whom TLS trusts."""

    def __init__(self, *, allow_private: bool, tls: ssl.SSLContext | None = None) -> None:
        self._allow_private = allow_private
        self._tls = tls or ssl.create_default_context()

    def send(self, url: str, secret: str, message_id: str, body: str, now: datetime) -> Sent:
        """Send once; any trouble is in the answer, none is raised."""
        try:
            status = self._post(url, signed_headers(secret, message_id, body, now), body)
        except (WebhookUrlError, OSError, http.client.HTTPException) as exc:
            return Sent(False, (str(exc) or type(exc).__name__)[:200])
        if 300 <= status < 400:
            return Sent(False, f"{status}: redirects are not followed")
        return Sent(200 <= status < 300, str(status))

    def _post(self, url: str, headers: dict[str, str], body: str) -> int:
        parts = check_url(url)
        host = parts.hostname or ""
        port = parts.port or (443 if parts.scheme == "https" else 80)
        ip = self._resolve(host, port)
        tls = self._tls if parts.scheme == "https" else None
        connection = _Pinned(host, port, ip, tls)
        # Timeouts are for one step; this ends a receiver that gives a byte now and then.
        cut = threading.Timer(WHOLE_S, connection.cut)
        cut.daemon = True
        cut.start()
        try:
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request("POST", path, body.encode(), headers)
            return connection.getresponse().status
        finally:
            cut.cancel()
            connection.close()

    def _resolve(self, host: str, port: int) -> str:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        ips = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
        for ip in ips:
            if not self._is_allowed(ip, is_local=is_loopback(host)):
                raise WebhookUrlError(
                    f"{host} is at {ip}, which is not a public address; "
                    "webhooks_allow_private allows private ones"
                )
        return str(ips[0])

    def _is_allowed(self, ip: _Address, *, is_local: bool) -> bool:
        ip = _inner(ip)
        if is_local:
            return ip.is_loopback
        if self._allow_private and any(ip in network for network in _PRIVATE):
            return True
        return ip.is_global and not ip.is_multicast


def check_url(url: str) -> SplitResult:
    """Return the parts of an address to which messages may go, as far as it tells by itself.

    Raises
    ------
    WebhookUrlError
        Says what is wrong with it.

    """
    if (
        len(url) > _MAX_URL
        or not url.isascii()
        or any(c.isspace() or not c.isprintable() for c in url)
    ):
        raise WebhookUrlError(f"an address is up to {_MAX_URL} plain characters without spaces")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as exc:
        raise WebhookUrlError(f"this is no address: {exc}") from exc
    if not host or port == 0:
        raise WebhookUrlError("an address has the form https://host/path")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise WebhookUrlError("an address carries no user, password or fragment")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        raise WebhookUrlError("messages go by https; plain http only to this machine (127.0.0.1)")
    return parts


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine by its very name."""
    if host == _LOCALHOST:
        return True
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        return False
    # Not the IPv4 address that an IPv6 address stands for: Python's versions differ about it.
    return ip.is_loopback and _inner(ip) == ip


def new_secret() -> str:
    """Make a signing secret in the form of Standard Webhooks."""
    return _KEY_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def signed_headers(secret: str, message_id: str, body: str, now: datetime) -> dict[str, str]:
    """Return the headers by which a receiver knows who sent it, and when (Standard Webhooks)."""
    timestamp = str(int(now.timestamp()))
    key = base64.b64decode(secret.removeprefix(_KEY_PREFIX))
    signed = f"{message_id}.{timestamp}.{body}".encode()
    signature = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return {
        "Content-Type": "application/json",
        "User-Agent": "angkut-webhook/1",
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{signature}",
    }


class _Pinned(http.client.HTTPConnection):
    """A connection to one IP address, whatever the name means by now."""

    def __init__(self, host: str, port: int, ip: str, tls: ssl.SSLContext | None) -> None:
        super().__init__(host, port, timeout=STEP_S)
        self.default_port = 443 if tls else 80
        self._ip = ip
        self._own_tls = tls

    def connect(self) -> None:
        self.sock = socket.create_connection((self._ip, self.port), STEP_S)
        if self._own_tls is not None:
            # The handshake apart, so that `cut` reaches it.
            self.sock = self._own_tls.wrap_socket(
                self.sock, server_hostname=self.host, do_handshake_on_connect=False
            )
            self.sock.do_handshake()

    def cut(self) -> None:
        """End it from another thread."""
        if self.sock is not None:
            with suppress(OSError):
                self.sock.shutdown(socket.SHUT_RDWR)


def _inner(ip: _Address) -> _Address:
    """Return the IPv4 address that an IPv6 address stands for, if it does."""
    if isinstance(ip, ipaddress.IPv4Address):
        return ip
    if ip in _NAT64:
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    teredo = ip.teredo[1] if ip.teredo else None
    return ip.ipv4_mapped or ip.sixtofour or teredo or ip
