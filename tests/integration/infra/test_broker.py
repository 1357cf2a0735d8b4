import os
import signal
import socket
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from angkut_broker.credentials import BrokerUser
from angkut_broker.session import (
    BrokerUnreachableError,
    check,
    ingest_client_id,
    wait_until_accepted,
)
from angkut_infra.stack.broker import BrokerStartError, EmbeddedBroker
from angkut_infra.stack.broker_kinds import KindName
from angkut_infra.stack.log import Log
from angkut_infra.stack.privileges import NOBODY, Privileges
from integration.infra.conftest import INGEST, PASSWORD, WORKER, broker_user
from integration.infra.mqtt_client import Client, RefusedError
from parts.waiting import wait_until

OWN = "angkut/v1/bekasi/327501/bin/a1"
FOREIGN = "angkut/v1/bekasi/327501/bin/b2"


def ingest(broker: EmbeddedBroker) -> Client:
    """The lasting session of ingest, as ingest itself takes it up."""
    return Client(
        broker.address.port, INGEST, PASSWORD, client_id=ingest_client_id("0"), clean_session=False
    )


def device(broker: EmbeddedBroker, name: str, password: str = PASSWORD) -> Client:
    return Client(broker.address.port, name, password)


def accepted(broker: EmbeddedBroker, name: str, password: str = PASSWORD) -> bool:
    try:
        with device(broker, name, password):
            return True
    except RefusedError:
        return False


def test_messages_published_before_ingest_ever_ran_wait_for_it(broker: EmbeddedBroker) -> None:
    with device(broker, "a1") as sender:
        for number in range(50):
            sender.publish(f"{OWN}/telemetry", b"%d" % number)
    with ingest(broker) as reader:
        wait_until(lambda: len(reader.received) >= 50, what="50 messages")
    assert {payload for _, payload in reader.received} == {b"%d" % number for number in range(50)}


def test_queued_messages_survive_a_restart_of_the_broker(
    broker: EmbeddedBroker, users: list[BrokerUser]
) -> None:
    with device(broker, "a1") as sender:
        sender.publish(f"{OWN}/event", b"before")
        sender.publish(f"{OWN}/status", b"online", retain=True)
    broker.stop()
    assert not broker.running
    broker.start(users)
    with ingest(broker) as reader:
        wait_until(lambda: len(reader.received) >= 2, what="both messages")
    assert {payload for _, payload in reader.received} == {b"before", b"online"}


def test_a_device_cannot_publish_as_another(broker: EmbeddedBroker) -> None:
    with ingest(broker) as reader, device(broker, "a1") as sender:
        for topic in (
            f"{FOREIGN}/telemetry",
            f"{OWN}/cmd",
            f"{OWN}/stored",
            f"{OWN}/other",
            "other",
        ):
            sender.send(topic, b"forged")
        sender.publish(f"{OWN}/telemetry", b"honest")
        wait_until(lambda: (f"{OWN}/telemetry", b"honest") in reader.received, what="own reading")
    assert [payload for _, payload in reader.received] == [b"honest"]


def test_a_device_reads_its_own_commands_and_nobody_elses(broker: EmbeddedBroker) -> None:
    with device(broker, "b2") as eavesdropper, device(broker, "a1") as owner:
        for topic in (f"{OWN}/cmd", f"{OWN}/stored", f"{OWN}/telemetry", "angkut/#", "#"):
            eavesdropper.subscribe(topic)
        owner.subscribe(f"{OWN}/cmd")
        owner.subscribe(f"{OWN}/stored")
        eavesdropper.subscribe(f"{FOREIGN}/cmd")
        with (
            Client(broker.address.port, WORKER, PASSWORD) as worker,
            Client(broker.address.port, INGEST, PASSWORD) as server,
        ):
            worker.publish(f"{OWN}/cmd", b"for a1")
            server.send(f"{OWN}/cmd", b"not for ingest to say")
            server.publish(f"{OWN}/stored", b"for a1 too")
            owner.publish(f"{OWN}/telemetry", b"for ingest")
            worker.publish(f"{FOREIGN}/cmd", b"for b2")
        wait_until(lambda: eavesdropper.received and len(owner.received) == 2, what="commands")
    assert owner.received == [(f"{OWN}/cmd", b"for a1"), (f"{OWN}/stored", b"for a1 too")]
    assert eavesdropper.received == [(f"{FOREIGN}/cmd", b"for b2")]


def test_nobody_enters_without_the_right_name_and_password(broker: EmbeddedBroker) -> None:
    assert accepted(broker, "a1")
    assert not accepted(broker, "a1", "wrong")
    assert not accepted(broker, "c3")
    with pytest.raises(RefusedError), Client(broker.address.port, None):
        pass


def test_a_device_added_while_the_broker_runs_is_accepted_and_others_stay_connected(
    broker: EmbeddedBroker, users: list[BrokerUser]
) -> None:
    with device(broker, "a1") as connected, ingest(broker) as reader:
        assert not accepted(broker, "c3")
        broker.reload([*users, broker_user("c3")])
        wait_until(lambda: accepted(broker, "c3"), what="the new device", timeout_s=10)
        connected.publish(f"{OWN}/telemetry", b"still here")
        wait_until(lambda: reader.received, what="the reading")
        assert (connected.connections, reader.connections) == (1, 1)


