import json
from pathlib import Path

from angkut_broker import mosquitto, nats
from angkut_broker.credentials import BrokerUser
from angkut_broker.messages import MAX_PAYLOAD_BYTES
from angkut_broker.topics import Channel

DEVICE = BrokerUser("70b3d57ed0001234", "device", "$7$101$c2FsdA==$aGFzaA==", "$2b$04$device")
INGEST = BrokerUser("angkut-ingest", "ingest", "$7$101$c2FsdA==$b3RoZXI=", "$2b$04$ingest")
WORKER = BrokerUser("angkut-worker", "worker", "$7$101$c2FsdA==$ZHJpdHRlcg==", "$2b$04$worker")


def rules(text: str) -> list[str]:
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def test_mosquittos_access_list_names_every_channel_of_the_contract_once_for_devices() -> None:
    patterns = [line for line in rules(mosquitto.access_list([])) if line.startswith("pattern")]
    assert patterns == [
        f"pattern {'write' if channel.from_device else 'read'} angkut/v1/+/+/+/%u/{channel}"
        for channel in Channel
    ]


def test_mosquittos_access_list_lets_ingest_read_what_devices_send_and_confirm_it() -> None:
    text = mosquitto.access_list([DEVICE, INGEST])
    of_ingest = rules(text)[rules(text).index("user angkut-ingest") + 1 :]
    reads = {f"topic read angkut/v1/+/+/+/+/{name}" for name in Channel if name.from_device}
    assert set(of_ingest) == reads | {"topic write angkut/v1/+/+/+/+/stored"}


def test_mosquittos_access_list_lets_the_worker_send_commands_and_nothing_else() -> None:
    text = mosquitto.access_list([DEVICE, WORKER])
    of_worker = rules(text)[rules(text).index("user angkut-worker") + 1 :]
    assert of_worker == ["topic write angkut/v1/+/+/+/+/cmd"]


def test_mosquittos_password_file_holds_one_line_a_user_in_order_of_names() -> None:
    assert mosquitto.password_file([INGEST, DEVICE]) == (
        "70b3d57ed0001234:$7$101$c2FsdA==$aGFzaA==\nangkut-ingest:$7$101$c2FsdA==$b3RoZXI=\n"
    )


def test_mosquitto_listens_on_loopback_only_and_lets_nobody_in_without_a_name() -> None:
    lines = rules(mosquitto.configuration(port=1883))
    assert [line for line in lines if line.startswith("listener")] == ["listener 1883 127.0.0.1"]
    assert "allow_anonymous false" in lines


def test_mosquittos_tls_listener_takes_names_from_certificates_or_passwords() -> None:
    tls = mosquitto.TlsListener(8883, Path("/cert.pem"), Path("/key.pem"), Path("/ca.pem"))
    lines = rules(mosquitto.configuration(port=1883, tls=tls))
    plain = ["listener 8883 0.0.0.0", "certfile /cert.pem", "keyfile /key.pem"]
    names = ["cafile /ca.pem", "require_certificate true", "use_identity_as_username true"]
    assert lines[lines.index("listener 8883 0.0.0.0") :] == plain + names
    by_password = mosquitto.TlsListener(8883, Path("/cert.pem"), Path("/key.pem"))
    lines = rules(mosquitto.configuration(port=1883, tls=by_password))
    assert lines[lines.index("listener 8883 0.0.0.0") :] == plain


def test_both_brokers_pass_the_largest_payload_and_bound_what_they_keep() -> None:
    assert mosquitto.MAX_PACKET_BYTES > MAX_PAYLOAD_BYTES + 1000
    lines = rules(mosquitto.configuration(port=1883))
    for bound in ("max_packet_size", "max_queued_messages", "max_queued_bytes"):
        (line,) = [line for line in lines if line.startswith(bound)]
        assert int(line.split()[1]) > 0
    text = nats.configuration([INGEST], port=1883)
    assert f"max_payload: {mosquitto.MAX_PACKET_BYTES}" in text
    assert "max_file_store: 4294967296" in text


def nats_user(user: BrokerUser) -> dict[str, object]:
    text = nats.configuration([DEVICE, INGEST, WORKER], port=1883)
    (line,) = [line for line in text.splitlines() if f'"{user.username}"' in line]
    found: dict[str, object] = json.loads(line)
    return found


def test_nats_lets_a_device_publish_and_read_below_its_own_id_only() -> None:
    own = f"angkut.v1.*.*.*.{DEVICE.username}"
    assert nats_user(DEVICE) == {
        "user": DEVICE.username,
        "password": DEVICE.bcrypt,
        "permissions": {
            "publish": [
                f"{own}.{name}"
                for name in ("telemetry", "event", "status", "meta", "ack", "refused", "health")
            ],
            "subscribe": [
                f"{own}.cmd",
                f"{own}.stored",
                "$MQTT.sub.>",
                "$MQTT.deliver.pubrel.>",
            ],
        },
        "allowed_connection_types": ["MQTT"],
    }


def test_nats_lets_ingest_read_what_devices_send_and_confirm_it() -> None:
    permissions = nats_user(INGEST)["permissions"]
    assert permissions == {
        "publish": ["angkut.v1.*.*.*.*.stored"],
        "subscribe": [
            *(f"angkut.v1.*.*.*.*.{name}" for name in Channel if name.from_device),
            "$MQTT.sub.>",
            "$MQTT.deliver.pubrel.>",
        ],
    }


def test_nats_lets_the_worker_send_commands_and_nothing_else() -> None:
    permissions = nats_user(WORKER)["permissions"]
    assert permissions == {
        "publish": ["angkut.v1.*.*.*.*.cmd"],
        "subscribe": ["$MQTT.sub.>", "$MQTT.deliver.pubrel.>"],
    }
