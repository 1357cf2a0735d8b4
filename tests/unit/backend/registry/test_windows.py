"""Windows in which a bin can be emptied: how they are written, and when they are open."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angkut_backend.registry.windows import MAX_LENGTH, as_kept, open_between, parse

WIB = ZoneInfo("Asia/Jakarta")
#: A Monday.
MONDAY = date(2026, 3, 9)


def hours(text: str, days: int = 1, first: date = MONDAY, zone: ZoneInfo = WIB) -> list[str]:
    """Return when windows are open, by local day and time."""
    last = first + timedelta(days=days - 1)
    return [
        f"{begin.astimezone(zone):%d %H:%M} to {end.astimezone(zone):%d %H:%M}"
        for begin, end in open_between(parse(text), first, last, zone)
    ]


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("05:00-07:00", "05:00-07:00"),
        (" 5:00 - 7:00 ; 13:00- ", "05:00-07:00;13:00-24:00"),
        ("-07:00", "00:00-07:00"),
        ("22:00-05:30", "22:00-05:30"),
        ("22:00-00:00", "22:00-24:00"),
        ("5 1 2  3 4 -07:00;6 7 -", "1 2 3 4 5 00:00-07:00;6 7 00:00-24:00"),
    ],
)
def test_windows_are_kept_in_one_form(written: str, kept: str) -> None:
    assert as_kept(written) == kept == as_kept(kept)


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("", "no window"),
        ("-", "no window"),
        ("10:00", "no window"),
        ("05:00-07:00;", "no window"),
        ("05:00-07:00,13:00-", "no window"),
        ("10.00-12.00", "no window"),
        ("24:00-05:00", "no window"),
        ("05:00-24:30", "no window"),
        ("05:60-07:00", "no window"),
        ("10:00-\n12:00-", "no window"),
        ("\u0661\u0660:00-12:00", "no window"),
        ("8 05:00-07:00", "no window"),
        ("12 05:00-07:00", "days of the week"),
        ("1 1 05:00-07:00", "days of the week"),
        ("07:00-07:00", "ends when it begins"),
        ("00:00-00:00", "ends when it begins"),
        ("10:00-;5 13:00-", "some windows name days"),
        ("05:00-07:00;5:00-7:00", "stands twice"),
        ("-05:00;06:00-07:00;08:00-09:00;10:00-", "4 windows on one day"),
        (" " * MAX_LENGTH + "10:00-", "characters"),
    ],
)
def test_what_is_not_clear_is_refused(written: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse(written)


def test_every_day_without_days_of_the_week() -> None:
    assert hours("10:00-", days=2) == ["09 10:00 to 10 00:00", "10 10:00 to 11 00:00"]


def test_a_day_that_no_window_names_is_closed() -> None:
    assert hours("2 10:00-12:00", days=3) == ["10 10:00 to 10 12:00"]
    assert hours("6 7 10:00-12:00", days=5) == []


def test_a_window_past_midnight_belongs_to_the_day_on_which_it_begins() -> None:
    assert hours("1 22:00-05:30", days=2) == ["09 22:00 to 10 05:30"]


def test_windows_that_touch_or_overlap_are_one() -> None:
    assert hours("22:00-24:00;00:00-05:00", days=2) == [
        "09 00:00 to 09 05:00",
        "09 22:00 to 10 05:00",
        "10 22:00 to 11 00:00",
    ]
    assert hours("05:00-09:00;06:00-07:00;08:00-11:00") == ["09 05:00 to 09 11:00"]


def test_a_window_over_a_change_of_clocks_ends_at_its_wall_time() -> None:
    # Berlin, 29 March 2026: 02:00 to 03:00 is not there.
    berlin = ZoneInfo("Europe/Berlin")
    day = date(2026, 3, 29)
    [(begin, end)] = open_between(parse("01:00-05:00"), day, day, berlin)
    assert end - begin == timedelta(hours=3)
    assert end == datetime(2026, 3, 29, 3, tzinfo=UTC)


@given(
    st.lists(
        st.tuples(st.integers(0, 1439), st.integers(1, 1440)), min_size=1, max_size=3, unique=True
    ),
    st.sets(st.integers(1, 7)),
)
def test_what_is_kept_is_open_minute_by_minute_as_it_was_written(
    windows: list[tuple[int, int]], weekdays: set[int]
) -> None:
    wanted = [(begin, end) for begin, end in windows if begin != end % 1440]
    if not wanted:
        return
    days = " ".join(map(str, weekdays))
    text = ";".join(
        f"{days} {begin // 60}:{begin % 60:02}-{end // 60}:{end % 60:02}".strip()
        for begin, end in wanted
    )
    found = open_between(parse(as_kept(text)), MONDAY, MONDAY + timedelta(days=6), WIB)
    assert all(a < b for _, a in found for b, _ in found if b > a)

    start = datetime(2026, 3, 9, tzinfo=WIB)
    named = weekdays or set(range(1, 8))
    for minute in range(0, 7 * 1440, 97):
        at = start + timedelta(minutes=minute)
        today, of_day = minute // 1440 + 1, minute % 1440
        expected = any(
            (today in named and begin <= of_day < (end if end > begin else 1440))
            or (today > 1 and today - 1 in named and end < begin and of_day < end)
            for begin, end in wanted
        )
        assert any(begin <= at < end for begin, end in found) == expected
