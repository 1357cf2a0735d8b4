"""Forecasts out of what is stored: learned, issued, shown, thinned out."""

from datetime import date, timedelta

import numpy as np
import pytest

from angkut_backend.accounts.service import Role
from angkut_backend.db import Connection, connect
from angkut_backend.errors import NotFoundError
from angkut_backend.forecast import learned, service
from angkut_backend.forecast.loading import DAY_KINDS, districts, load
from angkut_backend.forecast.nowcast import BACK_H
from angkut_backend.forecast.predict import AS_SAID, predict
from angkut_backend.forecast.service import ForecastMissingError, issue_due, latest, learn_due
from instances.filling import filling
from parts.api import Api
from parts.levels_stored import HOUR, NOW, add_bins, put_levels
from parts.registry import BIN, add_registry

#: In the last hour of the stored history.
ASKED = NOW - timedelta(minutes=10)


def issue_all(conn: Connection) -> None:
    while learn_due(conn, ASKED):
        pass
    while issue_due(conn, ASKED):
        pass


def count(conn: Connection) -> int:
    row = conn.execute("SELECT count(*) AS n FROM forecast").fetchone()
    assert row
    return int(row["n"])


def test_what_is_loaded_is_what_is_stored(town: Connection) -> None:
    loaded = load(town, districts(town)[0], ASKED)
    history = filling(40, 35, seed=5).history
    stored = np.where(history.emptied, np.nan, history.level_pct)

    rows = [loaded.history.bins.index(f"T-{number:03}") for number in range(40)]
    assert loaded.from_at == NOW
    np.testing.assert_allclose(loaded.history.level_pct[rows, : loaded.now_h], stored, rtol=1e-5)
    assert (loaded.history.emptied[rows, : loaded.now_h] == history.emptied).all()
    assert np.isnan(loaded.history.level_pct[:, loaded.now_h :]).all()
    # 08:00 WIB on a Tuesday.
    assert loaded.history.weekhour[loaded.now_h] == 24 + 8


def test_bins_of_another_district_are_not_mixed_up_with_ours(town: Connection) -> None:
    # Keys of two districts lie between each other.
    town.execute(_OTHER_DISTRICT)
    rows = town.execute("SELECT bin_id FROM bin WHERE code LIKE 'O-%' ORDER BY code").fetchall()
    level = np.array([[11.0, 12.0], [21.0, 22.0]])
    emptied = np.array([[False, False], [False, True]])
    put_levels(town, [row["bin_id"] for row in rows], level, emptied, until=NOW)
    ours, theirs = districts(town)

    mine, other = load(town, ours, ASKED, past_h=2), load(town, theirs, ASKED, past_h=2)

    assert mine.history.bins[-1] == "O-1"
    assert len(mine.bin_ids) == 43
    assert list(mine.history.level_pct[-1, :2]) == [11, 12]
    assert not mine.history.emptied[-1].any()
    assert other.history.bins == ("OTHER", "O-2")
    assert list(other.history.level_pct[1, :2]) == [21, 22]
    assert list(other.history.emptied[1, :2]) == [False, True]


_OTHER_DISTRICT = """
WITH d AS (
    INSERT INTO district (code, city_slug, city_name, name, boundary, timezone, source)
    SELECT '32.75.02', city_slug, city_name, 'Other', boundary, timezone, source FROM district
    RETURNING district_id
), a AS (
    INSERT INTO area (district_id, code, name, common_name, boundary, source)
    SELECT d.district_id, '32.75.02.1001', 'Other', 'Other', boundary, source FROM d, area
    RETURNING area_id
), s AS (
    INSERT INTO site (area_id, code, name, kind, lon, lat, source)
    SELECT a.area_id, 'OTHER', 'Other', kind, lon, lat, source FROM a, site
    RETURNING site_id, code
)
INSERT INTO bin (code, site_id, container, volume_l, access, service_s, lon, lat, source)
SELECT n.code, CASE WHEN n.is_ours THEN old.site_id ELSE s.site_id END, 'wheelie_660', 660,
       'road', 120, 107.01, -6.23, 'test'
FROM (VALUES ('OTHER', false, 1), ('O-1', true, 2), ('O-2', false, 3)) AS n (code, is_ours, place),
     s, site AS old
ORDER BY n.place
"""


