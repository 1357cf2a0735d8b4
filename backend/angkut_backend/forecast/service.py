"""Forecasts in the database: learned daily, issued every quarter of an hour."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from angkut_backend.db import Connection
from angkut_backend.errors import NotFoundError
from angkut_backend.forecast import learned as kept
from angkut_backend.forecast.backtest import Score, backtest, calibrate
from angkut_backend.forecast.emptied_later import emptied_later, emptied_now
from angkut_backend.forecast.learned import Learned
from angkut_backend.forecast.loading import HISTORY_H, SQL, DistrictRow, Loaded, districts, load
from angkut_backend.forecast.model import learn
from angkut_backend.forecast.nowcast import BACK_H
from angkut_backend.forecast.predict import (
    HORIZON_H,
    QUANTILES,
    Forecast,
    predict,
    predict_from,
)
from angkut_backend.forecast.unheard import learn_odds

#: Hours ahead at which forecasts are kept.
KEPT_H = (0, 6, 12, 24, 36, 48, 72)
LEARN_EVERY = timedelta(days=1)
ISSUE_EVERY = timedelta(minutes=15)
_KEEP = timedelta(days=35)
_KEEP_ALL = timedelta(days=1)
#: A level this old says little: whoever relies on the bin should know, h.
TRUSTED_AGE_H = 24.0
#: The first two weeks of a history are learned from, the last three days are looked at only.
_FIRST_ORIGIN_H = 14 * 24


class ForecastMissingError(NotFoundError):
    """There is no forecast of this bin yet."""

    code = "no_forecast"


@dataclass(frozen=True, slots=True)
class BinForecast:
    """The newest forecast of a bin; sequences run over `KEPT_H`."""

    bin_code: str
    issued_at: datetime
    from_at: datetime
    level_age_h: float | None
    #: By hour, then by quantile, %.
    level_pct: list[list[float]]
    overflow_probability: list[float]
    overflow_h: list[float]
    to_full_h: float | None

    @property
    def is_trusted(self) -> bool:
        """Tell whether it rests on a level of the last day."""
        return self.level_age_h is not None and self.level_age_h <= TRUSTED_AGE_H


@dataclass(frozen=True, slots=True)
class DistrictForecast:
    """The forecast of all bins of a district, hour by hour."""

    loaded: Loaded
    forecast: Forecast


def latest(conn: Connection, code: str) -> BinForecast:
    """Return the newest forecast of a bin.

    Raises
    ------
    NotFoundError
        There is no such bin.
    ForecastMissingError
        It has no forecast yet.
    """
    row = conn.execute(SQL["latest"], {"code": code}).fetchone()
    if row is None:
        raise NotFoundError(f"there is no bin {code}")
    if row["issued_at"] is None:
        raise ForecastMissingError(
            f"there is no forecast of {code} yet: the worker makes one every "
            f"{ISSUE_EVERY.seconds // 60} minutes, `angkut forecast run` at once"
        )
    return BinForecast(
        row["code"],
        row["issued_at"],
        row["from_at"],
        row["level_age_h"],
        row["level_pct"],
        row["overflow_probability"],
        row["overflow_h"],
        row["to_full_h"],
    )


def is_due(conn: Connection, now: datetime) -> bool:
    """Tell whether there is something to learn or to forecast."""
    there = [one.district_id for one in districts(conn)]
    values = {"districts": there, "before": now - LEARN_EVERY, "after": now - ISSUE_EVERY}
    return any(conn.execute(SQL[name], values).fetchone() for name in ("model_due", "forecast_due"))


def learn_due(conn: Connection, now: datetime) -> bool:
    """Learn one district whose model is a day old; return whether one was."""
    there = {one.district_id: one for one in districts(conn)}
    values = {"districts": list(there), "before": now - LEARN_EVERY}
    row = conn.execute(SQL["model_due"], values).fetchone()
    if row is None:
        return False
    learn_district(conn, there[row["district_id"]], now)
    return True


def issue_due(conn: Connection, now: datetime) -> bool:
    """Forecast one district whose forecast is a quarter of an hour old; return whether one was.

    Removes old forecasts, too.
    """
    row = conn.execute(SQL["forecast_due"], {"after": now - ISSUE_EVERY}).fetchone()
    if row is None:
        return False
    there = {one.district_id: one for one in districts(conn)}
    if row["district_id"] not in there:
        return False
    issue(conn, there[row["district_id"]], now)
    thin = {"thin_since": now - 3 * _KEEP_ALL, "thin_before": now - _KEEP_ALL}
    conn.execute(SQL["prune"], {"before": now - _KEEP} | thin)
    return True


def learn_district(conn: Connection, district: DistrictRow, now: datetime) -> Learned:
    """Learn how the bins of a district fill, and keep it."""
    loaded = load(conn, district, now)
    model = learn(loaded.history)
    widen = calibrate(loaded.history, model, loaded.now_h)
    unheard = learn_odds(loaded.history, model, widen, loaded.now_h)
    learned = Learned(model, widen, unheard)
    kept.put(conn, district.district_id, loaded, learned, now)
    return learned


def current(
    conn: Connection,
    district: DistrictRow,
    now: datetime,
    to_come: Mapping[str, datetime] | None = None,
) -> DistrictForecast:
    """Forecast a district from what is stored at this moment; learns first if nobody did.

    Parameters
    ----------
    to_come
        When bins will be emptied, within the hours of a forecast.
    """
    loaded = load(conn, district, now, past_h=BACK_H)
    learned = kept.get(conn, district.district_id, loaded)
    if learned is None:
        learn_district(conn, district, now)
        learned = kept.get(conn, district.district_id, loaded)
        if learned is None:
            raise ForecastMissingError(f"nothing was learned of district {district.code}")
    found = predict(loaded.history, learned.model, loaded.now_h, learned.widen, learned.unheard)
    if to_come:
        found = _with_emptyings(loaded, learned, found, to_come)
    return DistrictForecast(loaded, found)


def _with_emptyings(
    loaded: Loaded, learned: Learned, found: Forecast, to_come: Mapping[str, datetime]
) -> Forecast:
    ahead = {
        row: max(0, round((to_come[code] - loaded.from_at) / timedelta(hours=1)))
        for row, code in enumerate(loaded.history.bins)
        if code in to_come
    }
    rows, at_h = (np.array(list(part), dtype=np.int64) for part in (ahead, ahead.values()))
    fresh = predict_from(
        emptied_now(found.now, rows),
        loaded.history,
        learned.model,
        loaded.now_h,
        learned.widen,
        learned.unheard,
    )
    return emptied_later(found, fresh, rows, at_h)


def issue(conn: Connection, district: DistrictRow, now: datetime) -> int:
    """Forecast a district and keep it; return the number of bins."""
    made = current(conn, district, now)
    forecast, at = made.forecast, list(KEPT_H)
    levels = np.stack([forecast.quantile_pct(share)[:, at] for share in QUANTILES], axis=2)
    chance = forecast.overflow_probability()[:, at]
    lasting = forecast.overflow_hours()[:, at]
    to_full, age = forecast.hours_to_full(), forecast.now.age_h
    with conn.cursor() as cursor, cursor.copy(SQL["put_forecasts"]) as copy:
        for row, bin_id in enumerate(made.loaded.bin_ids):
            copy.write_row(
                (
                    bin_id,
                    now,
                    made.loaded.from_at,
                    None if np.isinf(age[row]) else float(age[row]),
                    np.round(levels[row], 1).tolist(),
                    np.round(chance[row], 4).tolist(),
                    np.round(lasting[row], 2).tolist(),
                    None if np.isnan(to_full[row]) else round(float(to_full[row]), 1),
                )
            )
    return len(made.loaded.bin_ids)


def backtest_district(
    conn: Connection,
    district: DistrictRow,
    now: datetime,
    *,
    every_h: int = 12,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> list[Score]:
    """Score what forecasts of the last weeks would have been worth, beside naive rules.

    Returns
    -------
    The scores; of no levels if there is less than two weeks of readings.
    """
    loaded = load(conn, district, now)
    origins = range(_FIRST_ORIGIN_H, HISTORY_H - HORIZON_H, every_h)
    return backtest(loaded.history, origins, progress)
