"""What a device model is to the gateway. Each model is one file in `angkut_edge.models`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from angkut_edge.uplink import Downlink, Frame, UnsupportedCommandError


class Evidence(StrEnum):
    """On what the knowledge of a byte layout rests."""

    #: A document of the maker that describes the bytes.
    DOCUMENT = "document"
    #: The maker's own decoder.
    DECODER = "decoder"
    #: Published example uplinks only.
    EXAMPLE = "example"


def no_commands(command: str, args: Mapping[str, object]) -> Downlink:  # noqa: ARG001 - a stand-in
    """Refuse every command: for models whose downlinks are not documented."""
    raise UnsupportedCommandError(f"this model takes no {command!r}: no downlink of it is known")


@dataclass(frozen=True, slots=True)
class Model:
    """One device model.

    Parameters
    ----------
    name
        As in the gateway's settings: `em400-mud`.
    sensor
        Kind of sensor, as in `Meta.sensor`: ultrasonic, laser, radar.
    decode
        From bytes and port (None when the envelope has none) to a `Frame`; raises `FrameError`
        for bytes that are no frame of this model, and nothing else.
    source
        Where the layout is documented.
    aliases
        Other names that network servers have for it.
    command
        From a command of the wire contract and its arguments to the bytes of a downlink;
        raises `UnsupportedCommandError`.

    """

    name: str
    maker: str
    sensor: str
    decode: Callable[[bytes, int | None], Frame]
    source: str
    evidence: Evidence
    aliases: tuple[str, ...] = ()
    command: Callable[[str, Mapping[str, object]], Downlink] = no_commands
