"""How long a forecast of 2,000 bins takes, from the database to the distributions.

    .venv/bin/python tests/bench/bench_forecast_speed.py --bins 2000 --days 56

Hours are synthetic and written where roll-ups stand. A forecast, every quarter of an hour, reads
the last week; learning, once a day, the last 35 days. Ends with 1 when a forecast takes more than
two seconds all in.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from angkut_backend.db import Connection, connect
from angkut_backend.forecast import learned as kept
from angkut_backend.forecast import service
from angkut_backend.forecast.backtest import calibrate
from angkut_backend.forecast.learned import Learned
from angkut_backend.forecast.loading import districts, load
from angkut_backend.forecast.model import learn
from angkut_backend.forecast.nowcast import BACK_H
from angkut_backend.forecast.predict import QUANTILES, Forecast, predict
from angkut_backend.forecast.unheard import learn_odds
from bench import places
from bench.hours import add_hours

NOW = datetime(2026, 10, 1, 12, 50, tzinfo=UTC)
BOUND_S = 2.0
Result = TypeVar("Result")


def main() -> None:
    """Load what is not there, measure, print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--bins", type=int, default=2000)
    parser.add_argument("--days", type=int, default=56)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--storage", default="embedded", help="as in bench_storage.py")
    options = parser.parse_args()
    with places.database(options.storage) as dsn:
        places.add_registry(dsn, options.bins)
        with connect(dsn) as conn:
            until = NOW.replace(minute=0) + timedelta(hours=1)
            add_hours(conn, until - timedelta(days=options.days), until)
            conn.commit()
            conn.autocommit = True
            conn.execute("VACUUM ANALYZE")
            conn.autocommit = False
            times = [_once(conn) for _ in range(options.repeats)]
    print(
        f"\n{options.bins:,} bins, {options.days} days of hours stored, {os.cpu_count()} cores, "
        f"load {os.getloadavg()[0]:.1f}; median and worst of {options.repeats}, s"
    )
    for name in times[0]:
        each = sorted(one[name] for one in times)
        print(f"{name:<44}{each[len(each) // 2]:>8.2f}{each[-1]:>8.2f}")
    median = sorted(one["forecast, all in"] for one in times)[len(times) // 2]
    print(f"bar: a forecast, all in, below {BOUND_S} s: {'yes' if median < BOUND_S else 'no'}")
    sys.exit(0 if median < BOUND_S else 1)


def _once(conn: Connection) -> dict[str, float]:
    spent: dict[str, float] = {}

    def timed(name: str, do: Callable[[], Result]) -> Result:
        began_s = time.perf_counter()
        result = do()
        spent[name] = time.perf_counter() - began_s
        return result

    [district] = districts(conn)
    history = timed("learn: read 35 days", lambda: load(conn, district, NOW))
    model = timed("learn: rates, shapes, kinds of day", lambda: learn(history.history))
    widen = timed(
        "learn: widen by what was off", lambda: calibrate(history.history, model, history.now_h)
    )
    unheard = timed(
        "learn: chances where nothing is known",
        lambda: learn_odds(history.history, model, widen, history.now_h),
    )
    learned = Learned(model, widen, unheard)
    timed("learn: keep", lambda: kept.put(conn, district.district_id, history, learned, NOW))
    spent["learning, all in"] = sum(spent.values())
    week = timed("forecast: read a week", lambda: load(conn, district, NOW, past_h=BACK_H))
    found = timed(
        "forecast: level now and 72 h ahead",
        lambda: predict(week.history, model, week.now_h, widen, unheard),
    )
    timed("forecast: quantiles, chances, hours", lambda: _all_of(found))
    issued = timed("forecast, all in", lambda: service.issue(conn, district, NOW))
    conn.rollback()
    if issued != len(week.bin_ids):
        raise SystemExit(f"{issued} forecasts of {len(week.bin_ids)} bins")
    return spent


def _all_of(found: Forecast) -> object:
    levels = [found.quantile_pct(share) for share in QUANTILES]
    return levels, found.overflow_probability(), found.overflow_hours(), found.hours_to_full()


if __name__ == "__main__":
    main()
