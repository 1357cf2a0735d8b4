"""Runs of a comparison: what one is made of, living through it, keeping its days on disk."""

import hashlib
import json
import multiprocessing
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from functools import cache
from importlib.metadata import version
from pathlib import Path

import angkut_sim
from angkut_backend import forecast, planning, roads
from angkut_backend.roads.service import Roads
from angkut_broker.errors import AngkutError
from angkut_infra import comparison
from angkut_infra.comparison.choice import Choice
from angkut_infra.comparison.driven import drive
from angkut_infra.comparison.office import LEARN_DAYS, Office
from angkut_infra.comparison.sensors import Sensors
from angkut_infra.comparison.tally import Day, Tally
from angkut_infra.comparison.town import Containers, Town
from angkut_sim.days import DAY_S, day_number, day_start_s
from angkut_sim.truth import TruthKind
from angkut_sim.world import World

#: A policy drives so long before its days count: it takes over what another left in the bins.
SETTLE_DAYS = 7
_DAY_BEGINS_H = 4


@dataclass(frozen=True, slots=True)
class Run:
    """One policy with one seed. The same run gives the same days."""

    site: Path
    choice: Choice
    seed: int
    days: int
    containers: Containers
    sensors: Sensors
    #: First day, WIB, of the weeks that are learned from.
    start: date
    iterations: int
    roads_dir: Path

    @property
    def name(self) -> str:
        """Return a file name that says what is run, and changes with all that matters."""
        graph = Roads.open(self.roads_dir).graph
        matters = {
            **asdict(self) | {"site": "", "roads_dir": graph and graph.digest},
            "parameters": self.choice.matters(),
            "code": _digest(*_code()),
            "libraries": [version(one) for one in ("numpy", "pyvrp")],
            "pack": _digest(*sorted(self.site.glob("*"))),
        }
        digest = hashlib.sha256(json.dumps(matters, default=str, sort_keys=True).encode())
        label = self.choice.label.replace(":", "-").replace("/", "+")
        return f"{label}.seed{self.seed}.{digest.hexdigest()[:12]}.json"


@cache
def _code() -> tuple[Path, ...]:
    """Return the modules that a run's days follow from."""
    return tuple(
        module
        for package in (comparison, forecast, planning, roads, angkut_sim)
        for module in sorted(Path(package.__path__[0]).rglob("*.py"))
    )


def _digest(*files: Path) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def live(run: Run, progress: Callable[[int, int], None] = lambda _done, _total: None) -> list[Day]:
    """Live through learning, settling and counted days.

    Raises
    ------
    BadPlanError
        The independent checker refused a plan.
    """
    town = Town(run.site, run.containers, run.seed)
    start_s = day_start_s(day_number(run.start)) + _DAY_BEGINS_H * 3600
    office = Office(
        town,
        run.choice,
        seed=run.seed,
        start_s=start_s,
        roads=Roads.open(run.roads_dir),
        iterations=run.iterations,
        sensors=run.sensors,
    )
    world = World(
        town.places, seed=run.seed, start_s=start_s, calendar=town.calendar, policy=office
    )
    tally, days = Tally(), []
    total = LEARN_DAYS + SETTLE_DAYS + run.days
    for number in range(total):
        progress(number, total)
        stretch = world.advance(start_s + (number + 1) * DAY_S)
        office.record.add(stretch)
        if number < LEARN_DAYS:
            continue
        morning = office.mornings.pop()
        taken_l: dict[str, float] = {}
        for event in stretch.happened:
            if event.kind is TruthKind.COLLECTED:
                taken_l[event.bin_code] = taken_l.get(event.bin_code, 0) + event.amount_l
        driven = drive(morning.problem, morning.travel, morning.plan, taken_l)
        days.append(tally.add(number - LEARN_DAYS - SETTLE_DAYS, stretch, morning, driven))
    progress(total, total)
    return days[SETTLE_DAYS:]


def all_days(
    runs: Sequence[Run], folder: Path, jobs: int, progress: Callable[[int, int], None]
) -> dict[Run, list[Day]]:
    """Live through runs in so many processes; those that are on disk are read.

    Raises
    ------
    AngkutError
        The folder cannot be written, or holds what is no run.
    """
    found: dict[Run, list[Day]] = {}
    missing = []
    for run in runs:
        if (file := folder / run.name).exists():
            found[run] = _read(file, run.days)
        else:
            missing.append(run)
    progress(len(found), len(runs))
    for run, days in _lived(missing, jobs):
        _write(folder / run.name, days)
        found[run] = days
        progress(len(found), len(runs))
    return found


def _lived(runs: Sequence[Run], jobs: int) -> Iterator[tuple[Run, list[Day]]]:
    if jobs == 1 or len(runs) < 2:
        for run in runs:
            yield run, live(run)
        return
    # Leaving the block ends the processes, also after Ctrl-C and SIGTERM.
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with multiprocessing.get_context("spawn").Pool(jobs, _leave_interrupts) as pool:
            yield from pool.imap_unordered(_live_named, runs)
    finally:
        signal.signal(signal.SIGTERM, before)


def _live_named(run: Run) -> tuple[Run, list[Day]]:
    return run, live(run)


def _leave_interrupts() -> None:
    """Leave Ctrl-C to the process that waits for this one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _write(file: Path, days: Sequence[Day]) -> None:
    draft = file.with_suffix(".draft")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(json.dumps([asdict(day) for day in days]))
        draft.replace(file)
    except OSError as exc:
        raise AngkutError(f"cannot keep a run in {file}: {exc.strerror}") from exc


def _read(file: Path, count: int) -> list[Day]:
    try:
        days = [Day(**row) for row in json.loads(file.read_bytes())]
    except (OSError, ValueError, TypeError) as exc:
        raise AngkutError(f"{file} is no run of this version ({exc}): remove it") from exc
    if len(days) != count:
        raise AngkutError(f"{file} holds {len(days)} days instead of {count}: remove it")
    return days
