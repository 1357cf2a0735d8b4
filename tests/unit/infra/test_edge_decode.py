"""`angkut edge models`, `decode` and `read`."""

import base64
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from angkut_broker.errors import AngkutError
from angkut_edge.models import registry
from angkut_infra.cli.edge import edge

SETTINGS = """
gateway = "gw-01"
city = "bekasi"
area = "327501"
[upstream]
host = "127.0.0.1"
[[sources]]
name = "lora"
envelope = "chirpstack"
"""
TOPIC = "application/1/device/24e124535b316056/event/up"


def run(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(edge, arguments, input=stdin)


def test_all_models_are_listed_and_one_tells_its_source() -> None:
    listed = run("models").output
    assert all(name in listed for name in registry())
    assert "SensorDecoders" in run("models", "EM400-MUD").output
    assert isinstance(run("models", "nobody").exception, AngkutError)


def test_bytes_are_decoded_with_blanks_and_without() -> None:
    for digits in (
        ["01755C03670101", "04824408"],
        ["01755C0367010104824408"],
        ["0x01755c03670101", "0x04824408"],
        ["01:75:5C:03:67:01:01", "04-82-44-08"],
        ["0x01, 0x75, 0x5c, 0x03 67 01 01 04 82 44 08"],
    ):
        told = run("decode", "--model", "em400-mud", "--port", "85", *digits)
        assert told.exit_code == 0
        reading = json.loads(told.output.removeprefix("reading  "))
        assert (reading["d_mm"], reading["temp_c"]) == ([2116], 25.7)


def test_a_frame_without_a_reading_says_so() -> None:
    assert "no reading" in run("decode", "--model", "em400-mud", "ff10ff").output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--model", "dl-mbx", "0305"), "protocol version 3"),
        (("--model", "nobody", "00"), "no decoder"),
        (("--model", "dl-mbx", "zz"), "hexadecimal digits: there is a 'z'"),
        (("--model", "dl-mbx", "030"), "one is missing"),
    ],
)
def test_what_cannot_be_decoded_ends_in_words(arguments: tuple[str, ...], words: str) -> None:
    told = run("decode", *arguments)
    assert told.exit_code != 0
    assert words in told.output + str(told.exception)


def test_a_message_is_read_as_a_source_would(tmp_path: Path) -> None:
    settings = tmp_path / "edge.toml"
    settings.write_text(SETTINGS)
    body = {
        "deviceInfo": {"devEui": "24e124535b316056", "deviceProfileName": "EM400-MUD"},
        "data": base64.b64encode(bytes.fromhex("04824408")).decode(),
    }
    message = tmp_path / "up.json"
    message.write_text(json.dumps(body))
    common = ("read", "--config", str(settings), "--topic", TOPIC)
    assert '"d_mm":[2116]' in run(*common, "lora", str(message)).output
    assert '"d_mm":[2116]' in run(*common, "lora", stdin=json.dumps(body)).output
    assert '"d_mm":[2116]' in run(*common, "lora", stdin="\ufeff" + json.dumps(body)).output
    refused = run(*common, "lora", stdin="{")
    assert refused.exit_code == 1
    assert "bad_frame" in refused.output
    assert "it has lora" in str(run(*common, "nb", stdin="{}").exception)
