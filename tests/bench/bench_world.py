"""The simulated town beside the records of real bins, and how fast it runs.

    nice python tests/bench/bench_world.py [--seeds 3] [--bins 250 2000] [--days 60]

Prints the table of ours beside theirs for each seed, then the time that a world takes.
"""

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from angkut_sim.places import Place, PlaceKind
from angkut_sim.policies import Policy, Threshold
from angkut_sim.world import World
from parts.world_table import HEADER, START_S, table

_KINDS = list(PlaceKind)


def main() -> None:
    """Print all of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3, help="tables to print")
    parser.add_argument("--bins", type=int, nargs="*", default=[250, 2000])
    parser.add_argument("--days", type=int, default=60)
    options = parser.parse_args()
    for seed in range(1, options.seeds + 1):
        print(f"\nseed {seed}\n{HEADER}")
        for row in table(seed):
            print(row)
    print(f"\n{'bins':>6}{'days':>6}  {'policy':<12}{'seconds':>8}{'bin-days/s':>12}")
    for bins in options.bins:
        for name, policy in (("fixed", None), ("threshold", Threshold())):
            took_s = _time(bins, options.days, policy)
            rate = bins * options.days / took_s
            print(f"{bins:>6}{options.days:>6}  {name:<12}{took_s:>8.1f}{rate:>12.0f}")


def _time(bins: int, days: int, policy: Policy | None) -> float:
    places = [
        Place(f"B{number}", 660.0, _KINDS[number % len(_KINDS)], site=f"L{number // 2}")
        for number in range(bins)
    ]
    began_s = time.perf_counter()
    world = World(places, seed=1, start_s=START_S, policy=policy)
    for day in range(1, days + 1):
        world.advance(START_S + day * 86_400)
    return time.perf_counter() - began_s


if __name__ == "__main__":
    main()
