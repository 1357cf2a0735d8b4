import base64
import hashlib

import bcrypt
import pytest

from angkut_broker.credentials import (
    BadUsernameError,
    BrokerUser,
    Role,
    distinct,
    new_secret,
    verifiers,
)


def user(name: str, role: Role = "device") -> BrokerUser:
    return BrokerUser(name, role, "$7$...", "$2b$...")


def test_a_secret_is_long_url_safe_and_never_the_same() -> None:
    secrets = {new_secret() for _ in range(100)}
    assert len(secrets) == 100
    for secret in secrets:
        assert len(base64.urlsafe_b64decode(secret)) == 24


def test_the_pbkdf2_verifier_can_be_computed_again_from_its_own_salt_and_rounds() -> None:
    _, kind, rounds, salt, digest = verifiers("rahasia").pbkdf2_sha512.split("$")
    again = hashlib.pbkdf2_hmac("sha512", b"rahasia", base64.b64decode(salt), int(rounds))
    assert kind == "7"
    assert base64.b64decode(digest) == again


def test_the_bcrypt_verifier_accepts_the_secret_and_nothing_else() -> None:
    hashed = verifiers("rahasia").bcrypt.encode()
    assert bcrypt.checkpw(b"rahasia", hashed)
    assert not bcrypt.checkpw(b"Rahasia", hashed)


def test_two_verifiers_of_one_secret_differ() -> None:
    first, second = verifiers("rahasia"), verifiers("rahasia")
    assert first.pbkdf2_sha512 != second.pbkdf2_sha512
    assert first.bcrypt != second.bcrypt


@pytest.mark.parametrize(
    "name", ["", "a:b", "a\nb", "+", "a/b", "#", "a b", "*", "x.y", "é", "a" * 65]
)
def test_a_name_that_could_break_out_of_a_file_or_a_topic_is_refused(name: str) -> None:
    with pytest.raises(BadUsernameError, match="use letters, digits"):
        user(name)


def test_a_device_named_like_ingest_does_not_get_its_rights_nor_take_its_place() -> None:
    users = distinct([user("angkut-ingest", "ingest"), user("b"), user("angkut-ingest"), user("a")])
    assert [(u.username, u.role) for u in users] == [
        ("a", "device"),
        ("angkut-ingest", "ingest"),
        ("b", "device"),
    ]
