"""The settings of a gateway: one TOML file, checked as a whole before anything starts."""

import importlib
import pkgutil
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from angkut_broker.errors import AngkutError, TopicError
from angkut_broker.messages import DeviceId
from angkut_broker.session import BrokerAddress
from angkut_broker.topics import Channel, Kind, Topic
from angkut_edge import envelopes, models
from angkut_edge.envelopes.base import Envelope
from angkut_edge.envelopes.jsons import eui

_FOLDER = "folder"


class GatewaySettingsError(AngkutError):
    """The settings of the gateway are wrong; the text names each field."""


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _beside_the_file(path: Path, info: ValidationInfo) -> Path:
    return Path(info.context[_FOLDER]) / path if info.context else path


class Broker(_Table):
    """Where a broker is and who the gateway is there."""

    host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65_535)] | None = Field(
        None, description="Default: 1883, with TLS 8883"
    )
    username: str = ""
    password: SecretStr | None = None
    password_file: Path | None = Field(None, description="Holds the password and nothing else")
    tls: bool = False
    ca_file: Path | None = Field(None, description="Authority of the broker, if not a public one")
    cert_file: Path | None = Field(None, description="Certificate of the gateway, with its key")
    key_file: Path | None = None

    @field_validator("password_file", "ca_file", "cert_file", "key_file")
    @classmethod
    def _exists(cls, path: Path | None, info: ValidationInfo) -> Path | None:
        if path is None:
            return None
        found = _beside_the_file(path, info)
        if not found.is_file():
            raise ValueError(f"there is no file {found}")
        return found

    @model_validator(mode="after")
    def _is_consistent(self) -> "Broker":
        if self.password and self.password_file:
            raise ValueError("give password or password_file, not both")
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("cert_file and key_file belong together")
        if not self.tls and (self.ca_file or self.cert_file):
            raise ValueError("ca_file and cert_file need tls = true")
        return self

    def address(self, username: str | None = None) -> BrokerAddress:
        """Return where and who, with the secret."""
        secret = self.password.get_secret_value() if self.password else ""
        if self.password_file:
            secret = self.password_file.read_text().strip()
        return BrokerAddress(
            self.host,
            self.port or (8883 if self.tls else 1883),
            self.username or username or "",
            secret,
            tls=self.tls,
            ca_file=self.ca_file,
            cert_file=self.cert_file,
            key_file=self.key_file,
        )


def _envelope(value: object) -> Envelope:
    table = {"kind": value} if isinstance(value, str) else value
    if isinstance(table, Envelope):
        return table
    if not isinstance(table, Mapping) or "kind" not in table:
        raise ValueError('name the kind of envelope: envelope = "chirpstack"')
    kind = envelope_kinds().get(table["kind"])
    if kind is None:
        raise ValueError(
            f"{table['kind']!r} is no kind of envelope; it must be one of "
            f"{', '.join(envelope_kinds())}"
        )
    try:
        return kind.model_validate(dict(table))
    except ValidationError as exc:
        raise ValueError("; ".join(_lines(exc))) from exc


