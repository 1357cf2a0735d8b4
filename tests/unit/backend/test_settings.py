from pathlib import Path

import pytest

from angkut_backend.errors import NotConfiguredError
from angkut_backend.settings import SettingsError, load_settings


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_without_anything_the_defaults_are_in_force() -> None:
    loaded = load_settings({})
    assert loaded.settings.mqtt_port == 1883
    assert set(loaded.origins.values()) == {"default"}


def test_the_environment_wins_over_the_file_and_the_file_over_the_running_stack() -> None:
    Path("angkut-data").mkdir()
    Path("angkut-data/stack.toml").write_text(
        'mqtt_port = 1\napi_port = 1\ndatabase_dsn = "postgresql:///x"\n'
    )
    Path("angkut.toml").write_text("mqtt_port = 2\napi_port = 2\n")
    loaded = load_settings({"ANGKUT_MQTT_PORT": "3"})
    assert (loaded.settings.mqtt_port, loaded.settings.api_port) == (3, 2)
    assert loaded.settings.dsn == "postgresql:///x"
    assert loaded.origins["mqtt_port"] == "environment"
    assert loaded.origins["api_port"] == "angkut.toml"
    assert loaded.origins["database_dsn"] == "angkut-data/stack.toml"


def test_another_file_and_another_data_folder_may_be_named() -> None:
    Path("other.toml").write_text('data_dir = "elsewhere"\n')
    Path("elsewhere").mkdir()
    Path("elsewhere/stack.toml").write_text("api_port = 4\n")
    assert load_settings({"ANGKUT_CONFIG": "other.toml"}).settings.api_port == 4


@pytest.mark.parametrize(
    ("file", "env", "words"),
    [
        ("mqtt_port = 0", {}, ("mqtt_port", "angkut.toml")),
        ("colour = 1", {}, ("colour", "angkut.toml")),
        ("mqtt_port =", {}, ("angkut.toml", "TOML")),
        ("", {"ANGKUT_MQTT_PORT": "many"}, ("mqtt_port", "environment")),
        ("", {"ANGKUT_CONFIG": "nowhere.toml"}, ("nowhere.toml",)),
    ],
)
def test_a_wrong_setting_is_named_with_where_it_came_from(
    file: str, env: dict[str, str], words: tuple[str, ...]
) -> None:
    Path("angkut.toml").write_text(file)
    with pytest.raises(SettingsError) as error:
        load_settings(env)
    for word in words:
        assert word in str(error.value)


def test_a_secret_does_not_show_itself() -> None:
    settings = load_settings({"ANGKUT_MQTT_PASSWORD": "hush"}).settings
    assert "hush" not in repr(settings)


def test_without_a_database_the_remedy_is_named() -> None:
    with pytest.raises(NotConfiguredError, match="angkut up"):
        _ = load_settings({}).settings.dsn
