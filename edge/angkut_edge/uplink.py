"""What passes between the parts of the gateway: uplinks, what was heard in them, downlinks.

An envelope (network server, gateway, maker's JSON) opens a message into `Uplink`s; a model
decodes an uplink's bytes into a `Frame`; `angkut_edge.hearing.read` does both and turns the
frame into messages of the wire contract.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from angkut_broker.errors import AngkutError, Refusal
from angkut_broker.messages import Event, EventKind, Fault, Meta, Telemetry


class FrameError(AngkutError):
    """These bytes are not a frame of this device."""


class EnvelopeError(AngkutError):
    """This message is not of the network server that it should come from."""


class UnsupportedCommandError(AngkutError):
    """This device has no such command."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One reading as a device's bytes give it; `None` is "does not say", never "zero".

    Numbers may still be outside the wire contract: `hearing` drops such a field and says so.
    """

    #: The device's own time, aware; for what lies in a history it must be there.
    t: datetime | None = None
    #: From the face of the sensor to the surface, mm; an empty tuple is "no echo".
    d_mm: tuple[int, ...] | None = None
    fill_pct: float | None = None
    bat_mv: int | None = None
    temp_c: float | None = None
    tilt_deg: float | None = None
    rssi_dbm: int | None = None
    snr_db: float | None = None
    #: Counter of the device where the frame has one of its own; else the frame counter counts.
    seq: int | None = None
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that a device noticed: an event without its name and number."""

    kind: EventKind
    #: °C for fire, degrees for tilt, 1 or 0 for lid; None where the device only judges.
    value: float | None = None
    t: datetime | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """What the bytes of one uplink hold; all empty for a frame that answers a setting."""

    samples: tuple[Sample, ...] = ()
    notices: tuple[Notice, ...] = ()
    #: Firmware as the maker writes it: `1.10`.
    fw: str | None = None
    #: Seconds between two readings, when the device tells its setting.
    interval_s: int | None = None
    #: What of the frame is not in here, why, and what to do about it.
    left_out: str | None = None


@dataclass(frozen=True, slots=True)
class Uplink:
    """One message of a device, out of its envelope."""

    #: Kind of the envelope: `chirpstack`, `tts`, ...
    envelope: str
    #: Id as in the topics of the wire contract: DevEUI or IMEI, lower case.
    device: str
    #: When the network server had it, aware; the arrival here when it does not say.
    received: datetime
    #: What the envelope says of the model: a profile's name, a tag; not yet a known model.
    hint: str | None = None
    f_port: int | None = None
    #: Frame counter; 0 when the envelope has none.
    f_cnt: int = 0
    #: Bytes of the device, for a model to decode.
    payload: bytes | None = None
    #: Or what the envelope itself could read, as maker's JSON, SenML and Sparkplug do.
    frame: Frame | None = None
    rssi_dbm: int | None = None
    snr_db: float | None = None


class Stage(StrEnum):
    """How far a downlink came."""

    #: The network server took it.
    QUEUED = "queued"
    #: It went out by radio; whether the device heard it is not known.
    SENT = "sent"
    #: The device confirmed the frame.
    DELIVERED = "delivered"
    #: It will not arrive: refused, expired or not confirmed.
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a network server says of a downlink."""

    #: As given to `Envelope.downlink`; None where the server names none: the device's last one.
    ref: str | None
    device: str
    stage: Stage
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Downlink:
    """Bytes for a device."""

    f_port: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Opened:
    """What an envelope holds."""

    uplinks: tuple[Uplink, ...] = ()
    #: Messages that are in the wire contract's form already.
    readings: tuple[Telemetry, ...] = ()
    events: tuple[Event, ...] = ()
    metas: tuple[Meta, ...] = ()
    answers: tuple[Answer, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    #: Topic and payload to publish back at the source at once, such as a request for a birth.
    replies: tuple[tuple[str, bytes], ...] = ()
    #: Whose message it is, and where downlinks to it go; both None when it names no device.
    device: str | None = None
    route: str | None = None
    #: Why an intact message holds nothing: `join`, `log`, ...
    ignored: str | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """What one message of a source comes to. All may be empty, as for a join."""

    readings: tuple[Telemetry, ...] = ()
    events: tuple[Event, ...] = ()
    metas: tuple[Meta, ...] = ()
    answers: tuple[Answer, ...] = ()
    #: The message, or a part of it, that cannot be used: keep the original with the reason.
    refusals: tuple[Refusal, ...] = ()
    replies: tuple[tuple[str, bytes], ...] = ()
    device: str | None = None
    route: str | None = None
    ignored: str | None = None
    #: Name of the model that decoded the last of its frames; downlinks are of this model.
    model: str | None = None
