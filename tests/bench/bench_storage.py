"""How long the hot queries take over 20 million readings.

    .venv/bin/python tests/bench/bench_storage.py --storage embedded
    .venv/bin/python tests/bench/bench_storage.py --storage timescaledb
    .venv/bin/python tests/bench/bench_storage.py --storage /path/to/postgresql/bin

The last are the programs of a PostgreSQL with TimescaleDB of yours, for its Community edition.
2,000 bins, a reading every 20 minutes, 139 days; the readings are synthetic and loaded in SQL, the
roll-ups are made by the code that makes them in life. What is timed is what the API calls, answers
read whole; below, the same over HTTP. With `--keep FOLDER` the database stays there, and the next
run with the same folder only asks:

    .venv/bin/python tests/bench/bench_storage.py --storage embedded --keep FOLDER
"""

import argparse
import http.client
import math
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from angkut_backend.accounts.service import Role, Scope
from angkut_backend.db import Connection, connect
from angkut_backend.readings.figures import daily_figures, hourly_levels
from angkut_backend.readings.maintenance import edition
from angkut_backend.readings.service import TimeRange, level_history, list_bins
from bench import places
from bench.storage_data import DAY, NOW, first_reading, notes, prepare
from parts.api import running_api

#: How a query string says a time.
_TIME = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True)
class Query:
    """One hot query and what it may take."""

    name: str
    bound_ms: float
    #: Asks once; the number makes each time another question where there are several.
    ask: Callable[[int], object]


def main() -> None:
    """Load what is not there, measure, print the tables."""
    options = _options()
    days = (NOW - first_reading(options.readings, options.bins)) // DAY
    with places.database(options.storage, options.keep) as dsn:
        with connect(dsn) as conn:
            kind = edition(conn)
            if conn.execute("SELECT FROM bin LIMIT 1").fetchone() is None:
                conn.rollback()
                places.add_registry(dsn, options.bins)
            prepare(conn, kind, options.readings, options.bins)
            said = notes(conn)
        with connect(dsn) as conn:
            conn.autocommit = True
            calls = _measured(_calls(conn, options.bins, days), options.repeats)
        with _asking(dsn) as get:
            requests = _measured(_requests(get, options.bins, days), options.repeats)
    print(
        f"\n{kind}, {options.readings:,} readings of {options.bins:,} bins over {days} days, "
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    )
    print("; ".join(f"{what}: {value}" for what, value in said.items()))
    for line in _table([*calls, *requests]):
        print(line)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--readings", type=int, default=20_000_000)
    parser.add_argument("--bins", type=int, default=2000)
    parser.add_argument("--repeats", type=int, default=100)
    parser.add_argument(
        "--storage",
        default="embedded",
        help="embedded, timescaledb, the folder of a PostgreSQL's programs, or a DSN",
    )
    parser.add_argument(
        "--keep",
        type=Path,
        metavar="FOLDER",
        help="keep the database there; if it is there already, only ask",
    )
    options = parser.parse_args()
    if options.keep and "://" in options.storage:
        parser.error("--keep: needs a server of its own, and --storage names one that runs")
    return options


def _calls(conn: Connection, bins: int, days: int) -> list[Query]:
    def week(number: int) -> object:
        until = NOW - number % max(1, days - 7) * DAY
        return level_history(conn, _code(number, bins), TimeRange(until - 7 * DAY, until))

    def hours(number: int) -> object:
        until = NOW - number % max(1, days - 1) * DAY
        return hourly_levels(conn, TimeRange(until - DAY, until))

    def fleet(number: int) -> object:
        until = NOW - number % max(1, days - 60) * DAY
        return daily_figures(conn, TimeRange(until - 60 * DAY, until))

    return [
        Query(f"latest level of all {bins:,} bins", 20, lambda _: list_bins(conn, NOW)),
        Query("one bin's week", 20, week),
        Query("hourly means of all bins for a day", 100, hours),
        Query("60 days of daily figures", 200, fleet),
    ]


def _requests(get: Callable[[str], bytes], bins: int, days: int) -> list[Query]:
    def week(number: int) -> object:
        until = NOW - number % max(1, days - 7) * DAY
        return get(f"/api/bins/{_code(number, bins)}/readings?to={until:{_TIME}}")

    def fleet(number: int) -> object:
        until = NOW - number % max(1, days - 60) * DAY
        return get(f"/api/days?from={until - 60 * DAY:{_TIME}}&to={until:{_TIME}}")

    return [
        Query("`GET /api/bins`", math.inf, lambda _: get("/api/bins")),
        Query("`GET /api/bins/{code}/readings`, a week", math.inf, week),
        Query("`GET /api/days`, 60 days", math.inf, fleet),
    ]


def _code(number: int, bins: int) -> str:
    return f"BENCH-{number * 37 % bins:05}"


@contextmanager
def _asking(dsn: str) -> Iterator[Callable[[str], bytes]]:
    """Run the API at the bench's time; ask it over one connection."""
    with tempfile.TemporaryDirectory() as page, running_api(dsn, Path(page)) as api:
        api.clock.ahead = NOW - datetime.now(UTC)
        with connect(dsn) as conn:
            known = conn.execute("SELECT FROM account WHERE username = 'bench'").fetchone()
        username = "bench" if known is not None else api.account(Role.DISPATCHER, "bench")
        token = api.token(username, Scope.READ).headers["Authorization"]
        address = urlsplit(api.url)
        client = http.client.HTTPConnection(str(address.hostname), address.port)

        def get(path: str) -> bytes:
            client.request("GET", path, headers={"Authorization": token})
            answer = client.getresponse()
            body = answer.read()
            if answer.status != http.HTTPStatus.OK:
                raise RuntimeError(f"{path}: {answer.status} {body!r}")
            return body

        try:
            yield get
        finally:
            client.close()


def _measured(queries: Sequence[Query], repeats: int) -> list[tuple[Query, list[float]]]:
    return [(query, _times_ms(query, repeats)) for query in queries]


def _times_ms(query: Query, repeats: int) -> list[float]:
    times = []
    for number in range(repeats + 3):
        began_s = time.perf_counter()
        query.ask(number)
        times.append((time.perf_counter() - began_s) * 1000)
    return times[3:]  # the first ones plan and fill caches


def _table(measured: Sequence[tuple[Query, list[float]]]) -> Iterator[str]:
    yield "| query | p50 ms | p95 ms | bar | holds |"
    yield "| --- | --- | --- | --- | --- |"
    for query, times in measured:
        cuts = statistics.quantiles(times, n=20)
        bar, holds = f"{query.bound_ms:g}", "yes" if cuts[18] < query.bound_ms else "no"
        if math.isinf(query.bound_ms):
            bar = holds = ""
        yield f"| {query.name} | {cuts[9]:.1f} | {cuts[18]:.1f} | {bar} | {holds} |"


if __name__ == "__main__":
    main()