def test_of_two_crews_in_one_hour_the_first_tells_how_full_it_was(town: Connection) -> None:
    at = NOW - timedelta(hours=5)
    for minutes, pct in ((40, 0), (10, 80)):
        town.execute(
            "INSERT INTO collection (bin_id, source, before_at, after_at, before_pct, confidence) "
            "SELECT bin_id, 'crew', %(at)s, %(at)s, %(pct)s, 0.9 FROM bin WHERE code = %(code)s",
            {"at": at + timedelta(minutes=minutes), "pct": pct, "code": BIN},
        )

    loaded = load(town, districts(town)[0], ASKED, past_h=24)

    row = loaded.history.bins.index(BIN)
    assert loaded.history.emptied[row].nonzero()[0].tolist() == [19]
    assert loaded.history.level_pct[row, 18] == 80


def test_what_was_learned_is_read_again_as_it_was(town: Connection) -> None:
    [district] = districts(town)
    made = service.learn_district(town, district, ASKED)

    kept = learned.get(town, district.district_id, load(town, district, ASKED))

    assert kept is not None
    np.testing.assert_array_equal(kept.model.spread, made.model.spread)
    assert made.model.spread.std() > 0.05
    assert kept.unheard == made.unheard
    assert kept.unheard != AS_SAID


def test_what_was_learned_before_spreads_were_known_is_of_usual_ones(town: Connection) -> None:
    [district] = districts(town)
    service.learn_district(town, district, ASKED)
    town.execute("UPDATE fill_rate SET spread = DEFAULT")
    town.execute("UPDATE fill_model SET unheard_shift = DEFAULT, unheard_slope = DEFAULT")

    kept = learned.get(town, district.district_id, load(town, district, ASKED))

    assert kept is not None
    assert (kept.model.spread == 1).all()
    assert kept.unheard == AS_SAID


def test_kinds_of_day_are_local_days(town: Connection) -> None:
    town.execute(
        "INSERT INTO calendar_day (district_id, day, kind, name, source) "
        "SELECT district_id, %(day)s, k, 'x', 'test' FROM district, "
        "unnest(ARRAY['ramadan', 'public_holiday']) AS k",
        {"day": date(2026, 3, 10)},
    )

    kinds = load(town, districts(town)[0], ASKED).history.daykind
    holiday = np.flatnonzero(kinds == DAY_KINDS.index("public_holiday"))

    # The day began eight hours before the end of the history.
    assert list(holiday) == list(range(35 * 24 - 8, 35 * 24 + 16))


def test_a_kind_of_day_that_was_never_seen_can_be_forecast(town: Connection) -> None:
    issue_all(town)
    town.execute(
        "INSERT INTO calendar_day (district_id, day, kind, name, source) "
        "SELECT district_id, '2026-03-11', 'idul_fitri', 'x', 'test' FROM district"
    )

    assert service.issue(town, districts(town)[0], ASKED + timedelta(minutes=1)) == 42


def test_a_forecast_is_kept_as_it_was_made(town: Connection) -> None:
    issue_all(town)

    made = service.current(town, districts(town)[0], ASKED)
    row = made.loaded.history.bins.index("T-007")
    kept = latest(town, "T-007")

    assert (kept.issued_at, kept.from_at) == (ASKED, NOW)
    assert kept.is_trusted
    median = made.forecast.quantile_pct(0.5)[row, list(service.KEPT_H)]
    assert [levels[3] for levels in kept.level_pct] == pytest.approx(median, abs=0.06)
    assert all(levels == sorted(levels) for levels in kept.level_pct)
    assert kept.overflow_h == sorted(kept.overflow_h)


def test_a_bin_without_a_sensor_gets_a_wide_forecast_from_its_like(town: Connection) -> None:
    issue_all(town)

    alone, measured = latest(town, BIN), latest(town, "T-007")

    assert alone.level_age_h is None
    assert not alone.is_trusted
    assert alone.level_pct[0][-1] - alone.level_pct[0][0] > 60
    assert measured.level_pct[0][-1] - measured.level_pct[0][0] < 25


@pytest.mark.parametrize("container", ["wheelie_660", "wheelie_240"])
def test_a_bin_that_came_after_the_learning_is_forecast_as_after_the_next_one(
    town: Connection, container: str
) -> None:
    [district] = districts(town)
    learn_due(town, ASKED)
    town.execute(
        "INSERT INTO bin (code, site_id, container, volume_l, access, service_s, lon, lat, "
        "source) SELECT 'NEW', site_id, %s, 240, 'road', 60, 107.01, -6.23, 't' FROM site",
        [container],
    )
    loaded = load(town, district, ASKED)

    today = learned.get(town, district.district_id, loaded)
    issue_due(town, ASKED)
    next_one = service.learn_district(town, district, ASKED)

    assert today is not None
    row = loaded.history.bins.index("NEW")
    assert today.model.log_rate[row] == pytest.approx(next_one.model.log_rate[row], abs=0.15)
    assert today.model.log_rate_sd[row] == pytest.approx(next_one.model.log_rate_sd[row], rel=0.3)
    assert today.model.spread[row] == 1
    assert latest(town, "NEW").level_pct[-1][3] > latest(town, "NEW").level_pct[0][3]


