"""When an alert opens and when it closes, with every threshold.

Pure functions over what is known of one bin and its device; `docs/alerts.md` gives the reasons
for each figure. Opening takes persistence, closing takes another threshold (hysteresis), so that
noise around one figure makes one alert.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from angkut_backend.alerts.facts import Facts, Observation, Run, Seen


class Kind(StrEnum):
    """What is wrong; the most urgent first."""

    FIRE = "fire"
    OVERFLOWING = "overflowing"
    TILTED = "tilted"
    MOVED = "moved"
    LID_OPEN = "lid_open"
    NEARLY_FULL = "nearly_full"
    DEVICE_SILENT = "device_silent"
    BATTERY_LOW = "battery_low"


class Close(StrEnum):
    """Why an alert was closed."""

    #: What was measured says that it is over.
    CLEARED = "cleared"
    #: A more urgent alert says it all: overflowing instead of nearly full.
    SUPERSEDED = "superseded"
    #: A person acknowledged it, and it has been quiet since.
    HANDLED = "handled"
    #: No sign of it for a day; the device never said that it is over.
    EXPIRED = "expired"
    #: The device hangs there no more.
    UNMOUNTED = "unmounted"


@dataclass(frozen=True, slots=True)
class LevelRule:
    """A level that stays at or above a threshold."""

    kind: Kind
    open_pct: float
    close_pct: float


OVERFLOWING = LevelRule(Kind.OVERFLOWING, open_pct=100.0, close_pct=90.0)
NEARLY_FULL = LevelRule(Kind.NEARLY_FULL, open_pct=85.0, close_pct=75.0)
LEVEL_RULES = (OVERFLOWING, NEARLY_FULL)
#: Persistence: two trusted readings, and this between the first and the last of the run.
LEVEL_READINGS = 2
LEVEL_FOR = timedelta(minutes=25)

#: One reading at or above this is a fire; a black lid in the sun stays under 60 °C, and from
#: 200 °C on it is a broken probe (absent ones say 327.6).
HEAT_C = 65.0
HEAT_BROKEN_C = 200.0
#: The fire is out when the newest reading is below this and nothing was hot for so long.
COOL_C = 50.0
COOL_FOR = timedelta(hours=1)

#: A truck tips a bin for a minute: only what stays tilted counts.
TILT_DEG = 30.0
UPRIGHT_DEG = 15.0
TILT_FOR = timedelta(minutes=10)
LID_FOR = timedelta(minutes=15)

#: Silence: so many intervals, and at least so long.
SILENT_INTERVALS = 3
SILENT_FOR = timedelta(hours=6)

#: All readings of the last hour are below the first; the newest is at or above the second.
BATTERY_LOW_MV = 3200
BATTERY_GOOD_MV = 3400

#: Older signs are history: they open nothing, and an alert that had none since is closed.
SIGN_MAX_AGE = timedelta(hours=24)
#: After a person acknowledged: quiet for so long.
QUIET_FOR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Sign:
    """Something is so, since when, and the newest sign of it."""

    kind: Kind
    since: datetime
    last_at: datetime
    value: float | None


@dataclass(frozen=True, slots=True)
class OpenAlert:
    """What the rules need of an alert that is open."""

    kind: Kind
    last_at: datetime
    acknowledged_at: datetime | None


def signs(facts: Facts, *, watching_since: datetime, now: datetime) -> list[Sign]:
    """Return what opens an alert or keeps one of the kinds without a level alive."""
    found = (
        _fire(facts),
        _tilted(facts, now),
        _moved(facts),
        _lid_open(facts, now),
        _silent(facts, watching_since, now),
        _battery_low(facts),
    )
    return [sign for sign in found if sign is not None]


def level_sign(rule: LevelRule, run: Run | None, fill_pct: float) -> Sign | None:
    """Judge the run of readings at or above the opening threshold."""
    if run is None or run.readings < LEVEL_READINGS or run.until - run.since < LEVEL_FOR:
        return None
    return Sign(rule.kind, run.since, run.until, fill_pct)


def is_level_over(run: Run | None) -> bool:
    """Judge the run of readings below the closing threshold."""
    return run is not None and run.readings >= LEVEL_READINGS


def why_closed(alert: OpenAlert, facts: Facts, now: datetime) -> Close | None:
    """Judge an open alert of a kind without a level; the newest sign is in it already."""
    if _is_cleared(alert, facts, now):
        return Close.CLEARED
    if alert.kind in {Kind.DEVICE_SILENT, Kind.BATTERY_LOW}:
        return None
    if now - alert.last_at >= SIGN_MAX_AGE:
        return Close.EXPIRED
    handled_at = alert.acknowledged_at
    if handled_at is not None and now - max(handled_at, alert.last_at) >= QUIET_FOR:
        return Close.HANDLED
    return None


def silent_after(interval_s: int) -> timedelta:
    """Return the silence that raises an alert."""
    return max(SILENT_FOR, SILENT_INTERVALS * timedelta(seconds=interval_s))


def _is_cleared(alert: OpenAlert, facts: Facts, now: datetime) -> bool:
    match alert.kind:
        case Kind.FIRE:
            is_cool = facts.temp_c is not None and facts.temp_c < COOL_C
            is_news = facts.seen_at is not None and facts.seen_at > alert.last_at
            return is_cool and is_news and now - alert.last_at >= COOL_FOR
        case Kind.TILTED:
            newest = _newest(facts.of(Seen.TILT), alert.last_at)
            return newest is not None and newest.value is not None and newest.value < UPRIGHT_DEG
        case Kind.LID_OPEN:
            newest = _newest(facts.of(Seen.LID), alert.last_at)
            return newest is not None and newest.value == 0
        case Kind.DEVICE_SILENT:
            return facts.seen_at is not None and facts.seen_at > alert.last_at
        case Kind.BATTERY_LOW:
            return facts.battery_mv is not None and facts.battery_mv >= BATTERY_GOOD_MV
    return False


def _newest(observations: list[Observation], after: datetime) -> Observation | None:
    return observations[-1] if observations and observations[-1].at > after else None


def _fire(facts: Facts) -> Sign | None:
    # The device's own judgement and ours; neither waits.
    return _sign(Kind.FIRE, facts.of(Seen.FIRE, Seen.HEAT))


def _moved(facts: Facts) -> Sign | None:
    return _sign(Kind.MOVED, facts.of(Seen.MOVED))


def _tilted(facts: Facts, now: datetime) -> Sign | None:
    # A tilt event without an angle is the device's own judgement.
    tilts = _since_last(facts.of(Seen.TILT), lambda deg: deg is not None and deg < TILT_DEG)
    return _lasting(_sign(Kind.TILTED, tilts), TILT_FOR, now)


def _lid_open(facts: Facts, now: datetime) -> Sign | None:
    if not facts.lid_tells:
        return None
    openings = _since_last(facts.of(Seen.LID), lambda value: value == 0)
    return _lasting(_sign(Kind.LID_OPEN, openings), LID_FOR, now)


def _since_last(
    observations: list[Observation], is_well: Callable[[float | None], bool]
) -> list[Observation]:
    """Return what was seen after all was well for the last time."""
    well = [index for index, one in enumerate(observations) if is_well(one.value)]
    return observations[well[-1] + 1 :] if well else observations


def _sign(kind: Kind, observations: list[Observation]) -> Sign | None:
    if not observations:
        return None
    newest = observations[-1]
    return Sign(kind, observations[0].at, newest.at, newest.value)


def _lasting(sign: Sign | None, hold: timedelta, now: datetime) -> Sign | None:
    return sign if sign is not None and now - sign.since >= hold else None


def _silent(facts: Facts, watching_since: datetime, now: datetime) -> Sign | None:
    heard_at = facts.seen_at or facts.mounted_at
    if now - max(heard_at, watching_since) < silent_after(facts.interval_s):
        return None
    return Sign(Kind.DEVICE_SILENT, heard_at, heard_at, None)


def _battery_low(facts: Facts) -> Sign | None:
    highest = facts.battery_max_mv
    if highest is None or highest >= BATTERY_LOW_MV or facts.seen_at is None:
        return None
    return Sign(Kind.BATTERY_LOW, facts.seen_at, facts.seen_at, float(highest))
