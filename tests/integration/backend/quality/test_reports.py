"""A bin's days and its collections."""

from datetime import date, timedelta

import pytest

from angkut_backend.db import Connection
from angkut_backend.errors import NotFoundError
from angkut_backend.quality.reports import Collection, daily_quality, list_collections
from angkut_backend.readings import maintenance
from parts.history import NOW, history, judge_all, put
from parts.registry import BIN, FREE_BIN

#: The operational day of `NOW`, noon UTC, began at 21:00 UTC the day before.
DAY = date(2026, 3, 1)


def rolled_up(conn: Connection) -> None:
    judge_all(conn)
    while maintenance.refresh(conn, None, NOW):
        pass


def test_a_day_counts_what_was_owed_what_came_and_what_is_believed(registry: Connection) -> None:
    # From noon to 21:00 UTC are 18 readings of the 48 owed; one has no echo, one is a spike.
    put(registry, history([50, 51, 95, 51, None, *[50 + n / 5 for n in range(43)]]))
    rolled_up(registry)
    yesterday, today, tomorrow = daily_quality(registry, BIN, days=3, now=NOW + timedelta(days=1))
    assert [day.day for day in (yesterday, today, tomorrow)] == [
        DAY - timedelta(days=1),
        DAY,
        DAY + timedelta(days=1),
    ]
    assert (yesterday.n, yesterday.score, yesterday.latency_mean_s) == (0, 0, None)
    assert (today.expected_n, today.n, today.trusted_n) == (48, 18, 16)
    assert today.score == pytest.approx(18 / 48 * 16 / 18)
    # The day in progress owes what it should have brought by now.
    assert (tomorrow.expected_n, tomorrow.n, tomorrow.score) == (30, 30, 1)


def test_readings_that_came_much_too_late_make_a_day_worth_less(registry: Connection) -> None:
    put(registry, history([50 + n / 5 for n in range(18)]))
    registry.execute("UPDATE readings SET received_at = observed_at + interval '2 hours'")
    rolled_up(registry)
    (day,) = daily_quality(registry, BIN, days=1, now=NOW + timedelta(hours=9, seconds=-1))
    assert day.is_late
    assert day.score < day.completeness * day.trusted_share


def test_more_readings_than_owed_are_no_more_than_all(registry: Connection) -> None:
    put(registry, history([50 + n / 50 for n in range(120)], every_min=1))
    rolled_up(registry)
    (day,) = daily_quality(registry, BIN, days=1, now=NOW + timedelta(hours=2))
    assert day.n > day.expected_n
    assert day.completeness == 1


def test_a_bin_without_a_device_owes_nothing_and_a_strange_bin_is_named(
    registry: Connection,
) -> None:
    assert daily_quality(registry, FREE_BIN, days=3, now=NOW) == []
    with pytest.raises(NotFoundError):
        daily_quality(registry, "NO-SUCH", days=3, now=NOW)


def test_collections_are_listed_by_time_from_the_confidence_asked_for(
    registry: Connection,
) -> None:
    put(registry, history([60, 61, 1, 2, 30, 31, 13, 14]))
    judge_all(registry)

    def listed(bin_code: str | None, confidence: float = 0) -> list[Collection]:
        until = NOW + timedelta(days=1)
        return list_collections(
            registry, bin_code=bin_code, since=NOW, until=until, min_confidence=confidence
        )

    sure, unsure = listed(BIN)
    assert (round(sure.before_pct or 0), round(sure.after_pct or 0)) == (61, 1)
    assert sure.confidence > unsure.confidence
    assert listed(None, 0.9) == [sure]
    assert not listed(FREE_BIN)
