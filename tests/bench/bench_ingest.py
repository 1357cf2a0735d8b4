"""From MQTT to committed and queryable: Angkut's ingest beside mq-bridge and COPY.

    .venv/bin/python tests/bench/bench_ingest.py --messages 60000 --rounds 3

Both bridges take turns on one Mosquitto (configured as shipped) and one database that writes
safely to the disk. mq-bridge is installed into a folder of its own, removed at the end.
Validation, device lookup, calibration and the roll-up marks are in Angkut's figures and not in
mq-bridge's, which fills a table of the same key and seven of the columns.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import psycopg

from angkut_broker.session import BrokerAddress
from bench import places
from bench.bridges import Angkut, Bridge, MqBridge
from bench.load import Load

_BASE_S = 1_767_225_600  # 2026-01-01: the readings' times count up from here
_POLL_S = 0.02
_WARM_MESSAGES = 2000


@dataclass(frozen=True, slots=True)
class Flow:
    """One burst, published while the bridge works."""

    readings_per_s: float
    #: Processor time a message, milliseconds, of each part.
    bridge_ms: float
    database_ms: float
    broker_ms: float
    publishers_ms: float
    lost: int
    #: How long the publishers needed to get everything acknowledged by the broker.
    publish_s: float


@dataclass
class Bench:
    """The places, and counters that keep every reading's time unique."""

    dsn: str
    broker: BrokerAddress
    broker_pid: int
    devices: int
    publishers: int
    next_number: int = 0
    next_base_s: int = _BASE_S

    def load(self, messages: int, *, readings: int = 1, per_s: float = 0) -> Load:
        """Prepare publishers; nothing is sent yet."""
        load = Load(
            self.broker,
            publishers=1 if per_s else self.publishers,
            messages=messages,
            first=self.next_number,
            devices=self.devices,
            readings=readings,
            base_s=self.next_base_s,
            per_s=per_s,
            probe_every=20 if per_s else 0,
        )
        self.next_number += messages
        # Beyond the newest time of this load.
        self.next_base_s += (self.next_number // self.devices + 2) * readings
        return load


def main() -> None:
    """Measure and print the table."""
    options = _options()
    with ExitStack() as cleanup:
        folder = Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="angkut-bench-")))
        dsn = cleanup.enter_context(places.database(options.storage))
        broker, broker_pid = cleanup.enter_context(places.broker(folder))
        places.add_registry(dsn, options.devices)
        bench = Bench(dsn, broker, broker_pid, options.devices, options.publishers)
        bridges: list[Bridge] = [Angkut(dsn, broker, folder)]
        if not options.alone:
            bridges += [MqBridge(dsn, broker, folder, tasks) for tasks in (4, 1)]
        flows: dict[str, list[Flow]] = {bridge.name: [] for bridge in bridges}
        delays: dict[str, list[float]] = {bridge.name: [] for bridge in bridges}
        batched: list[Flow] = []
        copies: list[float] = []
        for number in range(options.rounds):
            for bridge in bridges if number % 2 == 0 else bridges[::-1]:
                with bridge:
                    _warm(bench, bridge)
                    flow = _flow(bench, bridge, bench.load(options.messages))
                    flows[bridge.name].append(flow)
                    _say(bridge.name, flow)
                    delays[bridge.name] += _delays(bench, bridge, options)
                    if bridge is bridges[0]:
                        load = bench.load(options.messages // 5, readings=options.batch)
                        batched.append(_flow(bench, bridge, load))
                        _say(f"{bridge.name}, batches of {options.batch}", batched[-1])
            copies.append(_copy_limit(dsn, options.messages * options.batch // 5))
            print(f"COPY: {copies[-1]:,.0f} rows/s", flush=True)
        print("\n" + _table(flows, delays, batched, copies, options))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--messages", type=int, default=60_000, help="single readings a burst")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--devices", type=int, default=1000)
    parser.add_argument("--publishers", type=int, default=2, help="publishing processes")
    parser.add_argument("--batch", type=int, default=25, help="readings in a batched message")
    parser.add_argument("--delay-rate", type=float, default=500, help="messages a second")
    parser.add_argument("--delay-seconds", type=float, default=20)
    parser.add_argument("--storage", default="embedded", help="embedded, timescaledb or a DSN")
    parser.add_argument("--alone", action="store_true", help="without mq-bridge")
    return parser.parse_args()


def _warm(bench: Bench, bridge: Bridge) -> None:
    load = bench.load(_WARM_MESSAGES)
    with psycopg.connect(bench.dsn, autocommit=True) as conn:
        before = bridge.count(conn)
        with load:
            load.start()
        found = _until_all(lambda: bridge.count(conn) - before, _WARM_MESSAGES)
    if found < _WARM_MESSAGES:
        raise RuntimeError(f"{bridge.name} stored {found} of {_WARM_MESSAGES} in the warm-up")


def _flow(bench: Bench, bridge: Bridge, load: Load) -> Flow:
    with psycopg.connect(bench.dsn, autocommit=True) as conn, load:
        before = bridge.count(conn)
        expected = load.messages * load.readings
        # What this connection does is not the bridge's work.
        conn.execute("SET max_parallel_workers_per_gather = 0")
        parts = (
            bridge.cpu_s,
            _database_cpu(conn),
            lambda: places.cpu_s(bench.broker_pid),
            load.cpu_s,
        )
        began_s, before_s = time.monotonic(), [part() for part in parts]
        load.start()
        done = _until_all(lambda: bridge.count(conn) - before, expected)
        elapsed_s, after_s = time.monotonic() - began_s, [part() for part in parts]
        publish_s = load.wait()
    bridge_ms, database_ms, broker_ms, publishers_ms = (
        (after - before) / load.messages * 1000
        for before, after in zip(before_s, after_s, strict=True)
    )
    return Flow(
        readings_per_s=done / elapsed_s,
        bridge_ms=bridge_ms,
        database_ms=database_ms,
        broker_ms=broker_ms,
        publishers_ms=publishers_ms,
        lost=expected - done,
        publish_s=publish_s,
    )


def _until_all(count: Callable[[], int], expected: int) -> int:
    """Wait for all; give up when for a minute nothing arrives."""
    seen = 0
    began_s = since_s = time.monotonic()
    while time.monotonic() - since_s < 60:
        asked_s = time.monotonic()
        now = count()
        counted_s = time.monotonic()
        if now > seen:
            seen, since_s = now, counted_s
        if seen >= expected:
            break
        # Counting a large table costs: seldom at first, more often towards the end.
        left_s = (expected - seen) / (seen + 1) * (counted_s - began_s)
        time.sleep(min(1.0, max(_POLL_S, 3 * (counted_s - asked_s), left_s / 2)))
    return seen


def _database_cpu(conn: psycopg.Connection) -> Callable[[], float]:
    """Return what reads the processor time of the server's processes but this connection's."""
    row = conn.execute("SELECT current_setting('data_directory')").fetchone()
    own = conn.info.backend_pid
    postmaster = _pid_on_this_machine(own, str(row[0]) if row else "")
    if postmaster is None:
        return lambda: float("nan")
    return lambda: places.family_cpu_s(postmaster, but={own})


def _pid_on_this_machine(backend: int, data: str) -> int | None:
    """Find the postmaster; `None` when the server is on another machine."""
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            fields = dict(
                line.split(":\t", 1) for line in status.read_text().splitlines() if ":\t" in line
            )
            command = (status.parent / "cmdline").read_bytes()
        except OSError:
            continue
        # The last number is the one inside its own namespace, if it has one.
        inner = fields.get("NSpid", "").split()
        if inner and int(inner[-1]) == backend and fields["Name"].startswith("postgres"):
            parent = int(fields["PPid"])
            parent_command = Path(f"/proc/{parent}/cmdline").read_bytes()
            if data.encode() in parent_command or b"postgres" in parent_command + command:
                return parent
    return None


def _delays(bench: Bench, bridge: Bridge, options: argparse.Namespace) -> list[float]:
    """Return publish to visible of the watched device's readings, seconds."""
    messages = int(options.delay_rate * options.delay_seconds)
    if not messages:
        return []
    load = bench.load(messages, per_s=options.delay_rate)
    delays: list[float] = []
    with psycopg.connect(bench.dsn, autocommit=True) as conn, load:
        last = time.time()
        load.start()
        quiet_since = time.monotonic()
        while len(delays) < messages // 20 and time.monotonic() - quiet_since < 20:
            rows = bridge.watched_since(conn, last)
            now = time.time()
            if rows:
                delays += [now - at for at in rows]
                last, quiet_since = max(rows), time.monotonic()
            time.sleep(0.002)
        load.wait()
    return delays


def _copy_limit(dsn: str, rows: int) -> float:
    """Return rows per second of one binary COPY of readings into the same table."""
    columns = (
        "device_id, observed_at, received_at, seq, distances_mm, distance_mm, battery_mv, temp_c, "
        "rssi_dbm, bin_id, fill_pct, flags, score"
    )
    with psycopg.connect(dsn) as conn:
        conn.execute("CREATE TEMP TABLE source AS " + _SYNTHETIC, [rows])
        with conn.cursor() as cursor, cursor.copy("COPY source TO STDOUT (FORMAT BINARY)") as out:
            pieces = b"".join(bytes(piece) for piece in out)
        began_s = time.monotonic()
        with (
            conn.cursor() as cursor,
            cursor.copy(f"COPY readings ({columns}) FROM STDIN (FORMAT BINARY)") as into,
        ):
            for start in range(0, len(pieces), 65_536):
                into.write(pieces[start : start + 65_536])
        conn.execute("DROP TABLE source")
        conn.commit()
        elapsed_s = time.monotonic() - began_s
        conn.execute("DELETE FROM readings WHERE observed_at < '2021-01-01'")
        conn.commit()
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute("VACUUM readings")
    return rows / elapsed_s


_SYNTHETIC = """
SELECT d.device_id, timestamptz '2020-02-01' + n * interval '1 second' AS observed_at,
       now() AS received_at, n::bigint AS seq, ARRAY[300 + n %% 800] AS distances_mm,
       (300 + n %% 800)::real AS distance_mm, (3400 + n %% 200)::int AS battery_mv,
       25::real AS temp_c, (-109)::smallint AS rssi_dbm, d.device_id AS bin_id,
       50::real AS fill_pct, 0 AS flags, 1::real AS score
FROM generate_series(1, %s) AS n
JOIN (SELECT device_id, row_number() OVER () - 1 AS i, count(*) OVER () AS total FROM device) AS d
  ON d.i = n %% d.total
"""


def _say(name: str, flow: Flow) -> None:
    print(
        f"{name}: {flow.readings_per_s:,.0f} readings/s, CPU ms/message: bridge "
        f"{flow.bridge_ms:.3f}, database {flow.database_ms:.3f}, broker {flow.broker_ms:.3f}, "
        f"publishers {flow.publishers_ms:.3f}; lost {flow.lost}, "
        f"published in {flow.publish_s:.1f} s",
        flush=True,
    )


def _table(
    flows: dict[str, list[Flow]],
    delays: dict[str, list[float]],
    batched: Sequence[Flow],
    copies: Sequence[float],
    options: argparse.Namespace,
) -> str:
    return "\n".join(_lines(flows, delays, batched, copies, options))


def _lines(
    flows: dict[str, list[Flow]],
    delays: dict[str, list[float]],
    batched: Sequence[Flow],
    copies: Sequence[float],
    options: argparse.Namespace,
) -> Iterator[str]:
    yield f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; medians of {options.rounds}"
    yield (
        "| bridge | single readings/s | ratio | CPU ms/message, bridge | database | broker | lost "
        f"| p50 ms at {options.delay_rate:g}/s | p99 ms |"
    )
    yield "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    best_peer = max(
        (_median(found) for name, found in flows.items() if name != Angkut.name), default=0.0
    )
    for name, found in flows.items():
        rate = _median(found)
        p50, p99 = _percentiles(delays[name])
        yield (
            f"| {name} | {rate:,.0f} | {rate / best_peer if best_peer else 1:.2f} "
            f"| {statistics.median(flow.bridge_ms for flow in found):.3f} "
            f"| {statistics.median(flow.database_ms for flow in found):.3f} "
            f"| {statistics.median(flow.broker_ms for flow in found):.3f} "
            f"| {sum(flow.lost for flow in found)} | {p50:.0f} | {p99:.0f} |"
        )
    batch, copy = _median(batched), statistics.median(copies)
    yield ""
    yield "| readings in batches | per second | share of COPY | lost |"
    yield "| --- | --- | --- | --- |"
    yield (
        f"| {Angkut.name}, {options.batch} a message | {batch:,.0f} | {batch / copy:.2f} "
        f"| {sum(flow.lost for flow in batched)} |"
    )
    yield f"| binary COPY into the same table | {copy:,.0f} | 1 | 0 |"


def _median(flows: Sequence[Flow]) -> float:
    return statistics.median(flow.readings_per_s for flow in flows)


def _percentiles(delays: Sequence[float]) -> tuple[float, float]:
    if len(delays) < 100:
        return float("nan"), float("nan")
    cuts = statistics.quantiles(delays, n=100)
    return cuts[49] * 1000, cuts[98] * 1000


if __name__ == "__main__":
    main()
