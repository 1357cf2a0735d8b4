"""How many of the simulator's labelled faults the backend finds, and how often it errs.

    .venv/bin/python tests/bench/bench_faults.py --seeds 11 12 13 --devices 60 --days 30

Seeded towns with all faults on (rates raised, so that a month holds enough of each) go through
the code that runs in life: decoded, stored, judged, devices and neighbours checked at the times
at which the worker would, on a real database. Then what was found is compared with the labelled
log. Thresholds were chosen on seeds 1 to 6; report others.
"""

import argparse
import heapq
import json
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from angkut_backend.db import Connection, connect
from angkut_backend.device_health.service import check_devices
from angkut_backend.device_health.swap_search import search_swaps
from angkut_backend.ingest.batch import Batch, Received
from angkut_backend.ingest.store import store
from angkut_backend.quality.service import judge_new_readings
from angkut_sim.fault_plan import FaultPlan
from angkut_sim.labels import Label, write_labels
from angkut_sim.places import PlaceKind
from angkut_sim.recording import Delivery, record
from angkut_sim.truth import Surface
from angkut_sim.world import World
from bench import places, town
from bench.fault_scores import Score, Stored, Town, score
from bench.town import Stand

START = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
#: A month of a small fleet must hold enough of each.
RATES = {
    "stuck": 0.02,
    "no_echo": 0.04,
    "film": 0.004,
    "dropout": 0.06,
    "clock_drift": 0.003,
    "clock_jump": 0.01,
    "clock_zone": 0.004,
    "clock_lost": 0.006,
    "swapped": 0.008,
}
#: Wheelie bins by the street, of these litres and inside depths, mm.
_STANDS = [
    Stand(PlaceKind.HOUSING, "street", "wheelie_660", volume_l, depth_mm)
    for volume_l, depth_mm in ((120, 850), (240, 950), (660, 1050), (660, 1050))
]


def main() -> None:
    """Run every seed, print the table of all together."""
    options = _options()
    rates = {**RATES, **(json.loads(options.rates) if options.rates else {})}
    plan = FaultPlan.street().with_rates(rates)
    total: dict[str, Score] = {}
    began_s = time.monotonic()
    for seed in options.seeds:
        with places.database(options.storage) as dsn, connect(dsn) as conn:
            lived = _live(conn, seed, options.devices, options.days, plan, options.labels)
            for name, found in score(lived).items():
                total[name] = total.get(name, Score()) + found
        print(f"seed {seed}: {len(lived.readings):,} readings stored", flush=True)
    print(
        f"\n{len(options.seeds)} seeds x {options.devices} devices x {options.days} days, one "
        f"reading in {town.INTERVAL_S // 60} min, {time.monotonic() - began_s:.0f} s"
    )
    heads = ("labelled", "visible", "found", "precision", "recall", "of all")
    print(f"{'fault':<18}" + "".join(f"{head:>10}" for head in heads))
    for name, each in total.items():
        print(
            f"{name:<18}{each.labelled:>10}{each.visible:>10}{each.found:>10}"
            f"{each.precision:>10.2f}{each.recall:>10.2f}{each.recall_of_all:>10.2f}"
        )
    if options.show:
        for name, each in total.items():
            for what, lines in (("missed", each.missed), ("wrong", each.wrong)):
                for line in lines[: options.show]:
                    print(f"{name}: {what}: {line}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[11, 12, 13])
    parser.add_argument("--devices", type=int, default=60)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--storage", default="embedded", help="embedded, timescaledb or a DSN")
    parser.add_argument("--rates", help='other rates, as JSON: {"swapped": 0.01}')
    parser.add_argument("--labels", type=Path, help="where to leave the labelled log")
    parser.add_argument("--show", type=int, default=0, help="so many misses and errors of each")
    return parser.parse_args()


def _live(
    conn: Connection, seed: int, devices: int, days: int, plan: FaultPlan, labels_path: Path | None
) -> Town:
    fleet = town.fleet(devices, _STANDS)
    town.register(conn, fleet, _STANDS, [True] * devices)
    start_s, end_s = START.timestamp(), (START + timedelta(days=days)).timestamp()
    world = World(town.sites(fleet), seed=seed, start_s=start_s - 86_400)
    world.advance(start_s)
    stretches = [world.advance(start_s + (day + 1) * 86_400) for day in range(days + 1)]
    below = partial(town.surface, stretches)
    labels: list[Label] = []
    streams: list[list[Delivery]] = []
    for recording in record(fleet, below, plan=plan, seed=seed, start_s=start_s, end_s=end_s):
        labels += recording.labels
        streams.append(recording.deliveries)
    if labels_path:
        write_labels(labels_path, labels)
    _replay(conn, heapq.merge(*streams, key=lambda delivery: delivery.at_s), end_s)
    rows = conn.execute(
        "SELECT d.external_id AS device, r.observed_at, r.distance_mm, r.fill_pct, r.flags "
        "FROM readings AS r JOIN device AS d USING (device_id) ORDER BY 1, 2"
    ).fetchall()
    found = conn.execute(
        "SELECT d.external_id AS device, f.kind, f.from_at, f.to_at, f.detail "
        "FROM device_finding AS f JOIN device AS d USING (device_id) ORDER BY f.from_at"
    ).fetchall()
    bins = {each.id: each.bin_code for each in fleet}

    def truth(device: str, at_s: float) -> Surface:
        return below(bins[device], at_s)

    return Town(labels, [Stored(**row) for row in rows], found, truth, start_s, end_s)


def _replay(conn: Connection, deliveries: Iterator[Delivery], end_s: float) -> None:
    """Let the messages arrive hour by hour; between the hours the worker's jobs run."""
    now = START
    waiting: list[Received] = []

    def turn() -> None:
        if waiting:
            store(conn, Batch.of(waiting))
            conn.commit()
            waiting.clear()
        while judge_new_readings(conn, now):
            pass
        conn.commit()
        for job in (check_devices, search_swaps):
            while job(conn, now):
                conn.commit()
            conn.commit()

    for number, delivery in enumerate(deliveries):
        while delivery.at_s >= (now + HOUR).timestamp():
            now += HOUR
            turn()
        waiting.append(town.received(delivery, number))
    now = datetime.fromtimestamp(end_s, UTC)
    turn()


if __name__ == "__main__":
    main()