def test_a_device_removed_while_the_broker_runs_is_refused(
    broker: EmbeddedBroker, users: list[BrokerUser]
) -> None:
    broker.reload([user for user in users if user.username != "b2"])
    wait_until(lambda: not accepted(broker, "b2"), what="the refusal", timeout_s=10)
    assert accepted(broker, "a1")


@pytest.mark.parametrize("change", ["retired", "rotated"])
def test_an_open_connection_ends_with_the_credential_that_it_was_opened_with(
    broker: EmbeddedBroker, users: list[BrokerUser], change: str
) -> None:
    others = [user for user in users if user.username != "b2"]
    new = [broker_user("b2", password="new")] if change == "rotated" else []
    with device(broker, "b2") as leaving, device(broker, "a1") as staying:
        broker.reload([*others, *new])
        wait_until(lambda: leaving.disconnections > 0, what="the end of the connection")
        assert not accepted(broker, "b2")
        assert accepted(broker, "b2", "new") == bool(new)
        assert staying.disconnections == 0


def test_a_payload_of_one_megabyte_is_refused_and_the_broker_goes_on(
    broker: EmbeddedBroker,
) -> None:
    with ingest(broker) as reader:
        with device(broker, "b2") as flooder:
            flooder.send(f"{FOREIGN}/telemetry", b"x" * 1_000_000)
            # The broker cuts the connection and the client, being stubborn, comes back.
            wait_until(lambda: flooder.connections > 1, what="the cut")
        with device(broker, "a1") as sender:
            sender.publish(f"{OWN}/telemetry", b"x" * 65_536)
        wait_until(lambda: reader.received, what="the largest payload")
        assert [len(payload) for _, payload in reader.received] == [65_536]
    assert broker.running


def test_the_brokers_files_are_for_its_owner_only(
    broker: EmbeddedBroker, kind: KindName, tmp_path: Path
) -> None:
    folder = tmp_path / "my broker" / kind
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    written = [path for path in folder.iterdir() if path.is_file() and path.name != "pid"]
    assert len(written) == (3 if kind == "mosquitto" else 1)
    assert {stat.S_IMODE(path.stat().st_mode) for path in written} == {0o600}
    assert broker.kind == kind


def test_a_folder_stays_with_the_broker_that_it_began_with(
    broker: EmbeddedBroker, kind: KindName, tmp_path: Path, log: Log, free_port: int
) -> None:
    later = EmbeddedBroker(
        tmp_path / "my broker", port=free_port, username=INGEST, password=PASSWORD, log=log
    )
    assert later.kind == kind == broker.kind


def test_a_taken_port_is_an_error_that_names_it(
    idle_broker: EmbeddedBroker, users: list[BrokerUser]
) -> None:
    port = idle_broker.address.port
    with (
        socket.create_server(("127.0.0.1", port)),
        pytest.raises(BrokerStartError, match=str(port)),
    ):
        idle_broker.start(users)
    assert not idle_broker.running


def test_a_killed_broker_starts_again_and_knows_its_users(
    broker: EmbeddedBroker, users: list[BrokerUser]
) -> None:
    assert broker.pid
    os.kill(broker.pid, signal.SIGKILL)
    wait_until(lambda: not broker.running, what="its death")
    assert "signal 9" in broker.death()
    broker.start(users)
    assert accepted(broker, "a1")


def test_a_broker_left_over_from_a_killed_parent_is_stopped_by_the_next(
    broker: EmbeddedBroker, kind: KindName, tmp_path: Path, users: list[BrokerUser], log: Log
) -> None:
    successor = EmbeddedBroker(
        tmp_path / "my broker",
        port=broker.address.port,
        username=INGEST,
        password=PASSWORD,
        log=log,
        kind=kind,
    )
    try:
        successor.start(users)
        assert accepted(successor, "a1")
        wait_until(lambda: not broker.running, what="the end of the old one")
    finally:
        successor.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become nobody")
def test_root_without_user_namespaces_runs_the_broker_as_nobody(
    kind: KindName, short_folder: Path, users: list[BrokerUser], log: Log, free_port: int
) -> None:
    broker = EmbeddedBroker(
        short_folder / "broker",
        port=free_port,
        username=INGEST,
        password=PASSWORD,
        log=log,
        kind=kind,
        privileges=Privileges(uid=NOBODY),
    )
    try:
        broker.start(users)
        assert Path(f"/proc/{broker.pid}").stat().st_uid == NOBODY
        broker.reload([*users, broker_user("c3")])
        wait_until(lambda: accepted(broker, "c3"), what="the new device", timeout_s=10)
    finally:
        broker.stop()


def test_a_check_leaves_no_trace_and_says_what_is_wrong(
    broker: EmbeddedBroker, free_port: int
) -> None:
    check(broker.address, timeout_s=10)
    wrong = type(broker.address)("127.0.0.1", broker.address.port, INGEST, "wrong")
    with pytest.raises(BrokerUnreachableError, match=f"refuses {INGEST}"):
        check(wrong, timeout_s=10)
    nowhere = type(broker.address)("127.0.0.1", free_port, INGEST, PASSWORD)
    with pytest.raises(BrokerUnreachableError, match=str(free_port)):
        check(nowhere, timeout_s=10)


def test_a_broker_is_asked_at_least_once_and_its_answer_is_waited_for(
    broker: EmbeddedBroker,
) -> None:
    known = replace(broker.address, username="a1")
    assert all(wait_until_accepted(known, timeout_s=0) for _ in range(20))
    assert not wait_until_accepted(replace(known, username="stranger"), timeout_s=0)
