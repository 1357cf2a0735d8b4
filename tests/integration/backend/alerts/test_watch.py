"""Alerts open once, for what lasts, and close once, on plain PostgreSQL and on TimescaleDB."""

import threading

import pytest

from angkut_backend.alerts.changes import ALERTS_CHANNEL
from angkut_backend.alerts.watch import watch
from angkut_backend.db import Connection, connect
from angkut_backend.worker import PeriodicJob, run_once
from angkut_broker.messages import EventKind
from parts.alerts import WatchedBin, at

DAY_MIN = 24 * 60


@pytest.fixture
def bin_(storage_conn: Connection) -> WatchedBin:
    return WatchedBin.prepared(storage_conn)


def test_a_level_that_lasts_opens_one_alert_and_an_emptying_closes_it(bin_: WatchedBin) -> None:
    bin_.report(-30, 80)
    bin_.report(0, 88)
    assert bin_.watch(1) == []
    bin_.report(30, 89)
    assert bin_.watch(31) == ["nearly_full"]
    assert bin_.watch(32) == ["nearly_full"]
    bin_.report(60, 4)
    assert bin_.watch(61) == ["nearly_full"]
    bin_.report(90, 6)
    assert bin_.watch(91) == []
    assert bin_.history() == [("nearly_full", "cleared")]


def test_readings_close_to_one_another_do_not_last(bin_: WatchedBin) -> None:
    for minute in range(0, 20, 2):
        bin_.report(minute, 104)
        assert bin_.watch(minute) == []


def test_a_level_that_dips_below_the_threshold_begins_anew(bin_: WatchedBin) -> None:
    for minute, level in ((0, 86), (15, 84), (30, 86)):
        bin_.report(minute, level)
    assert bin_.watch(31) == []


def test_noise_around_the_threshold_makes_one_alert(bin_: WatchedBin) -> None:
    bin_.report(-30, 86)
    for step in range(20):
        bin_.report(30 * step, 86 - 4 * (step % 2))
        bin_.watch(30 * step)
    assert bin_.history() == [("nearly_full", None)]


def test_overflowing_takes_the_place_of_nearly_full_and_gives_it_back(bin_: WatchedBin) -> None:
    for minute, level in ((0, 92), (30, 95), (60, 101), (90, 103)):
        bin_.report(minute, level)
        bin_.watch(minute)
    assert bin_.watch(91) == ["overflowing"]
    for minute in (120, 150):
        bin_.report(minute, 88)
    assert bin_.watch(151) == ["nearly_full"]
    assert bin_.history() == [
        ("nearly_full", "superseded"),
        ("overflowing", "cleared"),
        ("nearly_full", None),
    ]


def test_a_level_that_nobody_believes_any_more_opens_nothing(bin_: WatchedBin) -> None:
    bin_.report(0, 104)
    bin_.report(30, 104)
    assert bin_.watch(30 + 91) == []


def test_silence_closes_no_alert(bin_: WatchedBin) -> None:
    bin_.watch(0)
    bin_.report(0, 104)
    bin_.report(30, 104)
    bin_.watch(31)
    assert bin_.watch(31 + 2 * DAY_MIN) == ["overflowing"]


def test_a_reading_that_is_distrusted_neither_opens_nor_closes(bin_: WatchedBin) -> None:
    bin_.report(0, 104)
    bin_.report(30, 118)  # 20 mm: a code, not a level
    bin_.report(60, None)
    assert bin_.watch(61) == []
    bin_.report(65, 104)
    assert bin_.watch(66) == ["overflowing"]
    bin_.report(90, None)
    bin_.report(120, None)
    assert bin_.watch(121) == ["overflowing"]


def test_the_order_of_arrival_does_not_matter(bin_: WatchedBin) -> None:
    bin_.report(60, 104)
    bin_.report(30, 104)
    assert bin_.watch(61) == ["overflowing"]


def test_one_hot_reading_is_a_fire_and_an_hour_of_cool_ones_ends_it(bin_: WatchedBin) -> None:
    bin_.report(0, 40, temp_c=71.5)
    bin_.report(10, 40, temp_c=48)
    assert bin_.watch(10) == ["fire"]
    bin_.report(55, 40, temp_c=33)
    assert bin_.watch(55) == ["fire"]
    bin_.report(85, 40, temp_c=32)
    assert bin_.watch(85) == []
    assert bin_.watch(86) == []
    bin_.report(90, 40, temp_c=90)
    assert bin_.watch(90) == ["fire"]


def test_a_broken_probe_is_no_fire(bin_: WatchedBin) -> None:
    bin_.report(0, 40, temp_c=327.6)
    assert bin_.watch(1) == []


def test_a_fire_event_opens_at_once_and_again_makes_no_second_alert(bin_: WatchedBin) -> None:
    bin_.event(0, EventKind.FIRE, 80)
    assert bin_.watch(0) == ["fire"]
    bin_.event(5, EventKind.FIRE, 95)
    assert bin_.watch(5) == ["fire"]
    assert bin_.history() == [("fire", None)]


def test_an_event_that_arrives_a_day_late_is_history(bin_: WatchedBin) -> None:
    bin_.event(0, EventKind.FIRE, 80)
    assert bin_.watch(DAY_MIN) == []


