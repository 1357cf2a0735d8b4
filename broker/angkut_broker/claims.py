"""Why a message is not believed, or cannot be understood."""

from datetime import UTC, datetime, timedelta

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from angkut_broker.errors import Reason, Refusal
from angkut_broker.messages import Event, Message, Telemetry
from angkut_broker.topics import Channel, Kind, Topic

#: No Angkut device reported before this; an earlier time is a clock that was never set.
EARLIEST = datetime(2020, 1, 1, tzinfo=UTC)
#: A device clock may run ahead by this much (DESIGN: trusted bounds of the observed time).
MAX_AHEAD = timedelta(minutes=5)

#: Only a gateway speaks on these, and only of itself.
OF_GATEWAYS = frozenset({Channel.REFUSED, Channel.HEALTH})


def check_claims(topic: Topic, message: Message, now: datetime) -> Refusal | None:
    """Refuse a foreign id and a time that no working clock can give."""
    device_id: str | None = getattr(message, "id", None)
    for_others = topic.kind is Kind.GATEWAY and topic.channel not in OF_GATEWAYS
    if not for_others and device_id != topic.device_id:
        return Refusal(
            Reason.ID_MISMATCH,
            f"id is {device_id!r} but the topic says {topic.device_id!r}; "
            "a device may speak only for itself",
        )
    # An unknown field may be called `t` too. What a gateway says of itself is kept whatever its
    # clock shows: that is worth knowing.
    if not isinstance(message, Telemetry | Event):
        return None
    observed = message.t
    if observed < EARLIEST:
        return Refusal(
            Reason.TIME_TOO_OLD,
            f"t is {observed.isoformat()}, before {EARLIEST.date()}: set the device's clock",
        )
    if observed > now + MAX_AHEAD:
        return Refusal(
            Reason.TIME_IN_FUTURE,
            f"t is {observed.isoformat()}, {observed - now} ahead of its arrival; "
            f"at most {MAX_AHEAD} is allowed: check the device's clock and time zone",
        )
    return None


#: pydantic's error types that have a reason of their own; all others are `invalid_field`.
_REASONS = {
    "json_invalid": Reason.NOT_JSON,
    "missing": Reason.MISSING_FIELD,
    "finite_number": Reason.NOT_FINITE,
}


def explain(error: ValidationError, payload: bytes) -> Refusal:
    """Put what pydantic found into one sentence."""
    details = error.errors(include_url=False, include_context=False)
    first = details[0]
    reason = _reason(first, payload)
    where = "".join(f"[{part}]" if isinstance(part, int) else str(part) for part in first["loc"])
    more = f" (and {len(details) - 1} more)" if len(details) > 1 else ""
    return Refusal(reason, f"{where or 'payload'}: {first['msg']}{more}"[:500])


def _reason(detail: ErrorDetails, payload: bytes) -> Reason:
    if detail["type"] == "json_invalid":
        try:
            payload.decode()
        except UnicodeDecodeError:
            return Reason.NOT_UTF8
        return Reason.NOT_JSON
    if detail["type"] != "missing" and detail["loc"][-1:] == ("v",):
        return Reason.WRONG_VERSION
    if isinstance(detail["input"], float) and detail["input"] - detail["input"] != 0:
        return Reason.NOT_FINITE
    return _REASONS.get(detail["type"], Reason.INVALID_FIELD)
