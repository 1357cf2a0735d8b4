"""Readings for rules, in memory: one device over a span of 1,000 mm."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from angkut_backend.quality.judgement import Reading

START = datetime(2026, 3, 1, tzinfo=UTC)
HALF_HOUR = timedelta(minutes=30)


def reading(
    number: int,
    level: float | None,
    *,
    every: timedelta = HALF_HOUR,
    late: timedelta = timedelta(seconds=1),
    seq: int | None = None,
    echoes: list[int] | None = None,
    battery_mv: int | None = 3600,
    flags: int = 0,
) -> Reading:
    """Return the reading of a slot; a level of None is no echo."""
    at = START + number * every
    distance = None if level is None else 1200.0 - 10 * level
    return Reading(
        device_id=1,
        observed_at=at,
        received_at=at + late,
        seq=number + 1 if seq is None else seq,
        distances_mm=echoes
        if echoes is not None
        else []
        if level is None
        else [round(distance)]
        if distance is not None
        else None,
        distance_mm=distance,
        reported_fill_pct=None,
        battery_mv=battery_mv,
        temp_c=30.0 + number % 7,
        bin_id=1,
        fill_pct=level,
        flags=1 if level is None else flags,
    )


def series(levels: Sequence[float | None], *, every: timedelta = HALF_HOUR) -> list[Reading]:
    """Return one reading a level."""
    return [reading(number, level, every=every) for number, level in enumerate(levels)]
