"""Configuration, access list and password file of Mosquitto, made from the contract's topics."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from angkut_broker.credentials import BrokerUser, Role, distinct
from angkut_broker.topics import INGEST_CHANNELS, Channel, topic_filter

CONFIGURATION_FILE = "mosquitto.conf"
PASSWORD_FILE = "passwd"  # noqa: S105 - a file's name
ACCESS_FILE = "acl"
DATA_FOLDER = "data"

#: Twice the largest payload of the contract: a slightly larger one still reaches ingest, which
#: says why it is refused; the broker cuts off whoever sends more.
MAX_PACKET_BYTES = 128 * 1024
#: Unacknowledged messages on the way to one subscriber: several batches, so that one is written
#: while the next arrives. Mosquitto's own 20 would keep ingest from ever filling a batch.
MAX_INFLIGHT = 5000
#: The same bound for large payloads: what a connection to a subscriber may cost in memory.
MAX_INFLIGHT_BYTES = 32 * 1024 * 1024
#: Messages kept for one absent subscriber, about 0.8 kB each with a reading of 200 bytes:
#: 160 MB, which is what 240 bins at 30 minutes send in 17 days.
MAX_QUEUED = 200_000
#: The same bound for large payloads; the first one reached counts.
MAX_QUEUED_BYTES = 256 * 1024 * 1024
#: Mosquitto 2.0 loses on a kill what came since the last snapshot: at most this long.
AUTOSAVE_S = 60
#: A subscriber that stays away longer loses its session and its queue.
EXPIRATION_DAYS = 14


@dataclass(frozen=True, slots=True)
class TlsListener:
    """A listener for devices beyond this machine."""

    port: int
    cert_file: Path
    key_file: Path
    #: Authority of the devices' certificates: each must show one, whose common name is its id.
    #: Without it devices sign in with their password, over TLS.
    ca_file: Path | None = None
    address: str = "0.0.0.0"  # noqa: S104 - devices are elsewhere, and must sign in


def configuration(*, port: int, address: str = "127.0.0.1", tls: TlsListener | None = None) -> str:
    """Return `mosquitto.conf`; its paths are relative to the folder that Mosquitto starts in."""
    lines = [
        "# Generated from the wire contract; changes are lost.",
        "per_listener_settings false",
        "allow_anonymous false",
        f"password_file {PASSWORD_FILE}",
        f"acl_file {ACCESS_FILE}",
        "persistence true",
        f"persistence_location {DATA_FOLDER}/",
        f"autosave_interval {AUTOSAVE_S}",
        f"persistent_client_expiration {EXPIRATION_DAYS}d",
        f"max_inflight_messages {MAX_INFLIGHT}",
        f"max_inflight_bytes {MAX_INFLIGHT_BYTES}",
        f"max_queued_messages {MAX_QUEUED}",
        f"max_queued_bytes {MAX_QUEUED_BYTES}",
        f"max_packet_size {MAX_PACKET_BYTES}",
        # One line for each of thousands of devices that come and go says nothing.
        "connection_messages false",
        "log_dest stderr",
        "log_timestamp false",
        f"listener {port} {address}",
    ]
    if tls:
        lines += [
            f"listener {tls.port} {tls.address}",
            f"certfile {tls.cert_file}",
            f"keyfile {tls.key_file}",
        ]
    if tls and tls.ca_file:
        lines += [
            f"cafile {tls.ca_file}",
            "require_certificate true",
            "use_identity_as_username true",
        ]
    return _text(lines)


def access_list(users: Sequence[BrokerUser]) -> str:
    """Return the ACL: a device reaches only its own topics, the server those of all devices.

    Mosquitto grants a SUBSCRIBE to a foreign topic and then delivers nothing.
    """
    lines = ["# Generated from the wire contract; changes are lost."]
    for channel in Channel:
        access = "write" if channel.from_device else "read"
        # %u is the user name, which is the device id.
        lines.append(f"pattern {access} {topic_filter(channel, device_id='%u')}")
    for user in distinct(users):
        if user.role == "device":
            continue
        lines.append(f"user {user.username}")
        lines += [f"topic read {topic_filter(channel)}" for channel in server_reads(user.role)]
        lines += [f"topic write {topic_filter(channel)}" for channel in server_writes(user.role)]
    return _text(lines)


def password_file(users: Sequence[BrokerUser]) -> str:
    """Return the password file: one `name:verifier` a line."""
    return _text([f"{user.username}:{user.pbkdf2_sha512}" for user in distinct(users)])


def server_reads(role: Role) -> tuple[Channel, ...]:
    """Return which channels of all devices a part of the server may subscribe to."""
    return INGEST_CHANNELS if role == "ingest" else ()


def server_writes(role: Role) -> tuple[Channel, ...]:
    """Return which channels of all devices a part of the server may publish on."""
    return (Channel.STORED,) if role == "ingest" else (Channel.CMD,)


def _text(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
