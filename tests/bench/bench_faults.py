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
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from angkut_backend.db import Connection, connect
from angkut_backend.device_health.service import check_devices
from angkut_backend.device_health.swap_search import search_swaps
from angkut_backend.ingest.batch import Batch, Received
from angkut_backend.ingest.store import store
from angkut_backend.quality.service import judge_new_readings
from angkut_broker.codec import encode
from angkut_sim.fault_plan import FaultPlan
from angkut_sim.fleet_file import FleetDevice
from angkut_sim.labels import Label, write_labels
from angkut_sim.places import Place
from angkut_sim.recording import Delivery, record
from angkut_sim.stretch import Stretch
from angkut_sim.truth import Surface
from angkut_sim.world import World
from bench import places
from bench.fault_scores import Score, Stored, Town, score

START = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
INTERVAL_S = 1800
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
#: Inside depth of wheelie bins, mm, and their volume, litres.
_CONTAINERS = ((850, 120), (950, 240), (1050, 660), (1050, 660))


@dataclass(frozen=True)
class Lived:
    """A town over the time of the bench, asked in any order."""

    stretches: Sequence[Stretch]

    def surface(self, code: str, at_s: float) -> Surface:
        """Return what a sensor in the bin has below it."""
        for stretch in self.stretches:
            if at_s < stretch.span_s[1]:
                return stretch.surface(code, max(at_s, stretch.span_s[0]))
        last = self.stretches[-1]
        return last.surface(code, last.span_s[1] - 1)


def main() -> None:
    """Run every seed, print the table of all together."""
    options = _options()
    rates = {**RATES, **(json.loads(options.rates) if options.rates else {})}
    plan = FaultPlan.street().with_rates(rates)
    total: dict[str, Score] = {}
    began_s = time.monotonic()
    for seed in options.seeds:
        with places.database(options.storage) as dsn, connect(dsn) as conn:
            town = _live(conn, seed, options.devices, options.days, plan, options.labels)
            for name, found in score(town).items():
                total[name] = total.get(name, Score()) + found
        print(f"seed {seed}: {len(town.readings):,} readings stored", flush=True)
    print(
        f"\n{len(options.seeds)} seeds x {options.devices} devices x {options.days} days, one "
        f"reading in {INTERVAL_S // 60} min, {time.monotonic() - began_s:.0f} s"
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


def _fleet(devices: int) -> list[FleetDevice]:
    """Return devices whose bins stand side by side in twos."""
    fleet = []
    for number in range(devices):
        depth_mm, volume_l = _CONTAINERS[number // 2 % len(_CONTAINERS)]
        corner = number // 2
        fleet.append(
            FleetDevice(
                id=f"bench-{number:05d}",
                password="simulated",
                bin_code=f"BENCH-{number:05d}",
                volume_l=volume_l,
                d_empty_mm=depth_mm + 150,
                d_full_mm=150,
                interval_s=INTERVAL_S,
                lon=107.0 + 0.003 * corner,
                lat=-6.25 + 0.00001 * (number % 2),
                site=f"S{corner}",
            )
        )
    return fleet


def _live(
    conn: Connection, seed: int, devices: int, days: int, plan: FaultPlan, labels_path: Path | None
) -> Town:
    fleet = _fleet(devices)
    _register(conn, fleet)
    start_s, end_s = START.timestamp(), (START + timedelta(days=days)).timestamp()
    sites = [Place(code=each.bin_code, volume_l=each.volume_l, site=each.site) for each in fleet]
    world = World(sites, seed=seed, start_s=start_s - 86_400)
    world.advance(start_s)
    stretches = [world.advance(start_s + (day + 1) * 86_400) for day in range(days + 1)]
    town = Lived(stretches)
    labels: list[Label] = []
    streams: list[list[Delivery]] = []
    for recording in record(
        fleet, town.surface, plan=plan, seed=seed, start_s=start_s, end_s=end_s
    ):
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
        return town.surface(bins[device], at_s)

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
        at = datetime.fromtimestamp(delivery.at_s, UTC)
        topic = f"angkut/v1/bekasi/327501/bin/{delivery.device_id}/telemetry"
        body = delivery.readings if len(delivery.readings) > 1 else delivery.readings[0]
        waiting.append(Received(0, number, topic, encode(body), at))
    now = datetime.fromtimestamp(end_s, UTC)
    turn()


def _register(conn: Connection, fleet: Sequence[FleetDevice]) -> None:
    rows = {
        "id": [each.id for each in fleet],
        "code": [each.bin_code for each in fleet],
        "site": [each.site for each in fleet],
        "volume_l": [int(each.volume_l) for each in fleet],
        "empty_mm": [each.d_empty_mm for each in fleet],
        "lon": [each.lon for each in fleet],
        "lat": [each.lat for each in fleet],
    }
    conn.execute(_REGISTRY, rows)
    conn.commit()


_REGISTRY = """
WITH u AS (
    SELECT * FROM unnest(%(id)s::text[], %(code)s::text[], %(site)s::text[], %(volume_l)s::int[],
                         %(empty_mm)s::int[], %(lon)s::float8[], %(lat)s::float8[])
        AS u (id, code, site, volume_l, empty_mm, lon, lat)
), d AS (
    INSERT INTO district (code, city_slug, city_name, name, boundary, timezone, source)
    VALUES ('32.75.01', 'bekasi', 'Kota Bekasi', 'Bekasi Timur', '{}', 'Asia/Jakarta', 'bench')
    RETURNING district_id
), a AS (
    INSERT INTO area (district_id, code, name, common_name, boundary, source)
    SELECT district_id, '32.75.01.1001', 'Bekasijaya', 'Bekasi Jaya', '{}', 'bench' FROM d
    RETURNING area_id
), s AS (
    INSERT INTO site (area_id, code, name, kind, lon, lat, source)
    SELECT area_id, site, site, 'street', min(lon), min(lat), 'bench' FROM a, u
    GROUP BY area_id, site
    RETURNING site_id, code
), b AS (
    INSERT INTO bin (code, site_id, container, volume_l, access, service_s, lon, lat, source)
    SELECT u.code, s.site_id, 'wheelie_660', u.volume_l, 'road', 120, u.lon, u.lat, 'bench'
    FROM u JOIN s ON s.code = u.site
    RETURNING bin_id, code
), v AS (
    INSERT INTO device (external_id, district_id, secret_pbkdf2_sha512, secret_bcrypt)
    SELECT u.id, d.district_id, 'x', 'x' FROM u, d
    RETURNING device_id, external_id
)
INSERT INTO mounting (bin_id, device_id, valid_from, d_empty_mm, d_full_mm)
SELECT b.bin_id, v.device_id, '2020-01-01', u.empty_mm, 150
FROM u JOIN b USING (code) JOIN v ON v.external_id = u.id
"""


if __name__ == "__main__":
    main()
