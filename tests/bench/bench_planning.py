"""How good plans are: public instances beside OR-Tools and VROOM, synthetic shifts over time.

    .venv/bin/python tests/bench/bench_planning.py public FOLDER --seconds 10 --seconds 30
    .venv/bin/python tests/bench/bench_planning.py shifts --bins 300 --bins 1000
    .venv/bin/python tests/bench/bench_planning.py replan
    .venv/bin/python tests/bench/bench_planning.py kim FOLDER

FOLDER holds instances of github.com/PyVRP/Instances (CVRP/X-*.vrp, PCVRPTW/R1_10_1.vrp) with their
best known solutions (.sol). The peers get an environment of their own. Each plan passes the
independent checker.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import numpy as np
import pyvrp

sys.path.insert(0, str(Path(__file__).parents[1]))

from angkut_backend.planning.checker import check
from angkut_backend.planning.plan_document import Plan
from angkut_backend.planning.points import points_of
from angkut_backend.planning.problem import (
    Bin,
    Depot,
    DisposalSite,
    MustReason,
    Problem,
    TimeWindow,
    Vehicle,
)
from angkut_backend.planning.search import Budget
from angkut_backend.planning.solve import plan
from angkut_backend.roads.travel import Leg, Travel
from bench.kim import kim
from instances.bekasi import LUNCH, shift, with_hours
from instances.midshift import three_hours_on

_PEERS = ("ortools==9.15.6755", "pyvroom==1.15.2")
_LATE_S = 3 * 86_400


@click.group()
def bench() -> None:
    """Measure the planner."""


@bench.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--seconds", multiple=True, type=float, default=(10.0, 30.0), show_default=True)
@click.option("--only", multiple=True, help="Instances, by name; all by default.")
def public(folder: Path, seconds: tuple[float, ...], only: tuple[str, ...]) -> None:
    """Print gaps to the best known cost, per cent."""
    files = [one for one in sorted(folder.glob("*.vrp")) if not only or one.stem in only]
    with _peers() as ask:
        print("| instance | best known | seconds | angkut | OR-Tools | VROOM |")
        print("| --- | --- | --- | --- | --- | --- |")
        for file in files:
            if file.stem.startswith(("R201", "RC", "C")):
                continue  # release times are not in our problem
            told = file.with_suffix(".sol").read_text().split("Cost")[-1]
            best = int(told.replace(":", " ").split()[0])
            data = pyvrp.read(file, round_func="dimacs" if file.stem.startswith("R1") else "round")
            for budget_s in seconds:
                costs: list[int | None] = [_ours(data, budget_s)]
                costs += [ask(name, data, budget_s) for name in ("ortools", "vroom")]
                gaps = " | ".join(
                    "-" if cost is None else f"{100 * (cost / best - 1):.1f} %" for cost in costs
                )
                print(f"| {file.stem} | {best} | {budget_s:g} | {gaps} |", flush=True)


@bench.command()
@click.option("--bins", multiple=True, type=int, default=(60, 300, 1000, 3000), show_default=True)
@click.option("--seconds", multiple=True, type=float, default=(10.0, 30.0, 60.0), show_default=True)
@click.option("--seed", "seeds", multiple=True, type=int, default=(1,), show_default=True)
@click.option("--must", type=click.FloatRange(0, 1), default=0.0, help="Share made duties, evenly.")
@click.option("--hours", is_flag=True, help="Traffic and queues by the hour, a break at noon.")
def shifts(
    bins: tuple[int, ...],
    seconds: tuple[float, ...],
    seeds: tuple[int, ...],
    must: float,
    *,
    hours: bool,
) -> None:
    """Print the objective of synthetic shifts of Bekasi Timur by time, million rupiah.

    In brackets: how far above that of the longest run. `late` is how long after its budget a plan
    was there, with all reasons, at most. For the first plan processor time is given, too.
    """
    cells = " | ".join(f"{s:g} s" for s in seconds)
    print(f"| bins | seed | first plan, s | processor, s | first | {cells} | late, s |")
    print("| --- | --- | --- | --- | --- |" + " --- |" * len(seconds) + " --- |")
    for n in bins:
        problem, travel = shift(n)
        problem = _with_duties(problem, must)
        if hours:
            problem = with_hours(problem, LUNCH)
        for seed in seeds:
            timed = [_timed(problem, travel, budget_s, seed) for budget_s in seconds]
            longest_rp = timed[-1].found.totals.objective_rp
            cells = " | ".join(
                f"{_cell(problem, travel, one.found)} "
                f"({100 * (one.found.totals.objective_rp / longest_rp - 1):+.1f} %)"
                for one in timed
            )
            first_s = max(one.first_s for one in timed)
            busy_s = max(one.first_busy_s for one in timed)
            late_s = max(one.late_s for one in timed)
            start = _cell(problem, travel, timed[0].first)
            times = f"{first_s:.2f} | {busy_s:.2f}"
            print(f"| {n} | {seed} | {times} | {start} | {cells} | {late_s:.2f} |", flush=True)


@bench.command()
@click.option("--seconds", multiple=True, type=float, default=(0.5, 5.0, 30.0), show_default=True)
def replan(seconds: tuple[float, ...]) -> None:
    """Print the objective after three hours of a shift of 300 bins, with a truck lost."""
    before, travel = shift(300)
    made = plan(before, travel, Budget(seconds=10), seed=1)
    problem, travel = three_hours_on(before, travel, made)
    urgent = sum(one.must is not None for one in problem.bins)
    print(f"{len(problem.bins)} bins left, {urgent} must be served, one truck lost")
    for budget_s in seconds:
        one = _timed(problem, travel, budget_s, 1)
        print(
            f"{budget_s:g} s: {_cell(problem, travel, one.found)}, first plan after "
            f"{one.first_s:.2f} s: {_cell(problem, travel, one.first)}",
            flush=True,
        )


@dataclass(frozen=True, slots=True)
class _Timed:
    first: Plan
    first_s: float
    #: Processor time.
    first_busy_s: float
    found: Plan
    late_s: float


def _timed(problem: Problem, travel: Travel, budget_s: float, seed: int) -> _Timed:
    first: list[tuple[Plan, float, float]] = []
    began_s, began_busy_s = time.perf_counter(), time.process_time()

    def take_first(made: Plan) -> None:
        first.append((made, time.perf_counter() - began_s, time.process_time() - began_busy_s))

    found = plan(
        problem,
        travel,
        Budget(seconds=budget_s),
        seed=seed,
        on_first=take_first,
    )
    late_s = time.perf_counter() - began_s - budget_s
    return _Timed(*first[0], found, late_s)


def _with_duties(problem: Problem, share: float) -> Problem:
    """Return the problem with a share of its bins made such that must be served."""
    duty = {"must": MustReason.SCHEDULE}
    bins = [
        one.model_copy(update=duty) if int((n + 1) * share) > int(n * share) else one
        for n, one in enumerate(problem.bins)
    ]
    return problem.model_copy(update={"bins": tuple(bins)})


def _cell(problem: Problem, travel: Travel, found: Plan) -> str:
    """Return the objective, with what the checker found and which duties are missed."""
    wrong = len(check(problem, travel, found))
    missed = sum(one.must is not None for one in found.left)
    note = f" ({wrong} violations)" if wrong else ""
    note += f" ({missed} must missed)" if missed else ""
    return f"{found.totals.objective_rp / 1e6:.3f}{note}"


def _ours(data: pyvrp.ProblemData, budget_s: float) -> int:
    problem, travel = _as_shift(data)
    found = plan(problem, travel, Budget(seconds=budget_s), seed=1)
    if wrong := check(problem, travel, found):
        raise SystemExit(f"a plan broke a rule: {wrong[0]}")
    missed = sum(one.prize_rp for one in found.left)
    if any(one.must for one in found.left):
        return sys.maxsize
    return round(found.totals.distance_m + missed)


def _as_shift(data: pyvrp.ProblemData) -> tuple[Problem, Travel]:
    """Put an instance into our terms: a unit of distance is a metre and a rupiah."""
    home = data.depot(0)
    kind = data.vehicle_type(0)
    late_s = min(home.tw_late, _LATE_S)
    place = {"lon": 0.0, "lat": 0.0}
    problem = Problem(
        district="bench",
        shift_start=datetime(2026, 1, 1, tzinfo=UTC),
        timezone="UTC",
        depots=(Depot(code="D", **place),),
        disposal_sites=(
            DisposalSite(
                code="L",
                opening=TimeWindow(from_s=0, to_s=late_s),
                tipping_s=0,
                queue_s_by_hour=(0,) * 24,
                **place,
            ),
        ),
        vehicles=tuple(
            Vehicle(
                code=f"V{number}",
                kind="truck",
                depot="D",
                volume_l=kind.capacity[0],
                payload_kg=1,
                shift=TimeWindow(from_s=0, to_s=late_s),
                max_trips=1,
                rp_per_km=1_000,
                rp_per_hour=0,
            )
            for number in range(min(data.num_vehicles, 200))
        ),
        bins=tuple(
            Bin(
                code=f"B{number}",
                # Far enough apart that none are merged: merging is for neighbours in a street.
                lon=number / 100,
                lat=1.0,
                container="any",
                load_l=client.pickup[0]
                if client.pickup and client.pickup[0]
                else client.delivery[0],
                load_kg=0,
                service_s=client.service_duration,
                windows=(TimeWindow(from_s=client.tw_early, to_s=min(client.tw_late, late_s)),)
                if data.has_time_windows()
                else (),
                prize_rp=float(client.prize),
                must=MustReason.SCHEDULE if client.required else None,
                overflow_probability=1.0,
            )
            for number, client in enumerate(data.clients())
        ),
    )
    at = [home.location, home.location, *(client.location for client in data.clients())]
    metres = data.distance_matrix(0)[np.ix_(at, at)].astype(np.int32)
    seconds = data.duration_matrix(0)[np.ix_(at, at)].astype(np.int32)
    if not data.has_time_windows():
        seconds = np.zeros_like(seconds)
    legs = {"truck": Leg(metres, seconds)}
    points = points_of(problem)
    return problem, Travel.of(points, legs, source="bench", approximate=False)


def _load(client: pyvrp.Client) -> int:
    return max((*client.pickup, *client.delivery), default=0)


@contextmanager
def _peers() -> Iterator[Callable[[str, pyvrp.ProblemData, float], int | None]]:
    """Give a way to ask the peers, each question in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="angkut-bench-") as name:
        folder = Path(name) / "peers"
        python = folder / "bin" / "python"
        uv = Path(sys.executable).with_name("uv")
        if uv.exists():
            subprocess.run([uv, "venv", "--quiet", folder], check=True)
            install = [str(uv), "pip", "install", "--quiet", "--python", str(python), *_PEERS]
        else:
            subprocess.run([sys.executable, "-m", "venv", folder], check=True)
            install = [str(python), "-m", "pip", "install", "--quiet", *_PEERS]
        subprocess.run(install, check=True)

        def ask(peer: str, data: pyvrp.ProblemData, budget_s: float) -> int | None:
            if peer == "vroom" and not all(client.required for client in data.clients()):
                return None  # its priorities are ranks, not money
            question = json.dumps(_question(data, budget_s))
            script = Path(__file__).with_name("planning_peers.py")
            done = subprocess.run(
                [str(python), str(script), peer],
                input=question,
                capture_output=True,
                text=True,
                check=True,
            )
            answer: int | None = json.loads(done.stdout)["cost"]
            return answer

        yield ask


def _question(data: pyvrp.ProblemData, budget_s: float) -> dict[str, Any]:
    clients = data.clients()
    at = [data.depot(0).location, *(client.location for client in clients)]
    late = min(data.depot(0).tw_late, _LATE_S)
    return {
        "seconds": budget_s,
        "matrix": data.distance_matrix(0)[np.ix_(at, at)].tolist(),
        "loads": [_load(client) for client in clients],
        "capacity": data.vehicle_type(0).capacity[0],
        "vehicles": min(data.num_vehicles, 200),
        "prizes": [None if client.required else client.prize for client in clients],
        "service": [client.service_duration for client in clients],
        "windows": [[client.tw_early, min(client.tw_late, late)] for client in clients]
        if data.has_time_windows()
        else None,
        "late": late,
    }


bench.add_command(kim)

if __name__ == "__main__":
    bench()
