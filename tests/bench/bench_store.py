"""What a reading costs between the decoder and the commit, beside COPY into the same table.

    .venv/bin/python tests/bench/bench_store.py
    .venv/bin/python tests/bench/bench_store.py --storage timescaledb

One writer stores batches of several sizes, without broker and decoder; PostgreSQL writes safely
to the disk. Microseconds of processor time a reading, in this process and in the server's one;
beside them binary COPY of the same columns, prepared before the clock starts.
"""

import argparse
import os
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from angkut_backend.db import Connection, open_connection
from angkut_backend.ingest.batch import Batch, Received
from angkut_backend.ingest.known import KnownDevices
from angkut_backend.ingest.store import store
from angkut_broker.reading import Reading
from angkut_broker.topics import Topic
from bench import places

_BASE = datetime(2026, 1, 1, tzinfo=UTC)
#: Rows a size stores at least and at most in one round.
_ROWS_MIN, _ROWS_MAX = 400, 30_000
_COPIED = (
    "device_id, observed_at, received_at, seq, distances_mm, distance_mm, reported_fill_pct, "
    "battery_mv, temp_c, tilt_deg, rssi_dbm, snr_db, bin_id, fill_pct, flags, score"
)


@dataclass(frozen=True, slots=True)
class Cost:
    """Microseconds a reading."""

    python_us: float
    server_us: float
    wall_us: float


def main() -> None:
    """Measure and print the table."""
    options = _options()
    with places.database(options.storage) as dsn:
        places.add_registry(dsn, options.devices)
        with open_connection(dsn, application="bench-store") as conn:
            print(_table(list(_measure(conn, options)), options))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[1, 100, 1000, 5000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--devices", type=int, default=2000)
    parser.add_argument("--of-one", type=int, default=25, help="readings of a device in a batch")
    parser.add_argument("--storage", default="embedded", help="embedded, timescaledb or a DSN")
    return parser.parse_args()


def _measure(conn: Connection, options: argparse.Namespace) -> Iterator[tuple[str, list[Cost]]]:
    """Yield the costs of each kind of batch; the kinds take turns."""
    readings = _Readings(options.devices)
    devices = KnownDevices()
    server_s = _server_cpu(conn)
    kinds: dict[str, list[Cost]] = {}
    # Plans are made and kept in the first executions.
    for _ in range(8):
        store(conn, readings.batch(1000, 1), devices)
    for _ in range(options.rounds):
        for size in options.sizes:
            for of_one in sorted({1, min(size, options.of_one)}):
                rows = min(_ROWS_MAX, max(_ROWS_MIN, size * 30))
                batches = [readings.batch(size, of_one) for _ in range(rows // size)]
                run = _Stored(conn, devices, batches)
                name = f"store, {size:,} a batch, {of_one} of a device"
                kinds.setdefault(name, []).append(_cost(run, server_s, size * len(batches)))
        copy = _Copy(conn)
        kinds.setdefault("binary COPY, all at once", []).append(_cost(copy, server_s, copy.rows))
    yield from kinds.items()


class _Readings:
    """Realistic readings of all devices in turn, each with a time of its own."""

    def __init__(self, devices: int) -> None:
        self._devices = devices
        self._device = 0
        self._sent = [0] * devices
        self._rng = random.Random(1)  # noqa: S311 - the same readings each time

    def batch(self, size: int, of_one: int) -> Batch:
        batch = Batch()
        while batch.readings_n < size:
            number, self._device = self._device, (self._device + 1) % self._devices
            now = _BASE + timedelta(seconds=10 * (self._sent[number] + of_one))
            topic = f"angkut/v1/bekasi/327501/bin/bench-{number:05d}/telemetry"
            source = Received(0, 1, topic, b"", now)
            batch.sources.append(source)
            n = min(of_one, size - batch.readings_n)
            told = [self._reading(number) for _ in range(n)]
            batch.add_readings(source, Topic.parse(topic), told)
        return batch

    def _reading(self, number: int) -> Reading:
        self._sent[number] += 1
        seq, rng = self._sent[number], self._rng
        surface_mm = rng.randrange(200, 1200)
        return Reading(
            v=1,
            id=f"bench-{number:05d}",
            seq=seq,
            t=_BASE + timedelta(seconds=10 * seq),
            d_mm=[surface_mm + rng.randrange(-15, 15) for _ in range(4)],
            bat_mv=rng.randrange(3300, 3600),
            temp_c=rng.randrange(240, 330) / 10,
            tilt_deg=float(rng.randrange(5)),
            rssi_dbm=-rng.randrange(70, 115),
            snr_db=None if rng.random() < 0.1 else rng.randrange(-10, 12) / 2,
        )


class _Stored:
    """What Angkut does."""

    def __init__(self, conn: Connection, devices: KnownDevices, batches: Sequence[Batch]) -> None:
        self._conn = conn
        self._devices = devices
        self._batches = batches

    def __call__(self) -> None:
        for batch in self._batches:
            if store(self._conn, batch, self._devices).stored != batch.readings_n:
                raise RuntimeError("not every reading was new")


class _Copy:
    """All readings that are stored, taken out; to be put in again by one COPY."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn
        with conn.cursor() as cursor, cursor.copy(_TAKE_OUT) as out:
            data = b"".join(bytes(piece) for piece in out)
        self._pieces = [data[at : at + 65_536] for at in range(0, len(data), 65_536)]
        row = conn.execute("SELECT count(*) AS n FROM readings").fetchone()
        self.rows: int = row["n"] if row else 0
        conn.execute("DELETE FROM readings")
        conn.commit()
        conn.autocommit = True
        conn.execute("VACUUM readings")
        conn.autocommit = False

    def __call__(self) -> None:
        statement = f"COPY readings ({_COPIED}) FROM STDIN (FORMAT BINARY)"
        with self._conn.cursor() as cursor, cursor.copy(statement) as into:
            for piece in self._pieces:
                into.write(piece)
        self._conn.commit()


_TAKE_OUT = (
    f"COPY (SELECT {_COPIED} FROM readings ORDER BY observed_at, device_id) "  # noqa: S608 - ours
    "TO STDOUT (FORMAT BINARY)"
)


def _cost(work: Callable[[], None], server_s: Callable[[], float], rows: int) -> Cost:
    python, server, wall = time.process_time(), server_s(), time.monotonic()
    work()
    factor = 1e6 / rows
    return Cost(
        (time.process_time() - python) * factor,
        (server_s() - server) * factor,
        (time.monotonic() - wall) * factor,
    )


def _server_cpu(conn: Connection) -> Callable[[], float]:
    """Return what reads the processor time of the connection's server process, seconds."""
    pid = places.server_pid(conn.info.backend_pid)
    if pid is None:
        return lambda: float("nan")
    # Nanoseconds on a processor; `stat` counts in hundredths of a second.
    return lambda: int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def _table(kinds: Sequence[tuple[str, list[Cost]]], options: argparse.Namespace) -> str:
    lines = [
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; medians of {options.rounds}",
        "| us a reading | this process | PostgreSQL | wall |",
        "| --- | --- | --- | --- |",
    ]
    for name, costs in kinds:
        python = statistics.median(cost.python_us for cost in costs)
        server = statistics.median(cost.server_us for cost in costs)
        wall = statistics.median(cost.wall_us for cost in costs)
        lines.append(f"| {name} | {python:.1f} | {server:.1f} | {wall:.1f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
