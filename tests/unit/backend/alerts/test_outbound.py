"""Where messages may go, and how they are signed."""

import base64
import hashlib
import hmac
import socket
from datetime import UTC, datetime

import pytest

from angkut_backend.alerts.outbound import (
    Sender,
    WebhookUrlError,
    check_url,
    new_secret,
    signed_headers,
)

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/hook?key=1",
        "https://example.org:8443/",
        "http://127.0.0.1:9000/x",
        "http://localhost:9000/x",
        "http://[::1]:9000/x",
    ],
)
def test_https_and_plain_http_to_this_machine_are_allowed(url: str) -> None:
    check_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/",
        "ftp://example.org/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:70/",
        "//example.org/",
        "https://",
        "https://example.org:0/",
        "https://example.org:99999/",
        "https://user:password@example.org/",
        "https://example.org/#part",
        "https://example.org/ HTTP/1.1\r\nX: y",
        "https://example.org/\x00",
        "https://éxample.org/",
        "http://127.0.0.1.example.org/",
        "http://10.0.0.1/",
        f"https://example.org/{'x' * 2000}",
    ],
)
def test_everything_else_is_refused_in_words(url: str) -> None:
    with pytest.raises(WebhookUrlError) as refused:
        check_url(url)
    assert str(refused.value)


INSIDE = [
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "[fd00::1]",
]
NEVER = [
    "169.254.169.254",
    "0.0.0.0",  # noqa: S104 - an address to refuse
    "255.255.255.255",
    "224.0.0.1",
    "[fe80::1]",
    "[::]",
    "[ff02::1]",
    "[::ffff:169.254.169.254]",
    "[64:ff9b::a9fe:a9fe]",
    "[2002:a9fe:a9fe::]",
    "[::ffff:127.0.0.1]",
    "2130706433",
    "0177.0.0.1",
    "127.1",
]


@pytest.mark.parametrize("host", [*INSIDE, *NEVER])
def test_addresses_that_are_not_public_are_not_connected_to(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected = []
    monkeypatch.setattr(socket, "create_connection", lambda *to, **_: connected.append(to))
    sent = Sender(allow_private=False).send(f"https://{host}/", new_secret(), "m", "{}", NOW)
    assert not sent.is_delivered
    assert connected == []
    assert "not a public address" in sent.result or "loopback" in sent.result


@pytest.mark.parametrize(
    ("host", "is_tried"), [*((h, True) for h in INSIDE), *((h, False) for h in NEVER)]
)
def test_private_ones_are_when_the_setting_says_so_and_others_never(
    host: str, is_tried: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected = []

    def refuse(address: tuple[str, int], _timeout_s: float) -> socket.socket:
        connected.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", refuse)
    Sender(allow_private=True).send(f"https://{host}/", new_secret(), "m", "{}", NOW)
    assert connected == ([host.strip("[]")] if is_tried else [])


def test_a_name_with_one_private_address_among_its_public_ones_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 443))
        for ip in ("93.184.215.14", "10.0.0.1")
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers)
    sent = Sender(allow_private=False).send("https://example.org/", new_secret(), "m", "{}", NOW)
    assert "10.0.0.1" in sent.result


def test_a_receiver_verifies_the_signature_as_standard_webhooks_says() -> None:
    secret = new_secret()
    headers = signed_headers(secret, "msg_7", '{"a":"ä"}', NOW)
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"msg_7.{int(NOW.timestamp())}.".encode() + '{"a":"ä"}'.encode()
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert headers["webhook-id"] == "msg_7"
    assert headers["webhook-timestamp"] == str(int(NOW.timestamp()))


def test_the_signature_of_a_published_example_is_the_same() -> None:
    # From the specification's reference libraries.
    headers = signed_headers(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        '{"test": 2432232314}',
        datetime.fromtimestamp(1614265330, UTC),
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
