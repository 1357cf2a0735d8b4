"""Payloads of the wire contract, version 1.

Numbers are finite, arrays are bounded, unknown fields are ignored and counted. All but
`v`, `id`, `t` and `seq` of a reading are optional; a raw distance is preferred to a percentage.
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue

from angkut_broker.topics import ID_PATTERN

#: A payload may not be larger than this.
MAX_PAYLOAD_BYTES = 64 * 1024
#: Readings in one batch: two weeks of history at one reading every 20 minutes.
MAX_BATCH = 1008
#: Echoes in one reading.
MAX_ECHOES = 16
#: Codes in `faults` of one reading.
MAX_FAULTS = 8

#: Text that a person may see: no control characters.
Text = Annotated[str, Field(max_length=64, pattern=r"^[^\x00-\x1f\x7f]*$")]
DeviceId = Annotated[str, Field(pattern=ID_PATTERN, description="Device id as in the topic")]
Seq = Annotated[int, Field(ge=0, le=2**53 - 1, description="Counter of the device")]
Time = Annotated[AwareDatetime, Field(description="RFC 3339 with an offset, UTC preferred")]
Version = Annotated[Literal[1], Field(description="Version of the contract")]


class Message(BaseModel):
    """Base of all payloads: strict types, finite numbers, unknown fields kept apart."""

    # `allow` and not `ignore`: what is not known lands in `model_extra`, where it is counted.
    model_config = ConfigDict(strict=True, frozen=True, extra="allow", allow_inf_nan=False)

    v: Version


class Fault(StrEnum):
    """What a device, or the decoder of its bytes, says is wrong with a reading."""

    #: The sensor measured and heard nothing.
    NO_ECHO = "no_echo"
    #: The sensor does not answer, or reports a fault of its own.
    SENSOR_ERROR = "sensor_error"
    #: The surface is closer than the sensor can see: very full, or the sensor is dirty.
    BLIND_ZONE = "blind_zone"
    #: The device warns of its battery.
    LOW_BATTERY = "low_battery"
    #: A field that cannot be was left out.
    BAD_FIELD = "bad_field"
    #: The device's time was not to be trusted; `t` is the time of arrival.
    CLOCK = "clock"
    #: Sent later, out of the device's memory.
    HISTORY = "history"


class Telemetry(Message):
    """One reading."""

    id: DeviceId
    seq: Seq
    t: Time
    d_mm: (
        Annotated[
            list[Annotated[int, Field(ge=0, le=100_000)]],
            Field(max_length=MAX_ECHOES, description="Distance of each echo, mm; [] is no echo"),
        ]
        | None
    ) = None
    fill_pct: Annotated[float, Field(ge=-50, le=200)] | None = Field(
        None, description="Fill level in % if the device knows no distance"
    )
    bat_mv: Annotated[int, Field(ge=0, le=100_000)] | None = Field(None, description="Battery, mV")
    temp_c: Annotated[float, Field(ge=-100, le=1_000)] | None = Field(None, description="°C")
    tilt_deg: Annotated[float, Field(ge=0, le=180)] | None = Field(
        None, description="Degrees off the upright position"
    )
    rssi_dbm: Annotated[int, Field(ge=-200, le=50)] | None = Field(None, description="dBm")
    snr_db: Annotated[float, Field(ge=-100, le=100)] | None = Field(None, description="dB")
    fw: Text | None = Field(None, description="Firmware version")
    # Not of the type `Fault`: a decoder may know more than this server.
    faults: (
        Annotated[
            list[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]],
            Field(
                max_length=MAX_FAULTS,
                description="What the device or its decoder says is wrong with this reading: "
                + ", ".join(Fault)
                + "; others are ignored and counted",
            ),
        ]
        | None
    ) = None


class EventKind(StrEnum):
    """What a device noticed."""

    FIRE = "fire"
    TILT = "tilt"
    LID = "lid"
    MOVED = "moved"
    BUTTON = "button"


class Event(Message):
    """Something happened at the bin."""

    # Strict mode takes no enumeration from a string; this one field must.
    kind: Annotated[EventKind, Field(strict=False)]
    id: DeviceId
    seq: Seq
    t: Time
    value: float | None = Field(None, description="°C for fire, degrees for tilt, 1 or 0 for lid")


class Status(StrEnum):
    """Whether the device is connected: a bare word, retained; the last will is `offline`."""

    ONLINE = "online"
    OFFLINE = "offline"


class Meta(Message):
    """What the device is; retained."""

    id: DeviceId
    model: Text | None = None
    fw: Text | None = None
    interval_s: Annotated[int, Field(ge=1, le=30 * 86_400)] | None = Field(
        None, description="Seconds between two readings"
    )
    sensor: Text | None = Field(None, description="Kind of sensor: ultrasonic, radar, laser, ...")
    confirm: bool | None = Field(
        None, description="Tell me on `stored` what is committed; gateways are always told"
    )


CommandId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class Command(Message):
    """An order to a device."""

    cmd_id: CommandId
    id: DeviceId | None = Field(
        None, description="Device that it is for, when a gateway is to hand it on"
    )
    cmd: Literal["interval", "calibrate", "reboot", "update"]
    args: dict[str, JsonValue] = Field(default_factory=dict, max_length=16)
    expires: Time | None = Field(None, description="After this the device ignores the command")


class Ack(Message):
    """The answer of a device to a command."""

    id: DeviceId
    cmd_id: CommandId
    ok: bool
    detail: Annotated[str, Field(max_length=500)] | None = None
    final: bool | None = Field(
        None, description="false: received and on its way; the answer proper follows"
    )


class ReadingName(BaseModel):
    """Which reading or event: `id` and `t` name it in the database, `seq` in the sender's memory.

    Of an event `kind` too: one frame of a device may hold a reading and several events.
    """

    model_config = ConfigDict(strict=True, frozen=True)

    id: DeviceId
    t: Time
    seq: Seq
    kind: Annotated[EventKind, Field(strict=False)] | None = None


class Stored(Message):
    """From ingest to a gateway or a capable device, after the commit.

    The sender forgets what is named here and sends again what is not named in time.
    """

    #: Committed, now or at an earlier delivery.
    stored: Annotated[list[ReadingName], Field(max_length=MAX_BATCH)]
    #: Kept aside for good, such as readings of an unknown device: sending again will not help.
    refused: Annotated[list[ReadingName], Field(max_length=MAX_BATCH)] = Field(default_factory=list)


#: Bytes of a refused uplink that travel with the refusal: with base64 and the rest, one payload.
MAX_REFUSED_BYTES = 40 * 1024


class Refused(Message):
    """From a gateway: a message of one of its sources that it cannot read."""

    #: The gateway itself: whose message it was may be unknown.
    id: DeviceId
    seq: Seq
    #: Arrival at the gateway.
    t: Time
    topic: Annotated[str, Field(max_length=500, description="Topic at the source")]
    payload: Annotated[
        str, Field(max_length=56_000, pattern=r"^[A-Za-z0-9+/=]*$", description="Base64")
    ]
    #: As `angkut_broker.errors.Reason`.
    reason: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
    detail: Annotated[str, Field(max_length=500)]


Count = Annotated[int, Field(ge=0, le=2**53 - 1)]


class Health(Message):
    """From a gateway, every minute or so: how it is."""

    id: DeviceId
    t: Time
    #: Readings, events and refusals that wait for their confirmation.
    queued: Count
    #: When the oldest of them was spooled.
    oldest: Time | None = None
    #: Size of the spool and its bound, bytes.
    spool_bytes: Count
    spool_max_bytes: Count
    #: What was given up since the spool was made, by reason.
    dropped: Annotated[
        dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")], Count], Field(max_length=16)
    ] = Field(default_factory=dict)
    #: What keeps the gateway from its work, and since when.
    troubles: Annotated[dict[Text, Time], Field(max_length=16)] = Field(default_factory=dict)
