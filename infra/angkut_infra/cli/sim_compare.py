"""`angkut simulate compare`: policies side by side in the simulated district."""

import os
from datetime import datetime
from pathlib import Path

import click

from angkut_backend.planning.policies import Policy
from angkut_infra.cli.context import settings
from angkut_infra.comparison.chart import BAR_PCT
from angkut_infra.comparison.choice import Choice
from angkut_infra.comparison.report import LEGEND, findings, table, write
from angkut_infra.comparison.runs import Run, all_days
from angkut_infra.comparison.sensors import Sensors
from angkut_infra.comparison.town import Containers
from angkut_infra.comparison.verdict import Row
from angkut_infra.progress import bar
from angkut_infra.sites import find_site


@click.command()
@click.option("--weeks", type=click.IntRange(1, 104), help="Weeks that count.  [default: 8]")
@click.option("--days", type=click.IntRange(1, 730), help="Days that count, instead of --weeks.")
@click.option(
    "--seed",
    "seeds",
    type=click.IntRange(0, 2**31 - 1),
    multiple=True,
    default=(1,),
    show_default=True,
    help="People, waste, weather, crews' luck and faults. May stand several times.",
)
@click.option(
    "--policy",
    "names",
    multiple=True,
    metavar="NAME[:KNOB]",
    help="fixed:30 (rounds planned for 30 % full), fixed:30/50 (50 % for containers that need a "
    "trip each), fixed:2d (every second day), fixed:weekdays, threshold:70, threshold_routed:70, "
    "integrated:500000 (rupiah an overflow). May stand several times.  [default: all four]",
)
@click.option("--curve", is_flag=True, help="Each policy over the range of its knob, too.")
@click.option(
    "--containers",
    type=click.Choice([one.value for one in Containers]),
    default=Containers.GRONINGEN.value,
    show_default=True,
    help="drawn: as the simulator draws fill rates; many bins are full within a day. two-days: no "
    "bin gets more than it holds in two days. groningen: the same, and the mean bin fills as fast "
    "as in the study that the service level of 99.5 % comes from.",
)
@click.option(
    "--sensors",
    type=click.Choice([one.value for one in Sensors]),
    default=Sensors.USUAL.value,
    show_default=True,
    help="What fails: usual is silence, stuck and late sensors and outliers as in real records.",
)
@click.option(
    "--start",
    type=click.DateTime(["%Y-%m-%d"]),
    default="2026-06-01",
    show_default=True,
    help="First of the 28 days that forecasts learn from; 7 days settle, then days count.",
)
@click.option("--site", default="bekasi-timur", show_default=True, help="Site pack, or its folder.")
@click.option(
    "--iterations",
    type=click.IntRange(0, 100_000),
    default=1_000,
    show_default=True,
    help="Of the search for each plan.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 64),
    default=min(os.cpu_count() or 1, 4),
    show_default=True,
    help="Processes.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Folder for the table, CSV files, the curve and, in `runs`, what is done already.",
)
def compare(
    weeks: int | None,
    days: int | None,
    seeds: tuple[int, ...],
    names: tuple[str, ...],
    curve: bool,
    containers: str,
    sensors: str,
    start: datetime,
    site: str,
    iterations: int,
    jobs: int,
    out: Path,
) -> None:
    """Drive the simulated district under several policies and compare what it took.

    All policies meet the same waste, sensor faults and crews' luck, and have the same vehicles,
    forecasts and planner; they differ in which bins a plan may or must serve. Compare policies at
    an equal service level, never a single figure alone: that is what --curve is for.

    What is done stays in the folder: after Ctrl-C the same command goes on where it was.

    \b
    Examples:
      angkut simulate compare --weeks 8 --seed 1 --out comparison
      angkut simulate compare --weeks 8 --seed 1 --seed 2 --seed 3 --curve --out comparison
      angkut simulate compare --days 3 --policy fixed:2d --policy integrated --out try
    """
    if weeks and days:
        raise click.UsageError("--weeks and --days exclude each other")
    folder = find_site(site)
    choices = [Choice.read(name) for name in names or list(Policy)]
    if curve:
        wanted = dict.fromkeys(choice.policy for choice in choices)
        choices += [one for policy in wanted for one in Choice.curve(policy)]
    choices = list(dict.fromkeys(choices))
    runs = {
        (choice, seed): Run(
            site=folder,
            choice=choice,
            seed=seed,
            days=days or 7 * (weeks or 8),
            containers=Containers(containers),
            sensors=Sensors(sensors),
            start=start.date(),
            iterations=iterations,
            roads_dir=settings().roads_folder,
        )
        # Seed by seed: what is done after an interruption can be compared.
        for seed in dict.fromkeys(seeds)
        for choice in choices
    }
    try:
        with bar("runs") as progress:
            lived = all_days(list(runs.values()), out / "runs", jobs, progress)
    except KeyboardInterrupt:
        click.echo(f"stopped; the same command goes on with what is in {out / 'runs'}", err=True)
        raise
    rows = [
        Row.of(choice, {seed: lived[run] for (one, seed), run in runs.items() if one == choice})
        for choice in choices
    ]
    rows.sort(key=lambda row: (list(Policy).index(row.choice.policy), row.figures.km))
    told = ", ".join(str(seed) for seed in dict.fromkeys(seeds))
    title = f"{rows[0].figures.days // len(set(seeds))} days, seeds {told}, {containers}, {sensors}"
    text = "\n".join([title, "", table(rows), "", LEGEND, "", *findings(rows, BAR_PCT), ""])
    click.echo(text)
    for file in write(rows, out, text, f"{folder.name}: {title}"):
        click.echo(f"{file}", err=True)
