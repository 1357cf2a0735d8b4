"""Ports on the loopback address."""

import secrets
import socket

LOOPBACK = "127.0.0.1"
#: Below those that systems give to outgoing connections, which could take one before a child does.
_SERVERS = range(15_000, 32_000)


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Tell whether a server could listen on this port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: the remains of closed connections do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def choose(usual: int, host: str = LOOPBACK) -> int:
    """Return the usual port if it is free, else one that is (0 asks for any)."""
    if usual and is_free(usual, host):
        return usual
    port = first_free(secrets.choice(_SERVERS), host)
    if port is not None:
        return port
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        given: int = probe.getsockname()[1]
    return given


def first_free(start: int, host: str = LOOPBACK) -> int | None:
    """Return the first free port from this one on; None if the next hundred are taken.

    For a port that a child takes later, and again when it is started anew: one that the system
    gives for the asking could go to any outgoing connection meanwhile.
    """
    return next(
        (port for port in range(start, min(start + 100, 65_536)) if is_free(port, host)), None
    )
