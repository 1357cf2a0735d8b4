"""How long travel times among many places take on a road network, by profile.

    .venv/bin/python tests/bench/bench_roads.py liechtenstein.osm.pbf
    .venv/bin/python tests/bench/bench_roads.py TOWN.osm.pbf --box 106.93 -6.40 107.08 -6.18

Places are random ones on its streets, seeded. A matrix is metres and seconds as plans take them,
with nothing kept on disk: asked of the engine and read. Ends with 1 when one of up to 1,000 places
takes more than five seconds.
"""

import os
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import click
import numpy as np
import osrm

from angkut_backend.roads import engine, graph
from angkut_backend.roads.graph import PROFILES, RoadGraph
from angkut_backend.roads.travel import UNREACHABLE, Point, Profile

BOUND_S = 5.0
#: The bound is of matrices up to this size, places.
_BOUND_PLACES = 1_000
#: Where a street is further away, no place is drawn, m.
_NEAR_M = 200
Box = tuple[float, float, float, float]


@click.command()
@click.argument("extract", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--points", multiple=True, type=int, default=(300, 1000), show_default=True)
@click.option("--repeats", type=click.IntRange(min=1), default=5, show_default=True)
@click.option("--seed", default=1, show_default=True)
@click.option(
    "--box",
    type=float,
    nargs=4,
    default=(9.47, 47.05, 9.64, 47.27),
    show_default=True,
    help="West, south, east, north of the places; Liechtenstein by default.",
)
def main(extract: Path, points: tuple[int, ...], repeats: int, seed: int, box: Box) -> None:
    """Print seconds for building the network once, and for matrices by size and profile."""
    worst = 0.0
    with tempfile.TemporaryDirectory(prefix="angkut-bench-") as folder:
        began_s = time.perf_counter()
        network = graph.build(extract, Path(folder), now=datetime.now(UTC))
        built_s = time.perf_counter() - began_s
        print(f"{extract.name}: both profiles built in {built_s:.1f} s\n")
        print("| places | profile | median s | worst s | of 5 s | processor s | no way |")
        print("| --- | --- | --- | --- | --- | --- | --- |")
        for count in points:
            for profile in PROFILES:
                at = _on_streets(network, profile, box, count, seed)
                found = [_once(network, profile, at) for _ in range(repeats)]
                spent_s = [one[0] for one in found]
                median_s = float(np.median(spent_s))
                busy_s = float(np.median([one[1] for one in found]))
                is_bound = count <= _BOUND_PLACES
                share = f"{median_s / BOUND_S:.2f}" if is_bound else ""
                cells = f"{median_s:.2f} | {max(spent_s):.2f} | {share}"
                print(
                    f"| {count:,} | {profile} | {cells} | {busy_s:.2f} | {found[0][2]:.1%} |",
                    flush=True,
                )
                if is_bound:
                    worst = max(worst, median_s)
        engine._engine.cache_clear()
    print(f"\n{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {repeats} matrices each")
    sys.exit(0 if worst <= BOUND_S else 1)


def _once(network: RoadGraph, profile: Profile, at: list[Point]) -> tuple[float, float, float]:
    """Return seconds, processor seconds and the share of pairs without a way, of one matrix."""
    began_s, busy_s = time.perf_counter(), time.process_time()
    ways = engine.ways(network, profile, at)
    spent_s = time.perf_counter() - began_s
    return (
        spent_s,
        time.process_time() - busy_s,
        float((ways.duration_s >= UNREACHABLE).mean()),
    )


def _on_streets(
    network: RoadGraph, profile: Profile, box: Box, count: int, seed: int
) -> list[Point]:
    """Return places on streets near places drawn evenly from the box, as a plan would take them.

    Of those on pieces of street that the network does not hold together there are none.
    """
    rng = np.random.default_rng(seed)
    streets = engine._engine(network.folder, profile)
    found: list[Point] = []
    while len(found) < count:
        drawn: list[Point] = []
        for place in rng.uniform(box[:2], box[2:], (count, 2)).tolist():
            asked = osrm.NearestParameters(coordinates=[tuple(place)])
            [nearest] = streets.Nearest(asked)["waypoints"]
            if nearest["distance"] <= _NEAR_M:
                drawn.append(Point("", *nearest["location"]))
        if len(drawn) < 2:
            raise SystemExit(f"no streets of {network.file} in the box {box}: give --box")
        off = engine.ways(network, profile, drawn).off
        found += [point for point, is_off in zip(drawn, off, strict=True) if not is_off]
    return found[:count]


if __name__ == "__main__":
    main()
