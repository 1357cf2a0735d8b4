"""Configuration of the NATS server's MQTT listener, made from the contract's topics.

NATS keeps acknowledged messages over a kill, but speaks MQTT 3.1.1 only and accepts `$share`
without serving it. It brings unacknowledged messages again after `ACK_WAIT_S`, behind newer ones.
"""

import json
from collections.abc import Sequence

from angkut_broker.credentials import BrokerUser, distinct
from angkut_broker.mosquitto import MAX_PACKET_BYTES, server_reads, server_writes
from angkut_broker.topics import Channel, topic_filter

CONFIGURATION_FILE = "nats.conf"
DATA_FOLDER = "data"

#: A message not acknowledged for so long is delivered again, so this must exceed the longest
#: commit of ingest by far.
ACK_WAIT_S = 10
#: Messages that ingest may have in hand. A batch of a day's history is up to 64 KiB; so many are
#: stored well within `ACK_WAIT_S`, or NATS would bring all of them again for nothing.
MAX_ACK_PENDING = 200
#: All queues on disk together; when full, a publish is not acknowledged and comes again.
MAX_STORE_BYTES = 4 * 1024**3
#: Nothing of ours asks for queues in memory; NATS would else offer most of the machine's.
MAX_MEMORY_BYTES = 64 * 1024**2
#: Every MQTT session needs these two of its own subjects, else QoS 1 is refused.
_SESSION_SUBJECTS = ("$MQTT.sub.>", "$MQTT.deliver.pubrel.>")


def configuration(users: Sequence[BrokerUser], *, port: int, address: str = "127.0.0.1") -> str:
    """Return `nats.conf`; its paths are relative to the folder that NATS starts in."""
    entries = "".join(f"    {_user(user)}\n" for user in distinct(users))
    return (
        "# Generated from the wire contract; changes are lost.\n"
        'server_name: "angkut"\n'
        # NATS' own protocol cannot be switched off: any free port, and no user may use it.
        f"listen: {json.dumps(f'{address}:-1')}\n"
        "logtime: false\n"
        f"max_payload: {MAX_PACKET_BYTES}\n"
        f"jetstream {{ store_dir: {json.dumps(DATA_FOLDER)}, "
        f"max_file_store: {MAX_STORE_BYTES}, max_memory_store: {MAX_MEMORY_BYTES} }}\n"
        f"mqtt {{ listen: {json.dumps(f'{address}:{port}')}, "
        f'ack_wait: "{ACK_WAIT_S}s", max_ack_pending: {MAX_ACK_PENDING} }}\n'
        f"authorization {{\n  users: [\n{entries}  ]\n}}\n"
    )


def _user(user: BrokerUser) -> str:
    if user.role != "device":
        publish = [_subject(topic_filter(channel)) for channel in server_writes(user.role)]
        subscribe = [_subject(topic_filter(channel)) for channel in server_reads(user.role)]
    else:
        own = {
            channel: _subject(topic_filter(channel, device_id=user.username)) for channel in Channel
        }
        publish = [subject for channel, subject in own.items() if channel.from_device]
        subscribe = [subject for channel, subject in own.items() if not channel.from_device]
    permissions = {"publish": publish, "subscribe": [*subscribe, *_SESSION_SUBJECTS]}
    # NATS reads JSON as a part of its own notation.
    return json.dumps(
        {
            "user": user.username,
            "password": user.bcrypt,
            "permissions": permissions,
            "allowed_connection_types": ["MQTT"],
        }
    )


def _subject(mqtt_filter: str) -> str:
    """Translate an MQTT filter without `#` into a NATS subject."""
    return mqtt_filter.replace("/", ".").replace("+", "*")
