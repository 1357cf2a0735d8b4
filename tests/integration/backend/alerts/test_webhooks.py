"""Webhooks against a real receiver: signed, retried, given up, to no wrong address."""

import base64
import hashlib
import hmac
import itertools
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from angkut_backend.alerts import outbound, webhooks
from angkut_backend.alerts.outbound import Sender
from angkut_backend.alerts.rules import Kind
from angkut_backend.db import Connection, connect
from angkut_backend.errors import ConflictError, NotFoundError
from angkut_broker.messages import EventKind
from parts.alerts import WatchedBin, at
from parts.certificates import self_signed
from parts.registry import BIN

SENDER = Sender(allow_private=False)
DAY_MIN = 24 * 60


@dataclass
class Receiver:
    """A web server that keeps what it gets and answers as it is told."""

    url: str = ""
    #: Statuses to come; then 204.
    answers: list[int] = field(default_factory=list)
    requests: list[tuple[dict[str, str], str]] = field(default_factory=list)
    #: Set: answers.
    may_answer: threading.Event = field(default_factory=threading.Event)

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """What came, decoded."""
        return [json.loads(body) for _, body in self.requests]


@contextmanager
def receiving(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """Run a receiver on a free port."""
    receiver = Receiver()
    receiver.may_answer.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.requests.append((headers, body))
            receiver.may_answer.wait(30)
            self.send_response(receiver.answers.pop(0) if receiver.answers else 204)
            self.send_header("Location", f"{receiver.url}/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    receiver.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=[0.02])
    thread.start()
    try:
        yield receiver
    finally:
        receiver.may_answer.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver that answers 204."""
    with receiving() as running:
        yield running


@pytest.fixture
def bin_(conn: Connection) -> WatchedBin:
    return WatchedBin.prepared(conn)


def add(conn: Connection, url: str, *kinds: Kind) -> tuple[int, str]:
    added = webhooks.add(conn, url, kinds, actor="test", now=at(0))
    conn.commit()
    return added


def deliver(conn: Connection, minute: float, sender: Sender = SENDER) -> None:
    while webhooks.deliver(conn, at(minute), sender):
        pass


def states(conn: Connection) -> list[tuple[str, int, str | None]]:
    rows = conn.execute(
        "SELECT state, tries, result FROM webhook_delivery ORDER BY webhook_delivery_id"
    ).fetchall()
    return [(row["state"], row["tries"], row["result"]) for row in rows]


def test_opening_and_closing_are_told_once_signed(bin_: WatchedBin, receiver: Receiver) -> None:
    _, secret = add(bin_.conn, f"{receiver.url}/hook?key=1")
    bin_.event(0, EventKind.LID, 0)
    bin_.event(1, EventKind.LID, 1)
    bin_.watch(17)
    bin_.event(18, EventKind.LID, 0)
    bin_.watch(19)
    for _ in range(3):
        deliver(bin_.conn, 20)
    opened, closed = receiver.bodies
    assert (opened["type"], closed["type"]) == ("alert.opened", "alert.closed")
    assert opened["timestamp"] == "2026-03-01T12:17:00Z"
    assert (opened["data"]["kind"], opened["data"]["bin_code"]) == ("lid_open", BIN)
    assert opened["data"]["closed_at"] is None
    assert closed["data"]["close_reason"] == "cleared"
    assert opened["data"]["alert_id"] == closed["data"]["alert_id"]
    key = base64.b64decode(secret.removeprefix("whsec_"))
    for headers, body in receiver.requests:
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{body}".encode()
        digest = hmac.new(key, signed, hashlib.sha256).digest()
        assert headers["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"
    assert len({headers["webhook-id"] for headers, _ in receiver.requests}) == 2


def test_a_receiver_hears_only_the_kinds_that_it_asked_for(
    bin_: WatchedBin, receiver: Receiver
) -> None:
    add(bin_.conn, receiver.url, Kind.FIRE)
    bin_.event(0, EventKind.MOVED)
    bin_.event(0, EventKind.FIRE)
    bin_.watch(1)
    deliver(bin_.conn, 1)
    assert [body["data"]["kind"] for body in receiver.bodies] == ["fire"]


def test_what_fails_is_sent_again_the_same_after_a_growing_wait(
    bin_: WatchedBin, receiver: Receiver
) -> None:
    add(bin_.conn, receiver.url)
    bin_.event(0, EventKind.FIRE)
    bin_.watch(0)
    receiver.answers = [500, 503, 429]
    waits = []
    second = 0
    while states(bin_.conn)[0][0] == "waiting":
        before = len(receiver.requests)
        deliver(bin_.conn, second / 60)
        if len(receiver.requests) > before:
            waits.append(second)
        second += 1
    gaps = [later - earlier for earlier, later in itertools.pairwise(waits)]
    assert [
        low <= gap <= high + 1
        for gap, low, high in zip(gaps, (2.5, 5, 10), (5, 10, 20), strict=True)
    ] == [True] * 3
    assert states(bin_.conn) == [("delivered", 4, "204")]
    assert len({(headers["webhook-id"], body) for headers, body in receiver.requests}) == 1


def test_a_receiver_that_fails_holds_up_no_other(bin_: WatchedBin, receiver: Receiver) -> None:
    add(bin_.conn, "http://127.0.0.1:1/nobody")
    add(bin_.conn, receiver.url)
    bin_.event(0, EventKind.FIRE)
    bin_.event(0, EventKind.MOVED)
    bin_.watch(0)
    deliver(bin_.conn, 0)
    assert len(receiver.requests) == 2
    # The failing one is left alone as a whole: it was tried once.
    assert sum(tries for state, tries, _ in states(bin_.conn) if state == "waiting") == 1


def test_a_message_that_is_refused_makes_way_for_others(
    bin_: WatchedBin, receiver: Receiver
) -> None:
    add(bin_.conn, receiver.url)
    bin_.event(0, EventKind.FIRE)
    bin_.watch(0)
    receiver.answers = [400]
    deliver(bin_.conn, 0)
    bin_.event(1, EventKind.MOVED)
    bin_.watch(1)
    deliver(bin_.conn, 1)
    assert [body["data"]["kind"] for body in receiver.bodies] == ["fire", "moved", "fire"]


def test_a_redirect_is_not_followed(bin_: WatchedBin, receiver: Receiver) -> None:
    add(bin_.conn, receiver.url)
    bin_.event(0, EventKind.FIRE)
    bin_.watch(0)
    receiver.answers = [307]
    deliver(bin_.conn, 0)
    assert len(receiver.requests) == 1
    assert states(bin_.conn) == [("waiting", 1, "307: redirects are not followed")]


def test_a_receiver_that_never_answers_is_cut_off(
    bin_: WatchedBin, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbound, "WHOLE_S", 0.2)
    add(bin_.conn, receiver.url)
    bin_.event(0, EventKind.FIRE)
    bin_.watch(0)
    receiver.may_answer.clear()
    deliver(bin_.conn, 0)
    [(state, tries, result)] = states(bin_.conn)
    assert (state, tries) == ("waiting", 1)
    assert result


def test_after_a_day_a_delivery_is_given_up_and_after_a_month_forgotten(
    bin_: WatchedBin, receiver: Receiver
) -> None:
    add(bin_.conn, receiver.url)
    bin_.event(0, EventKind.FIRE)
    bin_.watch(0)
    deliver(bin_.conn, DAY_MIN + 1)
    assert receiver.requests == []
    assert states(bin_.conn) == [("given_up", 0, None)]
    deliver(bin_.conn, 31 * DAY_MIN)
    assert states(bin_.conn) == []


def test_a_removed_webhook_is_told_no_more(bin_: WatchedBin, receiver: Receiver) -> None:
    webhook_id, _ = add(bin_.conn, receiver.url)
    with pytest.raises(ConflictError):
        add(bin_.conn, receiver.url)
    bin_.conn.rollback()
    bin_.event(0, EventKind.FIRE)
    bin_.watch(0)
    webhooks.remove(bin_.conn, webhook_id, actor="test", now=at(1))
    deliver(bin_.conn, 1)
    assert receiver.requests == []
    assert states(bin_.conn)[0][0] == "given_up"
    assert webhooks.list_all(bin_.conn) == []
    with pytest.raises(NotFoundError):
        webhooks.remove(bin_.conn, webhook_id, actor="test", now=at(1))
    rows = bin_.conn.execute("SELECT action, after FROM audit_log ORDER BY audit_id").fetchall()
    assert [row["action"] for row in rows] == ["webhook.add", "webhook.remove"]
    assert rows[0]["after"] == {"host": "127.0.0.1", "kinds": None}


def test_a_webhook_that_waits_for_its_receiver_holds_nothing_open(
    bin_: WatchedBin, receiver: Receiver, database: str
) -> None:
    add(bin_.conn, receiver.url)
    bin_.event(0, EventKind.FIRE)
    bin_.watch(0)
    receiver.may_answer.clear()
    worker = threading.Thread(target=deliver, args=(bin_.conn, 0))
    worker.start()
    try:
        with connect(database) as other:
            other.execute("SET lock_timeout = '2s'")
            other.execute("LOCK TABLE webhook, webhook_delivery, alert")
    finally:
        receiver.may_answer.set()
        worker.join()
    assert states(bin_.conn) == [("delivered", 1, "204")]


def test_a_certificate_that_nobody_trusts_is_refused(openssl: Path, tmp_path: Path) -> None:
    certificate = self_signed(openssl, tmp_path, "receiver")
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    own.load_cert_chain(certificate, tmp_path / "receiver.key")
    trusting = ssl.create_default_context(cafile=certificate)
    with receiving(own) as receiver:
        secret = outbound.new_secret()
        refused = SENDER.send(receiver.url, secret, "m", "{}", at(0))
        assert not refused.is_delivered
        assert "certificate" in refused.result.lower()
        assert receiver.requests == []
        sender = Sender(allow_private=False, tls=trusting)
        assert sender.send(receiver.url, secret, "m", "{}", at(0)).result == "204"
