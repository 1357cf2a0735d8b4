"""The files by which other commands find the running stack, and its secrets."""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import SecretStr

from angkut_backend.settings import STACK_FILE, LoadedSettings, Settings
from angkut_broker.credentials import new_secret
from angkut_infra.stack.files import write_private

SECRETS_FILE = "secrets.toml"


def without_earlier_run(loaded: LoadedSettings) -> Settings:
    """Return the settings without what the file of an earlier run says.

    A stack that was killed leaves its file behind; its addresses are dead.
    """
    stale = {
        name: Settings.model_fields[name].default
        for name, origin in loaded.origins.items()
        if Path(origin).name == STACK_FILE
    }
    return loaded.settings.model_copy(update=stale)


def broker_password(
    data_dir: Path, settings: Settings, name: Literal["mqtt_password", "mqtt_worker_password"]
) -> str:
    """Return the password of ingest or the worker: the configured one, else ours, made once."""
    configured: SecretStr | None = getattr(settings, name)
    if configured:
        return configured.get_secret_value()
    path = data_dir / SECRETS_FILE
    secrets = tomllib.loads(path.read_text()) if path.exists() else {}
    if name not in secrets:
        secrets[name] = new_secret()
        write_private(path, _toml(secrets))
    return str(secrets[name])


def publish(data_dir: Path, values: Mapping[str, str | int]) -> None:
    """Write the addresses of the running stack."""
    write_private(data_dir / STACK_FILE, _toml(values))


def withdraw(data_dir: Path) -> None:
    """Remove the addresses: nothing runs any more."""
    (data_dir / STACK_FILE).unlink(missing_ok=True)


def _toml(values: Mapping[str, str | int]) -> str:
    # JSON's strings and integers are TOML's too.
    lines = [f"{name} = {json.dumps(value)}\n" for name, value in values.items()]
    return "# Written by `angkut up`.\n" + "".join(lines)
