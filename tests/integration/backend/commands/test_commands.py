"""Commands: asked by people, sent by the worker's job, answered by devices."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from angkut_backend.accounts.service import Role
from angkut_backend.commands import service
from angkut_backend.commands.sending import FIRST_RETRY, LONGEST_RETRY, send_due
from angkut_backend.db import Connection
from angkut_backend.errors import ConflictError, NotConfiguredError, NotFoundError
from angkut_backend.ingest.batch import Batch, Received
from angkut_backend.ingest.store import Outcome, store
from angkut_broker.codec import encode
from angkut_broker.credentials import user_with_secret
from angkut_broker.messages import Ack, Command, Meta
from angkut_broker.session import BrokerAddress, BrokerUnreachableError
from angkut_infra.stack import ports
from angkut_infra.stack.broker import EmbeddedBroker
from angkut_infra.stack.log import Log
from integration.infra.mqtt_client import Client
from parts.api import Api
from parts.edge import GATEWAY, register_gateway
from parts.registry import DEVICE, TOPIC, add_registry
from parts.waiting import wait_until

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PASSWORD = "rahasia"
GATEWAY_TOPIC = f"angkut/v1/bekasi/327501/gateway/{GATEWAY}"


@pytest.fixture
def registry(conn: Connection) -> Connection:
    add_registry(conn)
    register_gateway(conn)
    conn.commit()
    return conn


@pytest.fixture
def broker(mosquitto: Path, tmp_path: Path) -> Iterator[EmbeddedBroker]:  # noqa: ARG001
    """A broker that knows the worker, ingest, the device and the gateway."""
    embedded = EmbeddedBroker(
        tmp_path / "broker",
        port=ports.choose(0),
        username="angkut-ingest",
        password=PASSWORD,
        log=Log(),
        kind="mosquitto",
    )
    embedded.start(
        [
            user_with_secret("angkut-ingest", "ingest", PASSWORD),
            user_with_secret("angkut-worker", "worker", PASSWORD),
            user_with_secret(DEVICE, "device", PASSWORD),
            user_with_secret(GATEWAY, "device", PASSWORD),
        ]
    )
    try:
        yield embedded
    finally:
        embedded.stop()


def worker(broker: EmbeddedBroker) -> BrokerAddress:
    return BrokerAddress(broker.address.host, broker.address.port, "angkut-worker", PASSWORD)


def ask(conn: Connection, cmd: str = "interval", **args: int) -> service.Command:
    args = args or {"seconds": 600}
    asked = service.ask(conn, DEVICE, cmd, args, expires_in=None, actor="test", now=NOW)
    conn.commit()
    return asked


def state(conn: Connection, command_id: UUID) -> service.Command:
    [command] = service.list_commands(conn, DEVICE, command_id=command_id)
    conn.rollback()
    return command


def answer(
    conn: Connection,
    cmd_id: object,
    *,
    ok: bool = True,
    minutes: int = 1,
    detail: str | None = None,
    final: bool | None = None,
) -> Outcome:
    ack = Ack(v=1, id=DEVICE, cmd_id=str(cmd_id), ok=ok, detail=detail, final=final)
    at = NOW + timedelta(minutes=minutes)
    outcome = store(conn, Batch.of([Received(0, 1, f"{TOPIC}/ack", encode(ack), at)]))
    conn.commit()
    return outcome


def send(
    conn: Connection,
    broker: EmbeddedBroker,
    *,
    minutes: float = 0,
    rng: random.Random | None = None,
) -> bool:
    at = NOW + timedelta(minutes=minutes)
    more = send_due(conn, at, worker(broker), rng or random.Random(1))  # noqa: S311 - jitter
    conn.commit()
    return more


def commands(client: Client) -> list[Command]:
    return [Command.model_validate_json(payload) for _, payload in client.received]


def test_a_command_reaches_its_device_and_the_answer_ends_it(
    registry: Connection, broker: EmbeddedBroker
) -> None:
    asked = ask(registry)
    assert (asked.state, asked.attempts) == ("queued", 0)
    with Client(broker.address.port, DEVICE, PASSWORD) as device:
        device.subscribe(f"{TOPIC}/cmd")
        send(registry, broker)
        wait_until(lambda: device.received, what="the command")
    [received] = commands(device)
    assert (received.cmd, received.args, received.id) == ("interval", {"seconds": 600}, None)
    assert received.expires == asked.expires_at
    sent = state(registry, asked.command_id)
    assert (sent.state, sent.attempts, sent.sent_at) == ("sent", 1, NOW)

    answer(registry, received.cmd_id, detail="every 600 s")
    done = state(registry, asked.command_id)
    assert (done.state, done.detail) == ("done", "every 600 s")
    assert done.ended_at == NOW + timedelta(minutes=1)


def test_the_registry_expects_the_new_interval_once_the_device_has_taken_it(
    registry: Connection,
) -> None:
    asked = ask(registry)
    answer(registry, asked.command_id, ok=False, detail="too short")
    assert interval_s(registry) == 1800
    assert state(registry, asked.command_id).state == "failed"
    answer(registry, ask(registry).command_id)
    assert interval_s(registry) == 600


def interval_s(conn: Connection) -> int:
    row = conn.execute("SELECT interval_s FROM device WHERE external_id = %s", [DEVICE]).fetchone()
    assert row is not None
    found: int = row["interval_s"]
    return found


def test_a_command_that_nobody_answers_is_sent_again_ever_later_until_it_expires(
    registry: Connection, broker: EmbeddedBroker
) -> None:
    asked = ask(registry)
    waits: list[int] = []
    last = 0
    with Client(broker.address.port, DEVICE, PASSWORD) as device:
        device.subscribe(f"{TOPIC}/cmd")
        # Every 15 s of the hour and a half for which it is valid (three intervals).
        for step in range(91 * 4):
            send(registry, broker, minutes=step / 4)
            attempts = state(registry, asked.command_id).attempts
            if attempts > len(waits):
                waits.append(step - last)
                last = step
        wait_until(lambda: len(device.received) == len(waits), what="all copies")
    assert len({command.cmd_id for command in commands(device)}) == 1
    assert waits[1:] == sorted(waits[1:])
    assert FIRST_RETRY.total_seconds() * 0.7 <= waits[1] * 15 <= FIRST_RETRY.total_seconds() * 1.8
    assert 5 <= len(waits) <= 10
    expired = state(registry, asked.command_id)
    assert (expired.state, expired.detail) == ("expired", "nobody answered in time")
    assert expired.ended_at is not None
    assert expired.ended_at - NOW == timedelta(minutes=90)


def test_a_device_that_comes_online_gets_its_command_at_once(
    registry: Connection, broker: EmbeddedBroker
) -> None:
    asked = ask(registry)
    send(registry, broker)
    send(registry, broker, minutes=0.2)
    assert state(registry, asked.command_id).attempts == 1
    online = Received(0, 1, f"{TOPIC}/status", b"online", NOW + timedelta(seconds=12))
    store(registry, Batch.of([online]))
    registry.commit()
    send(registry, broker, minutes=0.25)
    assert state(registry, asked.command_id).attempts == 2


def test_a_command_for_a_device_behind_a_gateway_goes_through_it(
    registry: Connection, broker: EmbeddedBroker
) -> None:
    meta = Meta(v=1, id=DEVICE, model="em310-udl")
    store(registry, Batch.of([Received(0, 1, f"{GATEWAY_TOPIC}/meta", encode(meta), NOW)]))
    asked = ask(registry)
    with Client(broker.address.port, GATEWAY, PASSWORD) as gateway:
        gateway.subscribe(f"{GATEWAY_TOPIC}/cmd")
        send(registry, broker)
        wait_until(lambda: gateway.received, what="the command")
    [received] = commands(gateway)
    assert (received.id, received.cmd_id) == (DEVICE, str(asked.command_id))

    answer(registry, asked.command_id, final=False, detail="handed to the network server")
    underway = state(registry, asked.command_id)
    assert (underway.state, underway.ended_at) == ("delivered", None)
    # The answer proper may get lost: the gateway is asked again, though rarely.
    send(registry, broker, minutes=30)
    assert state(registry, asked.command_id).attempts == 1
    send(registry, broker, minutes=1 + LONGEST_RETRY.total_seconds() / 60)
    assert state(registry, asked.command_id).attempts == 2
    answer(registry, asked.command_id, minutes=80)
    assert state(registry, asked.command_id).state == "done"


def test_a_device_that_speaks_for_itself_again_is_told_directly(
    registry: Connection, broker: EmbeddedBroker
) -> None:
    meta = encode(Meta(v=1, id=DEVICE))
    for mid, topic in enumerate((f"{GATEWAY_TOPIC}/meta", f"{TOPIC}/meta")):
        store(registry, Batch.of([Received(0, mid, topic, meta, NOW)]))
    ask(registry)
    with Client(broker.address.port, DEVICE, PASSWORD) as device:
        device.subscribe(f"{TOPIC}/cmd")
        send(registry, broker)
        wait_until(lambda: device.received, what="the command")


def test_a_late_answer_counts_and_a_second_answer_changes_nothing(registry: Connection) -> None:
    asked = ask(registry)
    with pytest.raises(NotConfiguredError):
        send_due(registry, NOW, None, random.Random(1))  # noqa: S311 - jitter
    send_due(registry, NOW + timedelta(days=1), None, random.Random(1))  # noqa: S311 - jitter
    registry.commit()
    assert state(registry, asked.command_id).state == "expired"
    answer(registry, asked.command_id, minutes=1500)
    assert state(registry, asked.command_id).state == "done"
    answer(registry, asked.command_id, ok=False, minutes=1501)
    assert state(registry, asked.command_id).state == "done"


@pytest.mark.parametrize("cmd_id", ["guess", str(uuid4())])
def test_an_answer_to_nothing_is_a_dead_letter(registry: Connection, cmd_id: str) -> None:
    assert answer(registry, cmd_id).dead_letters == {"unknown_command": 1}


def test_nobody_answers_for_another_device(registry: Connection) -> None:
    registry.execute(
        "INSERT INTO device (external_id, district_id, secret_pbkdf2_sha512, secret_bcrypt) "
        "SELECT 'other', district_id, 'x', 'x' FROM district"
    )
    asked = ask(registry)
    ack = Ack(v=1, id="other", cmd_id=str(asked.command_id), ok=True)
    topic = TOPIC.replace(DEVICE, "other")
    outcome = store(registry, Batch.of([Received(0, 1, f"{topic}/ack", encode(ack), NOW)]))
    assert outcome.dead_letters == {"unknown_command": 1}
    assert state(registry, asked.command_id).state == "queued"


def test_a_broker_that_is_away_leaves_the_command_queued(registry: Connection) -> None:
    asked = ask(registry)
    nowhere = BrokerAddress("127.0.0.1", ports.choose(0), "angkut-worker", PASSWORD)
    with pytest.raises(BrokerUnreachableError):
        send_due(registry, NOW, nowhere, random.Random(1))  # noqa: S311 - jitter
    assert state(registry, asked.command_id).state == "queued"


def test_a_retired_device_and_one_with_too_many_open_commands_are_told_nothing(
    registry: Connection,
) -> None:
    for _ in range(service.MAX_OPEN):
        ask(registry)
    with pytest.raises(ConflictError, match="open commands"):
        ask(registry)
    registry.execute("UPDATE device SET retired_at = %s", [NOW])
    with pytest.raises(ConflictError, match="retired"):
        ask(registry)
    with pytest.raises(NotFoundError):
        service.ask(registry, "x", "reboot", {}, expires_in=None, actor="test", now=NOW)


class TestOverHttp:
    """What dispatchers see."""

    PATH = f"/api/devices/{DEVICE}/commands"

    @pytest.fixture
    def api(self, registry: Connection, api: Api) -> Api:  # noqa: ARG002 - fills the database
        """An API whose database has a device."""
        return api

    def test_a_dispatcher_asks_and_sees_what_became_of_it(
        self, api: Api, registry: Connection
    ) -> None:
        client = api.signed_in(Role.DISPATCHER)
        wanted = {"cmd": "interval", "args": {"seconds": 600}, "expires_in_s": 3600}
        asked = client.post(self.PATH, json=wanted)
        assert asked.status_code == 201
        body = asked.json()
        assert (body["state"], body["args"], body["attempts"]) == ("queued", {"seconds": 600}, 0)
        assert body["created_by"] == "account:dispatcher"
        answer(registry, body["command_id"], detail="every 600 s")
        [seen] = client.get(self.PATH).json()["commands"]
        assert (seen["state"], seen["detail"]) == ("done", "every 600 s")
        row = registry.execute(
            "SELECT action, subject, after FROM audit_log WHERE action LIKE 'command%'"
        ).fetchone()
        assert row is not None
        assert (row["action"], row["subject"]) == ("command.ask", DEVICE)
        assert row["after"] == {"cmd": "interval", "args": {"seconds": 600}}

    @pytest.mark.parametrize(
        "wanted",
        [
            {"cmd": "interval"},
            {"cmd": "interval", "args": {"seconds": 1}},
            {"cmd": "interval", "args": {"seconds": 10**9}},
            {"cmd": "interval", "args": {"seconds": 600, "more": 1}},
            {"cmd": "reboot", "args": {"seconds": 600}},
            {"cmd": "update", "args": {"fw": "x" * 65}},
            {"cmd": "update", "args": {"fw": "2.0", "url": "http://insecure.example/a.bin"}},
            {"cmd": "explode"},
            {"cmd": "reboot", "expires_in_s": 1},
            {"cmd": "reboot", "extra": True},
        ],
    )
    def test_what_no_device_should_be_told_is_refused(
        self, api: Api, wanted: dict[str, object]
    ) -> None:
        client = api.signed_in(Role.ADMIN)
        assert client.post(self.PATH, json=wanted).status_code == 422
        assert client.get(self.PATH).json() == {"commands": []}

    @pytest.mark.parametrize("role", [Role.VIEWER, Role.DRIVER, Role.EVALUATOR])
    def test_others_neither_ask_nor_see(self, api: Api, role: Role) -> None:
        client = api.signed_in(role)
        assert client.get(self.PATH).status_code == 403
        assert client.post(self.PATH, json={"cmd": "reboot"}).status_code == 403

    def test_an_unknown_device_cannot_be_told_anything(self, api: Api) -> None:
        client = api.signed_in(Role.DISPATCHER)
        path = "/api/devices/nobody/commands"
        assert client.post(path, json={"cmd": "reboot"}).status_code == 404
