"""Commands over HTTP: what may be asked, and what is shown."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

#: Shortest and longest validity of a command, seconds.
SHORTEST_S = 60
LONGEST_S = 30 * 86_400


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")

    expires_in_s: (
        Annotated[
            int,
            Field(
                ge=SHORTEST_S,
                le=LONGEST_S,
                description="Given up after so long; default: three intervals, an hour at least",
            ),
        ]
        | None
    ) = None


class _NoArgs(BaseModel):
    model_config = ConfigDict(extra="forbid")


class IntervalArgs(BaseModel):
    """How often to report."""

    model_config = ConfigDict(extra="forbid")

    seconds: Annotated[int, Field(ge=60, le=7 * 86_400, description="Between two readings")]


class UpdateArgs(BaseModel):
    """Which firmware to take, and from where."""

    model_config = ConfigDict(extra="forbid")

    fw: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[\x21-\x7e]+$")]
    url: Annotated[str, Field(max_length=500, pattern=r"^https://[\x21-\x7e]+$")] | None = None
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None


class IntervalIn(_Asked):
    """Report more or less often."""

    cmd: Literal["interval"]
    args: IntervalArgs


class CalibrateIn(_Asked):
    """Take the distance that is measured now for that of the empty bin."""

    cmd: Literal["calibrate"]
    args: _NoArgs = _NoArgs()


class RebootIn(_Asked):
    """Start anew."""

    cmd: Literal["reboot"]
    args: _NoArgs = _NoArgs()


class UpdateIn(_Asked):
    """Take another firmware."""

    cmd: Literal["update"]
    args: UpdateArgs


CommandIn = Annotated[IntervalIn | CalibrateIn | RebootIn | UpdateIn, Field(discriminator="cmd")]
COMMAND_IN: TypeAdapter[IntervalIn | CalibrateIn | RebootIn | UpdateIn] = TypeAdapter(CommandIn)


class CommandOut(BaseModel):
    """A command and what became of it."""

    model_config = ConfigDict(from_attributes=True)

    command_id: UUID
    device: str
    cmd: str
    args: dict[str, int | str | None]
    #: `sent`: the broker has it. `delivered`: the device, or the network server that will hand
    #: it over at the device's next uplink, has it.
    state: Literal["queued", "sent", "delivered", "done", "failed", "expired"]
    #: How often it was published.
    attempts: int
    created_at: datetime
    created_by: str
    expires_at: datetime
    sent_at: datetime | None
    delivered_at: datetime | None
    ended_at: datetime | None
    #: What the device or its gateway said.
    detail: str | None


class CommandsOut(BaseModel):
    """The newest commands of a device."""

    commands: list[CommandOut]
