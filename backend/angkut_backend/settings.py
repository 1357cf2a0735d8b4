"""One frozen settings object per process.

A value is taken from the first of: an environment variable `ANGKUT_<NAME>`, the file named by
`ANGKUT_CONFIG` (else `angkut.toml` in the working folder), the running embedded stack of
`data_dir`, the default.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from angkut_backend.errors import NotConfiguredError
from angkut_broker.errors import AngkutError

PREFIX = "ANGKUT_"
CONFIG_FILE = "angkut.toml"
#: Written by `angkut up` into `data_dir` while the embedded stack runs; removed when it stops.
STACK_FILE = "stack.toml"


class SettingsError(AngkutError):
    """A setting is wrong."""


class Settings(BaseModel):
    """What a process of Angkut needs to know. Secrets have no default."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data_dir: Path = Field(
        Path("angkut-data"), description="Folder of the embedded stack: database, broker, secrets"
    )
    database_dsn: SecretStr | None = Field(
        None, description="postgresql://... of the database; the embedded one needs none"
    )
    mqtt_host: str = Field("127.0.0.1", description="Host of the MQTT broker")
    mqtt_port: int = Field(1883, ge=1, le=65535, description="Port of the MQTT broker")
    mqtt_username: str = Field("angkut-ingest", description="User of ingest at the broker")
    mqtt_password: SecretStr | None = Field(None, description="Password of ingest at the broker")
    mqtt_worker_username: str = Field(
        "angkut-worker", description="User of the worker at the broker: it sends commands"
    )
    mqtt_worker_password: SecretStr | None = Field(
        None, description="Password of the worker at the broker; not set: no commands are sent"
    )
    mqtt_tls: bool = Field(False, description="Speak TLS to the broker")
    mqtt_ca_file: Path | None = Field(None, description="CA of the broker, if not a public one")
    ingest_worker: str = Field(
        "0",
        pattern=r"^[a-z0-9-]{1,32}$",
        description="Stable name of this ingest worker: its MQTT session hangs on it",
    )
    ingest_share_group: str | None = Field(
        None,
        pattern=r"^[a-z0-9-]{1,32}$",
        description="Workers with the same group share the messages (not with a NATS broker)",
    )
    ingest_batch_size: int = Field(
        10_000, ge=1, le=20_000, description="Readings written in one transaction at most"
    )
    ingest_batch_wait_ms: int = Field(
        3, ge=0, le=5000, description="How long a message waits for others, milliseconds"
    )
    api_host: str = Field("127.0.0.1", description="Address the API listens on")
    api_port: int = Field(8080, ge=0, le=65535, description="Port the API listens on; 0: any free")
    trusted_proxies: str = Field(
        "",
        description="Addresses of the reverse proxies in front of the API, comma separated; "
        "only they may say who asked and that it came by TLS",
    )
    page_url: str | None = Field(
        None,
        pattern=r"^https?://[^\s/?#]+(/[^\s?#]*)?$",
        max_length=200,
        description="Address of the page as phones reach it, for QR codes: https://...",
    )
    roads_dir: Path | None = Field(
        None, description="Folder of the road network; not set: roads in data_dir"
    )
    plans_at_once: int = Field(
        1, ge=1, le=16, description="Plans that a worker makes at once; each takes a core"
    )
    session_hours: int = Field(12, ge=1, le=720, description="A sign-in ends after so many hours")
    readings_keep_days: int = Field(
        730, ge=0, description="Readings older than so many days are removed; 0: never"
    )
    dead_letters_keep_days: int = Field(
        90, ge=0, description="Dead letters older than so many days are removed; 0: never"
    )
    dead_letters_keep: int = Field(
        100_000, ge=1, description="Dead letters kept at most; the noisiest device loses first"
    )
    webhooks_allow_private: bool = Field(
        False, description="Webhooks may go to private addresses (10.x, 172.16.x, 192.168.x, ...)"
    )
    metrics_port: int | None = Field(
        None,
        ge=1,
        le=65535,
        description="Port for metrics and health of ingest or worker; not set: none, "
        "but `angkut up` gives them the first free ones from 9464",
    )
    metrics_host: str = Field("127.0.0.1", description="Address for metrics and health")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="How much is logged"
    )

    @property
    def roads_folder(self) -> Path:
        """Where the road network is."""
        return self.roads_dir or self.data_dir / "roads"

    @property
    def monitor_address(self) -> tuple[str, int] | None:
        """Where metrics and health are served, if at all."""
        return None if self.metrics_port is None else (self.metrics_host, self.metrics_port)

    @property
    def dsn(self) -> str:
        """Return the database address.

        Raises
        ------
        NotConfiguredError
            When no database is configured and no embedded stack is running.

        """
        if self.database_dsn is None:
            raise NotConfiguredError(
                "no database: start the embedded stack with `angkut up`, "
                f"or set {PREFIX}DATABASE_DSN or database_dsn in {CONFIG_FILE}"
            )
        return self.database_dsn.get_secret_value()


@dataclass(frozen=True, slots=True)
class LoadedSettings:
    """Settings and where each value came from."""

    settings: Settings
    #: Name of the setting to a word for people: `environment`, a file's path or `default`.
    origins: Mapping[str, str]


def load_settings(env: Mapping[str, str] = os.environ) -> LoadedSettings:
    """Read the settings of this process.

    Raises
    ------
    SettingsError
        Names the setting, where it came from and what is wrong with it.

    """
    config = Path(env.get(f"{PREFIX}CONFIG", CONFIG_FILE))
    if f"{PREFIX}CONFIG" in env and not config.exists():
        raise SettingsError(f"{PREFIX}CONFIG names {config}, which does not exist")
    variables = {
        name: env[PREFIX + name.upper()]
        for name in Settings.model_fields
        if PREFIX + name.upper() in env
    }
    from_config = _read(config)
    data_dir = (from_config | variables).get("data_dir", Settings.model_fields["data_dir"].default)
    stack = Path(str(data_dir)) / STACK_FILE
    values: dict[str, object] = {}
    origins = dict.fromkeys(Settings.model_fields, "default")
    # From the weakest source to the strongest.
    sources = ((str(stack), _read(stack)), (str(config), from_config), ("environment", variables))
    for origin, found in sources:
        values |= found
        origins |= dict.fromkeys(found, origin)
    try:
        return LoadedSettings(Settings.model_validate(values), origins)
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_input=False)[0]
        name = str(first["loc"][0])
        origin = origins.get(name, str(config))
        raise SettingsError(f"{name} (from {origin}): {first['msg']}") from exc


def _read(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise SettingsError(f"{path} is not TOML: {exc}") from exc