def test_a_bin_tipped_into_a_truck_is_no_alert_and_one_that_stays_down_is(
    bin_: WatchedBin,
) -> None:
    bin_.event(0, EventKind.TILT, 120)
    assert bin_.watch(1) == []
    bin_.event(2, EventKind.TILT, 3)
    assert bin_.watch(20) == []
    bin_.event(30, EventKind.TILT, 80)
    bin_.event(36, EventKind.TILT, 85)
    assert bin_.watch(41) == ["tilted"]
    bin_.report(45, 40, tilt_deg=20)
    assert bin_.watch(46) == ["tilted"]
    bin_.report(60, 40, tilt_deg=2)
    assert bin_.watch(61) == []
    assert bin_.history() == [("tilted", "cleared")]


def test_a_lid_counts_only_where_the_device_says_when_it_closes(bin_: WatchedBin) -> None:
    bin_.event(0, EventKind.LID, 1)
    assert bin_.watch(60) == []
    bin_.event(70, EventKind.LID, 0)
    bin_.event(80, EventKind.LID, 1)
    assert bin_.watch(90) == []
    assert bin_.watch(95) == ["lid_open"]
    bin_.event(100, EventKind.LID, 0)
    assert bin_.watch(101) == []


def test_a_moved_bin_is_closed_when_it_was_acknowledged_and_is_quiet(bin_: WatchedBin) -> None:
    bin_.event(0, EventKind.MOVED)
    assert bin_.watch(0) == ["moved"]
    bin_.conn.execute("UPDATE alert SET acknowledged_at = %s, acknowledged_by = 'Siti'", [at(10)])
    assert bin_.watch(69) == ["moved"]
    assert bin_.watch(70) == []
    assert bin_.watch(71) == []
    assert bin_.history() == [("moved", "handled")]
    bin_.event(80, EventKind.MOVED)
    assert bin_.watch(80) == ["moved"]


def test_what_no_device_ends_expires_after_a_day(bin_: WatchedBin) -> None:
    bin_.event(0, EventKind.MOVED)
    bin_.watch(0)
    assert bin_.watch(DAY_MIN - 1) == ["moved"]
    assert bin_.watch(DAY_MIN) == []
    assert bin_.history() == [("moved", "expired")]


def test_a_device_is_silent_after_six_hours_and_speaks_again(bin_: WatchedBin) -> None:
    for minute in range(-5, 361, 5):
        assert bin_.watch(minute) == ([] if minute < 355 else ["device_silent"])
        if minute == -5:
            bin_.report(-5, 40)
    bin_.report(365, 40)
    assert bin_.watch(366) == []


def test_silence_counts_only_while_somebody_watched(bin_: WatchedBin) -> None:
    bin_.report(0, 40)
    assert bin_.watch(0) == []
    # Switched off for a day: at the first look nothing is known of the silence.
    for minute in range(DAY_MIN, DAY_MIN + 360, 5):
        assert bin_.watch(minute) == []
    assert bin_.watch(DAY_MIN + 360) == ["device_silent"]


def test_a_battery_is_low_below_one_voltage_and_good_above_another(bin_: WatchedBin) -> None:
    bin_.report(0, 40, bat_mv=3150)
    bin_.report(30, 40, bat_mv=3210)
    assert bin_.watch(31) == []
    bin_.report(60, 40, bat_mv=3150)
    bin_.report(80, 40, bat_mv=0)
    bin_.report(100, 40, bat_mv=3140)
    assert bin_.watch(101) == ["battery_low"]
    bin_.report(130, 40, bat_mv=3300)
    assert bin_.watch(131) == ["battery_low"]
    bin_.report(160, 40, bat_mv=3600)
    assert bin_.watch(161) == []


def test_alerts_of_all_sorts_open_at_once(bin_: WatchedBin) -> None:
    bin_.event(0, EventKind.MOVED)
    for minute in (0, 30):
        bin_.report(minute, 104, bat_mv=3100, temp_c=80)
    assert bin_.watch(31) == ["battery_low", "fire", "moved", "overflowing"]


def test_an_alert_ends_with_the_mounting_that_it_was_seen_through(bin_: WatchedBin) -> None:
    bin_.report(0, 104)
    bin_.report(30, 104)
    bin_.watch(31)
    bin_.conn.execute("UPDATE mounting SET valid_to = %s", [at(40)])
    assert bin_.watch(41) == []
    assert bin_.history() == [("overflowing", "unmounted")]


def test_two_workers_at_once_open_one_alert(storage_database: str) -> None:
    with connect(storage_database) as conn:
        bin_ = WatchedBin.prepared(conn)
        bin_.event(0, EventKind.FIRE, 80)

        def work() -> None:
            with connect(storage_database) as own:
                watch(own, at(1))

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert bin_.history() == [("fire", None)]


def test_listeners_are_told_once_and_only_of_changes(storage_database: str) -> None:
    with connect(storage_database) as conn, connect(storage_database) as ear:
        ear.execute(f"LISTEN {ALERTS_CHANNEL}")
        ear.commit()
        bin_ = WatchedBin.prepared(conn)
        bin_.event(0, EventKind.FIRE, 80)
        bin_.event(0, EventKind.MOVED)
        for minute in (0, 1, 2):
            run_once(conn, PeriodicJob("alerts", 5, watch), at(minute))
        conn.execute("SELECT pg_notify(%s, 'end')", [ALERTS_CHANNEL])
        conn.commit()
        notes = list(ear.notifies(timeout=10, stop_after=2))
        assert [note.payload for note in notes] == ["", "end"]
