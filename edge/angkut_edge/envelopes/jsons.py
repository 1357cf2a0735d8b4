"""Reading other people's JSON: whatever is missing or of another kind is None, not an error."""

import base64
import binascii
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

from pydantic_core import from_json

from angkut_edge.uplink import EnvelopeError

#: Larger messages are not of a sensor.
MAX_BYTES = 256 * 1024

_HEX_EUI = re.compile(r"[0-9a-fA-F]{16}")
_TIME = re.compile(
    r"(\d{4})[-/](\d\d)[-/](\d\d)[T ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?\s*(Z|[+-]\d\d:?\d\d)?",
    re.IGNORECASE,
)
#: Seconds and milliseconds since 1970 are told apart by their size: this is the year 2286.
_MAX_SECONDS = 9_999_999_999


def parse(payload: bytes) -> object:
    """Return the value of a JSON text.

    Raises
    ------
    EnvelopeError
        When it is none, or is too large.

    """
    if len(payload) > MAX_BYTES:
        raise EnvelopeError(f"{len(payload)} bytes; a sensor's message has {MAX_BYTES} at most")
    try:
        # Editors of Windows begin a file with a byte-order mark.
        return from_json(payload.removeprefix(b"\xef\xbb\xbf"), allow_inf_nan=False)
    except ValueError as exc:
        raise EnvelopeError(f"the message is not JSON: {exc}") from exc


def parse_object(payload: bytes) -> dict[str, object]:
    """Return the object of a JSON text."""
    value = parse(payload)
    if not isinstance(value, dict):
        raise EnvelopeError(f"the message is a JSON {type(value).__name__}, not an object")
    return value


def at(value: object, *path: str | int) -> object:
    """Return what is at a path; None where there is nothing."""
    for step in path:
        if isinstance(value, dict) and isinstance(step, str):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and -len(value) <= step < len(value):
            value = value[step]
        else:
            return None
    return value


def text(value: object) -> str | None:
    """Return a string that says something."""
    return value if isinstance(value, str) and value else None


def number(value: object) -> float | None:
    """Return a number, also one that is written as a string."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float | Decimal):
        # The comparison is false for NaN, and an integer may be too large for a float.
        found = float(value) if -1e300 < value < 1e300 else None
    elif isinstance(value, str) and len(value) < 40:
        try:
            found = float(value)
        except ValueError:
            return None
    else:
        return None
    return None if found is None or found - found != 0 else found


def whole(value: object) -> int | None:
    """Return a number without a fraction."""
    found = number(value)
    return None if found is None else round(found)


def eui(value: object) -> str | None:
    """Return a DevEUI in lower case, of hexadecimal digits in any dress or of base64."""
    given = text(value)
    if given is None or len(given) > 40:
        return None
    plain = re.sub(r"[-: ]", "", given)
    if _HEX_EUI.fullmatch(plain):
        return plain.lower()
    try:
        raw = base64.b64decode(given, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw.hex() if len(raw) == 8 else None


def base64_bytes(value: object) -> bytes:
    """Return the bytes of base64, of either alphabet, padded or not; b"" when there is none.

    Raises
    ------
    EnvelopeError
        When it is something else.

    """
    given = text(value)
    if given is None:
        return b""
    plain = given.strip().rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError) as exc:
        raise EnvelopeError(f"the data {given[:40]!r} are not base64: {exc}") from exc


def hex_bytes(written: str) -> bytes:
    """Return the bytes of hexadecimal digits; `0x`, blanks, commas, colons, hyphens do not matter.

    Raises
    ------
    EnvelopeError
        When it is something else; the text says what.

    """
    digits = re.sub(r"(?:^|(?<=[\s,:-]))0[xX]|[\s,:-]", "", written)
    wrong = re.search(r"[^0-9a-fA-F]", digits)
    if wrong:
        raise EnvelopeError(f"{written[:80]!r} are no hexadecimal digits: there is a {wrong[0]!r}")
    if len(digits) % 2:
        raise EnvelopeError(
            f"{written[:80]!r} are {len(digits)} hexadecimal digits; a byte has two: one is missing"
        )
    return bytes.fromhex(digits)


def time(value: object, *, utc_offset_min: int = 0) -> datetime | None:
    """Return a time, aware, in UTC.

    Takes RFC 3339 with up to nine decimals, the same with blanks and slashes, and seconds or
    milliseconds since 1970.

    Parameters
    ----------
    utc_offset_min
        Minutes east of Greenwich of a clock whose text names no zone.

    """
    if isinstance(value, str):
        found = _TIME.fullmatch(value.strip())
        if found:
            return _of_text(found, utc_offset_min)
    seconds = number(value)
    if seconds is None or seconds <= 0:
        return None
    if seconds > _MAX_SECONDS:
        seconds /= 1_000
    return datetime.fromtimestamp(seconds, UTC) if seconds <= _MAX_SECONDS else None


def _of_text(found: re.Match[str], utc_offset_min: int) -> datetime | None:
    *date_time, decimals, zone = found.groups()
    # Nanoseconds are cut, not rounded: the same message gives the same time in every way.
    year, month, day, hour, minute, second = map(int, date_time)
    micros = int((decimals or "").ljust(6, "0")[:6])
    try:
        east = _zone(zone, utc_offset_min)
        local = datetime(year, month, day, hour, minute, second, micros, east)
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _zone(zone: str | None, utc_offset_min: int) -> timezone:
    if zone is None:
        return timezone(timedelta(minutes=utc_offset_min))
    if zone in "Zz":
        return UTC
    minutes = int(zone[1:3]) * 60 + int(zone[-2:])
    return timezone(timedelta(minutes=minutes if zone[0] == "+" else -minutes))


def best_radio(
    receptions: object, snr_names: tuple[str, ...] = ("snr",)
) -> tuple[int | None, float | None]:
    """Return RSSI and SNR where the gateway with the strongest signal received it.

    Empty fields are left out of protobuf's JSON, so that a missing SNR beside an RSSI is 0.
    """
    heard = list(_receptions(receptions, snr_names))
    if not heard:
        return None, None
    rssi_dbm, snr_db = max(heard, key=lambda one: (one[0], one[1]))
    return round(rssi_dbm), snr_db


def _receptions(receptions: object, snr_names: tuple[str, ...]) -> Iterator[tuple[float, float]]:
    for one in receptions if isinstance(receptions, list) else []:
        rssi_dbm = number(at(one, "rssi"))
        if rssi_dbm is not None:
            snrs = (number(at(one, name)) for name in snr_names)
            yield rssi_dbm, next((snr for snr in snrs if snr is not None), 0.0)
