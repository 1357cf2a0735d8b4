"""Sockets of sessions: how many there may be, TLS, reading."""

import resource
import ssl

from angkut_sim.errors import SimError
from angkut_sim.fleet_file import BrokerAddress
from angkut_sim.session import Session

#: Files that the rest of the process needs.
_OTHERS = 256


def allow_files(sessions: int) -> None:
    """Raise the process's own limit as far as the fleet needs.

    Raises
    ------
    SimError
        The system does not allow so many.

    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = sessions + _OTHERS
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise SimError(
            f"{sessions} devices need {wanted} open files, and a process may have {hard} here: "
            "raise the hard limit (nofile in /etc/security/limits.conf, LimitNOFILE= of a "
            "systemd unit, --ulimit nofile= of a container), or simulate fewer devices"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def tls_context(broker: BrokerAddress) -> ssl.SSLContext | None:
    """Return what trusts the broker's authority; None: a connection without TLS.

    Raises
    ------
    SimError
        The certificate cannot be used.

    """
    if broker.tls_ca is None:
        return None
    try:
        return ssl.create_default_context(cafile=broker.tls_ca)
    except OSError as exc:
        raise SimError(
            f"cannot use {broker.tls_ca} as the certificate of the broker's authority: {exc}"
        ) from exc


def read(session: Session) -> None:
    """Let paho read what has come."""
    session.client.loop_read()
    sock = session.client.socket()
    # Decrypted bytes that wait inside the TLS layer wake no selector.
    while isinstance(sock, ssl.SSLSocket) and sock.pending():
        session.client.loop_read()
        sock = session.client.socket()
