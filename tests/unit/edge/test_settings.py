from pathlib import Path

import pytest

from angkut_broker.topics import Channel
from angkut_edge.settings import GatewaySettings, GatewaySettingsError, envelope_kinds, load

EXAMPLE = """
gateway = "gw-tps-04"
city = "bekasi"
area = "327501"

[upstream]
host = "mqtt.example.org"
tls = true
password = "rahasia"

[[sources]]
name = "chirpstack"
envelope = "chirpstack"

[[sources]]
name = "application-7"
envelope = { kind = "chirpstack", application = "7" }
qos = 0

[models]
"24e124713d000001" = "em310-udl"
"""


def settings(tmp_path: Path, text: str = EXAMPLE) -> GatewaySettings:
    file = tmp_path / "angkut-edge.toml"
    file.write_text(text)
    return load(file)


def wrong(tmp_path: Path, old: str, new: str) -> str:
    assert old in EXAMPLE
    with pytest.raises(GatewaySettingsError) as found:
        settings(tmp_path, EXAMPLE.replace(old, new))
    return str(found.value)


def test_the_example_of_the_documentation_is_read(tmp_path: Path) -> None:
    found = settings(tmp_path)
    assert found.topic(Channel.TELEMETRY) == ("angkut/v1/bekasi/327501/gateway/gw-tps-04/telemetry")
    address = found.upstream.address(found.gateway)
    assert (address.host, address.port, address.tls) == ("mqtt.example.org", 8883, True)
    assert (address.username, address.password) == ("gw-tps-04", "rahasia")
    assert [source.envelope.filters for source in found.sources] == [
        ("application/+/device/+/event/+",),
        ("application/7/device/+/event/+",),
    ]
    assert [source.qos for source in found.sources] == [1, 0]
    assert (found.spool.max_mb, found.spool.max_days) == (512, 30)


def test_paths_are_relative_to_the_file_and_a_password_may_have_a_file_of_its_own(
    tmp_path: Path,
) -> None:
    (tmp_path / "secret").write_text("from a file\n")
    found = settings(tmp_path, EXAMPLE.replace('password = "rahasia"', 'password_file = "secret"'))
    assert found.upstream.address("gw").password == "from a file"
    assert found.spool.path == tmp_path / "angkut-edge.sqlite"


def test_no_secret_is_shown(tmp_path: Path) -> None:
    assert "rahasia" not in repr(settings(tmp_path))
    assert "rahasia" not in wrong(tmp_path, 'area = "327501"', "area = 5")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('gateway = "gw-tps-04"', 'gateway = "GW 4"', ("gateway", "pattern")),
        ('area = "327501"', 'area = "32.75.01"', ("area", "Kemendagri code without dots")),
        ('city = "bekasi"', 'city = "Kota Bekasi"', ("area", "lower-case")),
        ("tls = true", 'tls = true\nca_file = "nowhere.pem"', ("upstream.ca_file", "no file")),
        ("tls = true", 'cert_file = "angkut-edge.toml"', ("upstream", "belong together")),
        ("tls = true", 'ca_file = "angkut-edge.toml"', ("upstream", "tls = true")),
        ('password = "rahasia"', "pasword = 1", ("upstream.pasword", "Extra")),
        (
            'password = "rahasia"',
            'password = "a"\npassword_file = "angkut-edge.toml"',
            ("upstream", "not both"),
        ),
        ('name = "application-7"', 'name = "chirpstack"', ("sources", "named chirpstack")),
        ('envelope = "chirpstack"', 'envelope = "chirp"', ("sources[0].envelope", "tts")),
        ('envelope = "chirpstack"', "", ("sources[0].envelope", "required")),
        ('application = "7"', 'application = "#"', ("sources[1].envelope", "application")),
        ('application = "7"', "app = 7", ("sources[1].envelope", "app")),
        ('"em310-udl"', '"em999"', ("models", "em999", "em310-udl")),
        ('"24e124713d000001"', '"bin 7"', ("models", "bin 7", "pattern")),
        (
            '"24e124713d000001"',
            '"24-E1-24-71-3D-00-00-01" = "em400-mud"\n"24e124713d000001"',
            ("models", "twice", "one line"),
        ),
        ("[models]", '[spool]\npath = "no/where.sqlite"\n[models]', ("spool.path", "no folder")),
        ("[models]", "[spool]\nmax_mb = 0\n[models]", ("spool.max_mb", "greater")),
        (
            'kind = "chirpstack", application = "7"',
            'kind = "raw", topic = "nb/+/up", device_level = 1, model = "dds75nbb"',
            ("sources[1].envelope", "dds75nbb", "dds75-nb"),
        ),
        ("qos = 0", "qos = 2", ("sources[1].qos", "0 or 1")),
        ("qos = 0", "port = 70000", ("sources[1].port", "65535")),
        ("[upstream]", "[upstream", ("not TOML",)),
    ],
)
def test_each_mistake_is_named_with_its_field_and_what_it_must_be(
    tmp_path: Path, old: str, new: str, words: tuple[str, ...]
) -> None:
    text = wrong(tmp_path, old, new)
    assert all(word in text for word in words), text


@pytest.mark.parametrize(
    "device", ["24E124713D000001", "24-E1-24-71-3D-00-00-01", "24:e1:24:71:3d:00:00:01"]
)
def test_a_device_may_be_named_as_its_label_writes_it(tmp_path: Path, device: str) -> None:
    told = settings(tmp_path, EXAMPLE.replace("24e124713d000001", device))
    assert told.models == {"24e124713d000001": "em310-udl"}


def test_a_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    assert settings(tmp_path, "\ufeff" + EXAMPLE).gateway == "gw-tps-04"


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    lines = wrong(
        tmp_path, "qos = 0", 'qos = 7\n[[sources]]\nname = "X"\nenvelope = "y"'
    ).splitlines()
    assert len(lines) == 4


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(GatewaySettingsError, match=r"none\.toml"):
        load(tmp_path / "none.toml")


def test_every_kind_of_envelope_can_be_named() -> None:
    assert {"angkut", "chirpstack", "tts", "milesight-gateway", "json", "senml", "sparkplug"} <= (
        set(envelope_kinds())
    )
