"""From MQTT to committed and queryable: Angkut's ingest beside mq-bridge and COPY.

    .venv/bin/python tests/bench/bench_ingest.py --messages 60000 --rounds 3

All bridges take turns on one Mosquitto (configured as shipped) and one database that writes
safely to the disk; ours with one worker and with two that share the messages. mq-bridge is
installed into a folder of its own, removed at the end. After each burst of batches the same rows
are put into the same table by one COPY.
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
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import psycopg

from angkut_backend.ingest.copying import COLUMNS
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
        bridges: list[Bridge] = [Angkut(dsn, broker, folder, n) for n in options.workers]
        if not options.alone:
            bridges += [MqBridge(dsn, broker, folder, tasks) for tasks in (4, 1)]
        flows: dict[str, list[Flow]] = {bridge.name: [] for bridge in bridges}
        delays: dict[str, list[float]] = {bridge.name: [] for bridge in bridges}
        #: Of each bridge of ours: the burst, and rows a second of the COPY that followed.
        batched: dict[str, list[tuple[Flow, float]]] = {}
        for number in range(options.rounds):
            for bridge in bridges if number % 2 == 0 else bridges[::-1]:
                with bridge:
                    _warm(bench, bridge)
                    flow = _flow(bench, bridge, bench.load(options.messages))
                    flows[bridge.name].append(flow)
                    _say(bridge.name, flow)
                    delays[bridge.name] += _delays(bench, bridge, options)
                    if isinstance(bridge, Angkut):
                        load = bench.load(
                            options.batched_readings // options.batch, readings=options.batch
                        )
                        flow = _flow(bench, bridge, load)
                        _say(f"{bridge.name}, batches of {options.batch}", flow)
                if isinstance(bridge, Angkut):
                    copied = _copy_limit(bench, load)
                    print(f"COPY: {copied:,.0f} rows/s", flush=True)
                    batched.setdefault(bridge.name, []).append((flow, copied))
        print("\n" + _table(flows, delays, batched, options))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--messages", type=int, default=60_000, help="single readings a burst")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--devices", type=int, default=1000)
    parser.add_argument("--publishers", type=int, default=2, help="publishing processes")
    parser.add_argument("--batch", type=int, default=25, help="readings in a batched message")
    parser.add_argument(
        "--batched-readings", type=int, default=300_000, help="readings in a batched burst"
    )
    parser.add_argument(
        "--workers", type=int, nargs="+", default=[1, 2], help="processes of ours that take turns"
    )
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
    _checkpoint(bench.dsn)
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
        _until_last(bridge, conn, load)
        elapsed_s, after_s = time.monotonic() - began_s, [part() for part in parts]
        done = bridge.count(conn) - before
        if done < expected:
            # The last was not the last one.
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


def _until_last(bridge: Bridge, conn: psycopg.Connection, load: Load) -> None:
    """Wait for the last reading of each publisher, a minute; counting all would cost the bridge."""
    began_s = time.monotonic()
    for device, at_s in load.last:
        while not bridge.holds(conn, device, at_s) and time.monotonic() - began_s < 60:
            time.sleep(_POLL_S)


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


def _copy_limit(bench: Bench, load: Load) -> float:
    """Return rows per second of one binary COPY of a load's readings into the table they are in.

    The very rows, all columns, in the order in which they were sent, moved on in time to where
    they are new, as they were when they came by MQTT. They are taken out again.
    """
    from_s, span_s = bench.next_base_s, load.until_s - load.from_s
    bench.next_base_s += span_s
    moved = _COLUMNS.replace("observed_at", "observed_at + %(by)s * interval '1 second'")
    with psycopg.connect(bench.dsn) as conn:
        with (
            conn.cursor() as cursor,
            cursor.copy(
                f"COPY (SELECT {moved} FROM readings WHERE observed_at >= to_timestamp(%(since)s)"  # noqa: S608 - ours
                " AND observed_at < to_timestamp(%(until)s) ORDER BY seq)"
                " TO STDOUT (FORMAT BINARY)",
                {"by": from_s - load.from_s, "since": load.from_s, "until": load.until_s},
            ) as out,
        ):
            data = b"".join(bytes(piece) for piece in out)
        _checkpoint(bench.dsn)
        with conn.cursor() as cursor:
            began_s = time.monotonic()
            with cursor.copy(f"COPY readings ({_COLUMNS}) FROM STDIN (FORMAT BINARY)") as into:
                for start in range(0, len(data), 65_536):
                    into.write(data[start : start + 65_536])
            conn.commit()
            elapsed_s = time.monotonic() - began_s
            rows = cursor.rowcount
        conn.execute("DELETE FROM readings WHERE observed_at >= to_timestamp(%s)", [from_s])
    with psycopg.connect(bench.dsn, autocommit=True) as conn:
        conn.execute("VACUUM readings")
    if rows != load.messages * load.readings:
        raise RuntimeError(f"COPY took {rows} rows")
    return rows / elapsed_s


#: All that ingest writes of a reading.
_COLUMNS = ", ".join([*COLUMNS, "distances_mm"])


def _checkpoint(dsn: str) -> None:
    """Let each burst begin with pages that are on the disk: a page's first change costs more."""
    with (
        psycopg.connect(dsn, autocommit=True) as conn,
        suppress(psycopg.errors.InsufficientPrivilege),
    ):
        conn.execute("CHECKPOINT")


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
    batched: dict[str, list[tuple[Flow, float]]],
    options: argparse.Namespace,
) -> str:
    return "\n".join(_lines(flows, delays, batched, options))


def _lines(
    flows: dict[str, list[Flow]],
    delays: dict[str, list[float]],
    batched: dict[str, list[tuple[Flow, float]]],
    options: argparse.Namespace,
) -> Iterator[str]:
    yield f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; medians of {options.rounds}"
    yield (
        "| bridge | single readings/s | ratio | CPU ms/message, bridge | database | broker | lost "
        f"| p50 ms at {options.delay_rate:g}/s | p99 ms |"
    )
    yield "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    peers = flows.keys() - batched.keys()
    best_peer = max((_median(flows[name]) for name in peers), default=0.0)
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
    yield ""
    yield (
        f"| {options.batched_readings:,} readings, {options.batch} a message | per second "
        "| COPY of the same rows | share of COPY | in each round "
        "| CPU us/reading, bridge | database | lost |"
    )
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for name, pairs in batched.items():
        found = [flow for flow, _ in pairs]
        shares = [flow.readings_per_s / copied for flow, copied in pairs]
        yield (
            f"| {name} | {_median(found):,.0f} "
            f"| {statistics.median(copied for _, copied in pairs):,.0f} "
            f"| {statistics.median(shares):.2f} | {', '.join(f'{share:.2f}' for share in shares)} "
            f"| {statistics.median(flow.bridge_ms for flow in found) * 1000 / options.batch:.1f} "
            f"| {statistics.median(flow.database_ms for flow in found) * 1000 / options.batch:.1f} "
            f"| {sum(flow.lost for flow in found)} |"
        )


def _median(flows: Sequence[Flow]) -> float:
    return statistics.median(flow.readings_per_s for flow in flows)


def _percentiles(delays: Sequence[float]) -> tuple[float, float]:
    if len(delays) < 100:
        return float("nan"), float("nan")
    cuts = statistics.quantiles(delays, n=100)
    return cuts[49] * 1000, cuts[98] * 1000


if __name__ == "__main__":
    main()