def test_neither_is_done_before_it_is_due(town: Connection) -> None:
    issue_all(town)
    before = count(town)

    assert not learn_due(town, ASKED + timedelta(hours=23))
    assert not issue_due(town, ASKED + timedelta(minutes=14))
    assert count(town) == before
    assert issue_due(town, ASKED + timedelta(minutes=15))
    assert count(town) == 2 * before


def test_old_forecasts_are_thinned_out_and_removed(town: Connection) -> None:
    learn_due(town, ASKED)
    # 00:50 of 10 March, so all within six hours; then of a month ago.
    for minutes in (0, 15, 30):
        issue_due(town, ASKED + timedelta(minutes=minutes))
    town.execute(
        "INSERT INTO forecast SELECT bin_id, issued_at - interval '40 days', from_at, "
        "level_age_h, level_pct, overflow_probability, overflow_h, to_full_h "
        "FROM forecast WHERE issued_at = %s",
        [ASKED],
    )

    issue_due(town, ASKED + timedelta(hours=30))

    issued = town.execute("SELECT DISTINCT issued_at FROM forecast ORDER BY 1").fetchall()
    assert [row["issued_at"] for row in issued] == [ASKED, ASKED + timedelta(hours=30)]


def test_it_says_what_to_do_before_there_is_a_forecast(conn: Connection) -> None:
    add_registry(conn)

    with pytest.raises(ForecastMissingError, match="angkut forecast run"):
        latest(conn, BIN)
    with pytest.raises(NotFoundError, match="no bin X"):
        latest(conn, "X")


def test_an_empty_database_has_nothing_to_do(conn: Connection) -> None:
    assert not learn_due(conn, ASKED)
    assert not issue_due(conn, ASKED)


def test_no_reading_at_all_gives_wide_forecasts(conn: Connection) -> None:
    add_registry(conn)

    issue_all(conn)

    assert latest(conn, BIN).overflow_probability[-1] > latest(conn, BIN).overflow_probability[0]


def test_the_backtest_scores_what_is_stored(town: Connection) -> None:
    scores = service.backtest_district(town, districts(town)[0], ASKED, every_h=96)
    by_name = {score.name: score for score in scores}

    assert by_name["angkut"].count > 500
    assert by_name["angkut"].pinball_pct < by_name["last value"].pinball_pct


def test_everybody_who_is_signed_in_may_see_it(api: Api) -> None:
    now = api.clock().replace(minute=0, second=0, microsecond=0) + HOUR
    with connect(api.dsn) as conn:
        add_registry(conn)
        history = filling(3, 16, seed=1).history
        put_levels(conn, add_bins(conn, 3), history.level_pct, history.emptied, until=now)
        conn.commit()
        service.issue(conn, districts(conn)[0], api.clock())
    viewer = api.signed_in(Role.VIEWER)

    answer = viewer.get("/api/bins/T-001/forecast").json()

    assert [point["hours"] for point in answer["points"]] == [0, 6, 12, 24, 36, 48, 72]
    assert answer["trusted"] is True
    assert [one["share"] for one in answer["points"][0]["quantiles"]][3] == 0.5
    assert viewer.get("/api/bins/NONE/forecast").status_code == 404
    assert api.anonymous().get("/api/bins/T-001/forecast").status_code == 401


def test_what_a_crew_found_before_it_emptied_a_bin_is_a_level(town: Connection) -> None:
    town.execute(
        "INSERT INTO collection (bin_id, source, before_at, after_at, before_pct, confidence) "
        "SELECT bin_id, 'crew', %(at)s, %(at)s, 75, 0.9 FROM bin WHERE code = %(code)s",
        {"at": NOW - timedelta(hours=10, minutes=20), "code": BIN},
    )

    history = load(town, districts(town)[0], ASKED).history

    row, hour = history.bins.index(BIN), 35 * 24 - 11
    assert history.emptied[row, hour]
    assert history.level_pct[row, hour - 1] == 75


def test_a_forecast_reads_the_week_that_it_looks_back(town: Connection) -> None:
    district = districts(town)[0]
    learned = service.learn_district(town, district, ASKED)
    whole = load(town, district, ASKED)

    week = service.current(town, district, ASKED)

    assert week.loaded.now_h == BACK_H
    model = predict(whole.history, learned.model, whole.now_h, learned.widen)
    np.testing.assert_allclose(week.forecast.mean_pct, model.mean_pct, rtol=1e-6)