class Source(Broker):
    """A broker on which devices are heard: that of a network server, or a local one."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
    envelope: Annotated[Envelope, PlainValidator(_envelope)]
    qos: Literal[0, 1] = 1


class SpoolTable(_Table):
    """Where readings wait, and how many at most."""

    path: Annotated[Path, Field(validate_default=True)] = Path("angkut-edge.sqlite")
    max_mb: Annotated[int, Field(ge=1, le=1_000_000)] = 512
    max_days: Annotated[int, Field(ge=1, le=366)] = 30

    @field_validator("path")
    @classmethod
    def _has_a_folder(cls, path: Path, info: ValidationInfo) -> Path:
        found = _beside_the_file(path, info)
        if not found.parent.is_dir():
            raise ValueError(f"there is no folder {found.parent}")
        return found


class MetricsTable(_Table):
    """Where metrics and health are served."""

    port: Annotated[int, Field(ge=1, le=65_535)]
    host: str = "127.0.0.1"


class GatewaySettings(_Table):
    """What `angkut edge` needs to know."""

    gateway: DeviceId
    city: str
    area: str
    upstream: Broker
    sources: Annotated[list[Source], Field(min_length=1, max_length=16)]
    #: Model by device id, where the network server does not name it.
    models: dict[DeviceId, str] = Field(default_factory=dict)
    spool: SpoolTable
    metrics: MetricsTable | None = None
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @field_validator("area")
    @classmethod
    def _is_a_topic(cls, area: str, info: ValidationInfo) -> str:
        try:
            Topic(info.data.get("city", "x"), area, Kind.GATEWAY, "x", Channel.STATUS)
        except TopicError as exc:
            raise ValueError(str(exc)) from exc
        return area

    @field_validator("sources")
    @classmethod
    def _have_names_of_their_own(cls, sources: list[Source]) -> list[Source]:
        names = [source.name for source in sources]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two sources are named {', '.join(twice)}")
        return sources

    @field_validator("models", mode="before")
    @classmethod
    def _as_on_labels(cls, named: object) -> object:
        if not isinstance(named, dict):
            return named
        plain = {eui(device) or device.strip().lower(): name for device, name in named.items()}
        if len(plain) < len(named):
            raise ValueError("a device is named twice, in different spellings; keep one line of it")
        return plain

    @field_validator("models")
    @classmethod
    def _are_known(cls, named: dict[str, str]) -> dict[str, str]:
        if unknown := sorted({name for name in named.values() if models.find(name) is None}):
            raise ValueError(
                f"no decoder for {', '.join(unknown)}; there are {', '.join(models.registry())}"
            )
        return named

    @property
    def topic_root(self) -> str:
        """Return what the gateway's own topics begin with."""
        return self.topic(Channel.STATUS).rpartition("/")[0]

    def topic(self, channel: Channel) -> str:
        """Return the gateway's own topic."""
        return str(Topic(self.city, self.area, Kind.GATEWAY, self.gateway, channel))


def load(path: Path) -> GatewaySettings:
    """Read the file; paths in it are relative to its folder.

    Raises
    ------
    GatewaySettingsError
        One line for each field that is wrong.

    """
    try:
        # An empty table, so that its defaults are checked; editors of Windows write a BOM.
        values = {"spool": {}, **tomllib.loads(path.read_text("utf-8-sig"))}
    except OSError as exc:
        raise GatewaySettingsError(f"{path}: {exc.strerror}") from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise GatewaySettingsError(f"{path} is not TOML: {exc}") from exc
    try:
        return GatewaySettings.model_validate(values, context={_FOLDER: path.resolve().parent})
    except ValidationError as exc:
        raise GatewaySettingsError("\n  ".join([f"{path}:", *_lines(exc)])) from exc


@cache
def envelope_kinds() -> Mapping[str, type[Envelope]]:
    """Return every kind of envelope by its name: each module in `envelopes` may define some."""
    for info in pkgutil.iter_modules(envelopes.__path__):
        importlib.import_module(f"{envelopes.__name__}.{info.name}")
    found = {kind.model_fields["kind"].default: kind for kind in _all(Envelope.__subclasses__())}
    return dict(sorted((name, kind) for name, kind in found.items() if isinstance(name, str)))


def _all(kinds: list[type[Envelope]]) -> list[type[Envelope]]:
    return [one for kind in kinds for one in (kind, *_all(kind.__subclasses__()))]


def _lines(exc: ValidationError) -> list[str]:
    return [_line(error) for error in exc.errors(include_url=False, include_input=False)]


def _line(error: Mapping[str, Any]) -> str:
    where = ""
    for part in error["loc"]:
        where += f"[{part}]" if isinstance(part, int) else f".{part}" if where else str(part)
    text = str(error["msg"]).removeprefix("Value error, ")
    return f"{where}: {text}" if where else text
