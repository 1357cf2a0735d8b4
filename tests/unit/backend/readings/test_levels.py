from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angkut_backend.accounts.service import Role
from angkut_backend.readings.schemas import BinCollection, bins_json
from angkut_backend.readings.service import (
    MAX_BUCKETS,
    MAX_RANGE,
    BinState,
    FillClass,
    ReadingRangeError,
    TimeRange,
    fill_class,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HALF_HOURLY = BinState(
    bin_id=1,
    code="BKS-BT-0001",
    site_name="TPS Satu",
    area_code="32.75.01.1001",
    area_name="Bekasi Jaya",
    container="wheelie_660",
    volume_l=660,
    lon=107.01,
    lat=-6.23,
    invented=False,
    collection_windows=None,
    fill_pct=60.0,
    trusted_at=NOW,
    seen_at=NOW,
    battery_mv=3600,
    device_id="70b3d57ed0001234",
    interval_s=1800,
)


@pytest.mark.parametrize(
    ("fill_pct", "word"),
    [
        (0, "empty"),
        (9.99, "empty"),
        (10, "low"),
        (49.9, "low"),
        (50, "half"),
        (74.9, "half"),
        (75, "high"),
        (89.9, "high"),
        (90, "full"),
        (120, "full"),
    ],
)
def test_each_class_begins_at_its_bound(fill_pct: float, word: str) -> None:
    assert fill_class(fill_pct, NOW + timedelta(seconds=1), NOW) == word


def test_a_level_is_believed_for_three_intervals() -> None:
    assert HALF_HOURLY.unknown_after == NOW + timedelta(minutes=90)
    fill_pct, until = HALF_HOURLY.fill_pct, HALF_HOURLY.unknown_after
    assert fill_class(fill_pct, until, NOW + timedelta(minutes=89)) is FillClass.HALF
    assert fill_class(fill_pct, until, NOW + timedelta(minutes=90)) is FillClass.UNKNOWN


def test_without_range_it_is_the_last_seven_days() -> None:
    assert TimeRange.of(None, None, NOW) == TimeRange(NOW - timedelta(days=7), NOW)


def test_without_beginning_it_is_seven_days_before_the_end() -> None:
    end = NOW - timedelta(days=30)
    assert TimeRange.of(None, end, NOW) == TimeRange(end - timedelta(days=7), end)


@pytest.mark.parametrize(
    ("since", "until", "named"),
    [
        (NOW, NOW, "from"),
        (NOW + timedelta(seconds=1), None, "from"),
        (NOW - MAX_RANGE - timedelta(seconds=1), NOW, "from"),
        (None, datetime.min.replace(tzinfo=UTC), "to"),
    ],
)
def test_an_empty_backward_or_endless_range_is_refused_by_name(
    since: datetime | None, until: datetime | None, named: str
) -> None:
    with pytest.raises(ReadingRangeError, match=f"^{named}: "):
        TimeRange.of(since, until, NOW)


@given(st.timedeltas(min_value=timedelta(seconds=1), max_value=MAX_RANGE))
def test_any_range_fits_the_buckets(length: timedelta) -> None:
    span = TimeRange(NOW, NOW + length)
    assert length.total_seconds() / span.bucket_s + 1 <= MAX_BUCKETS


@pytest.mark.parametrize("role", [Role.ADMIN, Role.VIEWER])
def test_the_json_of_all_bins_is_that_of_the_documented_schema(role: Role) -> None:
    unmeasured = HALF_HOURLY._replace(
        code='BKS-BT-0002 "é"',
        fill_pct=None,
        trusted_at=None,
        seen_at=None,
        battery_mv=None,
        device_id=None,
        interval_s=None,
        invented=True,
    )
    uneven = HALF_HOURLY._replace(fill_pct=63.26, trusted_at=NOW - timedelta(microseconds=1500))
    text = bins_json([HALF_HOURLY, unmeasured, uneven], role, NOW)
    collection = BinCollection.model_validate_json(text)
    assert collection.model_dump_json() == text.decode()
    assert [feature.properties.fill_pct for feature in collection.features] == [60, None, 63.3]
    shown = HALF_HOURLY.device_id if role is Role.ADMIN else None
    assert [feature.properties.device_id for feature in collection.features] == [shown, None, shown]


def test_no_bins_are_an_empty_collection() -> None:
    collection = BinCollection.model_validate_json(bins_json([], Role.ADMIN, NOW))
    assert collection.features == []
