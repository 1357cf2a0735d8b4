"""Types of the columns of a site pack. Their descriptions are what errors say is expected."""

from datetime import date, time
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from angkut_backend.registry import windows


def _words(value: object) -> object:
    return tuple(value.split()) if isinstance(value, str) else value


def _iso_time(value: object) -> object:
    return time.fromisoformat(value) if isinstance(value, str) else value


def _iso_date(value: object) -> object:
    return date.fromisoformat(value) if isinstance(value, str) else value


def _weekdays(value: object) -> object:
    if not isinstance(value, str):
        return value
    words = value.split()
    if words == ["none"]:
        return ()
    if not words or any(word not in {"1", "2", "3", "4", "5", "6", "7"} for word in words):
        raise ValueError("not days of the week")
    if len(set(words)) < len(words):
        raise ValueError("a day stands twice")
    return tuple(sorted(int(word) for word in words))


def _without_zone(value: time) -> time:
    if value.tzinfo is not None:
        raise ValueError("a time zone is given")
    return value


def _known_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        if available_timezones():  # a machine without zone data cannot tell
            raise ValueError("unknown time zone") from None
    return value


_PLAIN = r"^[^\x00-\x1f\x7f]+$"
Text = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200, pattern=_PLAIN),
    Field(description="one line of text, 200 characters at most"),
]
Source = Annotated[
    str,
    StringConstraints(min_length=1, max_length=1000, pattern=_PLAIN),
    Field(description="where the row's values come from, 1000 characters at most"),
]
Invented = Annotated[
    tuple[str, ...],
    BeforeValidator(_words),
    Field(description="names of columns, separated by spaces"),
]
Code = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9-]{1,31}$"),
    Field(description="capital letters, digits and hyphens, 2 to 32, such as BKS-BT-0001"),
]
OptionalCode = Annotated[
    Annotated[str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9-]{1,31}$")] | None,
    Field(description="a code of capital letters, digits and hyphens, or empty"),
]
DistrictCode = Annotated[
    str,
    StringConstraints(pattern=r"^\d{2}\.\d{2}\.\d{2}$"),
    Field(description="the Kemendagri code of a kecamatan, such as 32.75.01"),
]
AreaCode = Annotated[
    str,
    StringConstraints(pattern=r"^\d{2}\.\d{2}\.\d{2}\.\d{4}$"),
    Field(description="the Kemendagri code of a kelurahan, such as 32.75.01.1001"),
]
Population = Annotated[
    Annotated[int, Field(ge=0, le=50_000_000)] | None,
    Field(description="persons, a whole number, or empty"),
]
Degrees = Annotated[
    float,
    Field(
        allow_inf_nan=False, description="degrees WGS84 with a decimal point, such as 107.013500"
    ),
]
Access = Literal["road", "alley"]
LocalTime = Annotated[
    time,
    BeforeValidator(_iso_time),
    AfterValidator(_without_zone),
    Field(description="local time as HH:MM"),
]
Minutes = Annotated[float, Field(ge=0, le=1440, allow_inf_nan=False)]
Litres = Annotated[
    int, Field(ge=1, le=100_000, description="litres, a whole number from 1 to 100000")
]
Day = Annotated[date, BeforeValidator(_iso_date), Field(description="a date as YYYY-MM-DD")]
Weekdays = Annotated[
    tuple[int, ...],
    BeforeValidator(_weekdays),
    Field(
        description="days of the week from 1 (Monday) to 7, each once, separated by spaces, or none"
    ),
]
Queue = Annotated[
    tuple[Minutes, ...],
    BeforeValidator(_words),
    Field(
        min_length=24,
        max_length=24,
        description="24 numbers separated by spaces: minutes of waiting by hour of arrival",
    ),
]
Traffic = Annotated[
    tuple[Annotated[float, Field(ge=0.2, le=5)], ...],
    BeforeValidator(_words),
    Field(
        min_length=24,
        max_length=24,
        description="24 numbers from 0.2 to 5 separated by spaces: how many times as long a way "
        "takes, by hour of departure",
    ),
]
CitySlug = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$"),
    Field(description="lower-case letters, digits and hyphens, 32 at most: a topic level"),
]
TimeZone = Annotated[
    str,
    AfterValidator(_known_zone),
    Field(description="an IANA time zone, such as Asia/Jakarta"),
]
BinPrefix = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9-]{0,23}$"),
    Field(description="the start of every bin code, such as BKS-BT-"),
]
DistrictBpsCode = Annotated[
    Annotated[str, StringConstraints(pattern=r"^\d{7}$")] | None,
    Field(description="the 7 digits of BPS, or empty"),
]
AreaBpsCode = Annotated[
    Annotated[str, StringConstraints(pattern=r"^\d{10}$")] | None,
    Field(description="the 10 digits of BPS, or empty"),
]
Postcode = Annotated[
    Annotated[str, StringConstraints(pattern=r"^\d{5}$")] | None,
    Field(description="5 digits, or empty"),
]
ServiceSeconds = Annotated[
    int, Field(ge=1, le=7200, description="seconds to empty it, a whole number from 1 to 7200")
]
Kilograms = Annotated[
    int, Field(ge=1, le=60_000, description="kilograms, a whole number from 1 to 60000")
]
CollectionWindows = Annotated[
    Annotated[str, AfterValidator(windows.as_kept)] | None,
    Field(
        description="local times such as 05:00-07:00;13:00-24:00, each window once, at most "
        f"{windows.MAX_WINDOWS_A_DAY} a day; if one names days of the week, such as "
        "1 2 3 4 5 00:00-07:00, all do; or empty: at any time"
    ),
]
TippingMinutes = Annotated[Minutes, Field(description="minutes from 0 to 1440")]
