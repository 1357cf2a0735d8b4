"""`angkut simulate world`: the bins without sensors, and the truth about them in a file."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import click

from angkut_backend.registry.site.pack import read_pack
from angkut_broker.errors import AngkutError
from angkut_infra.cli.finite import FiniteRange
from angkut_infra.places import CALENDAR, places_of
from angkut_infra.progress import bar
from angkut_infra.sites import find_site
from angkut_sim.days import DAY_S, Calendar, day_number, day_start_s
from angkut_sim.figures import Figures
from angkut_sim.places import Place
from angkut_sim.policies import PlannedVisits, Policy, Threshold
from angkut_sim.truth import TruthEvent
from angkut_sim.truth_file import TruthFile, TruthRecorder
from angkut_sim.world import STEP_S, World

_ROWS: tuple[tuple[str, Callable[[Figures], str]], ...] = (
    ("waste arrived, m3", lambda f: f"{f.arrived_m3:.1f}"),
    ("  collected", lambda f: f"{f.collected_m3:.1f}"),
    ("  taken by pickers", lambda f: f"{f.picked_m3:.1f}"),
    ("  still there", lambda f: f"{f.left_m3:.1f}"),
    ("emptyings", lambda f: f"{f.emptyings}"),
    ("  partial", lambda f: f"{f.partial}"),
    ("visits that did not happen", lambda f: f"{f.skipped}"),
    ("level when emptied, median %", lambda f: f"{f.fill_pct:.1f}"),
    ("emptied below half, %", lambda f: f"{f.early_pct:.1f}"),
    ("overflow, hours per 100 bin-days", lambda f: f"{f.overflow_h:.1f}"),
    ("litres beside a bin, mean", lambda f: f"{f.beside_l:.1f}"),
)


def read_policy(name: str, places: list[Place]) -> Policy | None:
    """Return a policy by its name on the command line; None is the world's own rounds.

    Raises
    ------
    AngkutError
        When it is neither a known name nor a file.

    """
    if name == "fixed":
        return None
    kind, _, level = name.partition(":")
    if kind == "threshold":
        try:
            at_pct = float(level or Threshold().at_pct)
        except ValueError:
            at_pct = -1.0
        if not 0 < at_pct <= 115:
            raise AngkutError(f"--policy {name}: write threshold:75, a level from 1 to 115 %")
        return Threshold(at_pct=at_pct, along_pct=min(Threshold().along_pct, at_pct))
    if Path(name).suffix != ".json":
        raise AngkutError(
            f"--policy {name}: there are fixed, threshold, threshold:LEVEL and a plan.json"
        )
    return PlannedVisits.read(Path(name), places=places)


@click.command()
@click.option("--days", type=click.IntRange(1, 3660), default=60, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed, same world.")
@click.option(
    "--start",
    type=click.DateTime(["%Y-%m-%d"]),
    default="2026-01-05",
    show_default=True,
    help="First day, WIB.",
)
@click.option(
    "--site",
    default="bekasi-timur",
    show_default=True,
    help="Site pack, or its folder: its bins, its calendar, its streets that go under water.",
)
@click.option(
    "--policy",
    "policies",
    multiple=True,
    default=("fixed",),
    show_default=True,
    metavar="NAME",
    help="fixed: rounds by weekday. threshold or threshold:LEVEL: when sensors report so much. "
    'A file.json: a plan, [{"bin": code, "at": time}, ...]. '
    "May stand several times: all meet the same waste.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the truth here, .npz; of several policies each has its name in the file's.",
)
@click.option(
    "--events",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write here what happened, .csv: emptyings, overflows, floods, bulky items, ...",
)
@click.option(
    "--speed",
    type=FiniteRange(min=0),
    default=0.0,
    show_default=True,
    help="Tell what happens so many times faster than the clock; 1 is real time. "
    "0: as fast as it goes, and tell the totals only.",
)
def world(
    days: int,
    seed: int,
    start: datetime,
    site: str,
    policies: tuple[str, ...],
    out: Path | None,
    events: Path | None,
    speed: float,
) -> None:
    """Let the bins of a site pack live for some days, and tell what was true.

    No sensor, no broker: this is the world that simulated sensors look into. Its truth is kept
    apart from what they report, so that estimates can be scored against it (docs/simulator.md).

    \b
    Examples:
      angkut simulate world --days 60 --seed 7 --out truth.npz --events events.csv
      angkut simulate world --days 56 --policy fixed --policy threshold:70
      angkut simulate world --policy plan.json --days 7 --start 2026-03-16
      angkut simulate world --days 1 --speed 600
    """
    folder = find_site(site)
    places = places_of(read_pack(folder), folder)
    calendar = Calendar.read(folder / CALENDAR)
    start_s = day_start_s(day_number(start.date()))
    columns = []
    for name in policies:
        town = World(
            places,
            seed=seed,
            start_s=start_s,
            calendar=calendar,
            policy=read_policy(name, places),
        )
        recorder = TruthRecorder(seed)
        if speed:
            _watch(town, recorder, start_s + days * DAY_S, speed)
        else:
            _run(town, recorder, days, name)
        truth = recorder.finish()
        label = Path(name).stem.replace(":", "-") if len(policies) > 1 else ""
        _write(truth, _named(out, label), _named(events, label))
        columns.append((name, Figures.of(truth, town)))
    _print(columns, len(places), days, seed)


def _run(town: World, recorder: TruthRecorder, days: int, name: str) -> None:
    start_s = town.at_s
    with bar(f"{name}: days") as progress:
        for day in range(1, days + 1):
            recorder.add(town.advance(start_s + day * DAY_S))
            progress(day, days)


def _watch(town: World, recorder: TruthRecorder, until_s: float, speed: float) -> None:
    """Tell what happens while it happens."""
    began, start_s = time.monotonic(), town.at_s
    while town.at_s < until_s:
        stretch = town.advance(town.at_s + STEP_S)
        recorder.add(stretch)
        for event in stretch.happened:
            click.echo(_told(event))
        time.sleep(max(0.0, (town.at_s - start_s) / speed - (time.monotonic() - began)))


def _told(event: TruthEvent) -> str:
    at = datetime.fromtimestamp(round(event.at_s), UTC).isoformat()
    levels = f"{event.before_pct:5.1f} -> {event.after_pct:5.1f} %"
    litres = f"{event.amount_l:7.1f} l" if event.amount_l else ""
    return f"{at}  {event.bin_code:<14}{event.kind:<13}{levels} {litres} {event.note}".rstrip()


def _named(path: Path | None, label: str) -> Path | None:
    return path.with_stem(f"{path.stem}.{label}") if path and label else path


def _write(truth: TruthFile, out: Path | None, events: Path | None) -> None:
    try:
        if out:
            truth.write(out)
            click.echo(f"truth of {len(truth.codes)} bins: {out}", err=True)
        if events:
            truth.write_events(events)
            click.echo(f"{len(truth.events)} events: {events}", err=True)
    except OSError as exc:
        raise AngkutError(f"cannot write {exc.filename}: {exc.strerror}") from exc


def _print(columns: list[tuple[str, Figures]], bins: int, days: int, seed: int) -> None:
    click.echo(f"{bins} bins, {days} days, seed {seed}")
    click.echo(f"{'':<34}" + "".join(f"{Path(name).name:>16}" for name, _ in columns))
    for what, told in _ROWS:
        click.echo(f"{what:<34}" + "".join(f"{told(figures):>16}" for _, figures in columns))
