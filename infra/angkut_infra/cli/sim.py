"""`angkut simulate`: simulated sensors over real MQTT."""

import signal
import threading
from datetime import datetime
from pathlib import Path

import click

from angkut_infra.cli.context import settings
from angkut_infra.cli.finite import FiniteRange
from angkut_infra.cli.sim_compare import compare
from angkut_infra.cli.sim_faults import fault_options, faults, plan_of
from angkut_infra.cli.sim_world import read_policy, world
from angkut_infra.places import CALENDAR
from angkut_infra.progress import bar
from angkut_infra.sites import find_site
from angkut_sim.backfill import backfill as publish_history
from angkut_sim.days import Calendar
from angkut_sim.fleet_file import BrokerAddress, FleetFile
from angkut_sim.live import live as report_live
from angkut_sim.simulation import place_of
from angkut_sim.truth_file import TruthRecorder

_FLEET = click.option(
    "--fleet",
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    required=True,
    help="fleet.json: the devices and their credentials, as `angkut demo` writes it.",
)
_STATE = click.option(
    "--state",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="Where the simulated world is kept, so that the next run goes on from it.",
)
_SEED = click.option(
    "--seed", type=int, default=1, show_default=True, help="The same seed gives the same world."
)
_SITE = click.option(
    "--site",
    default="bekasi-timur",
    show_default=True,
    help="Site pack, or its folder, whose calendar holds: Ramadan, Lebaran, holidays.",
)


@click.group()
def simulate() -> None:
    """Simulated bins and sensors: a town alone, its history, live; policies compared in it."""


simulate.add_command(faults)
simulate.add_command(world)
simulate.add_command(compare)


@simulate.command()
@_FLEET
@_STATE
@_SEED
@_SITE
@click.option("--start", type=click.DateTime(["%Y-%m-%dT%H:%M:%S%z"]), required=True)
@click.option("--end", type=click.DateTime(["%Y-%m-%dT%H:%M:%S%z"]), required=True)
@click.option("--interval-s", type=click.IntRange(1, 86_400), default=1800, show_default=True)
@click.option(
    "--policy",
    default="fixed",
    show_default=True,
    metavar="NAME",
    help="When trucks come: fixed, threshold, threshold:LEVEL or a plan.json, as of `sim world`.",
)
@click.option(
    "--truth",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write here what was true in the bins, .npz, to score estimates against.",
)
def backfill(
    fleet: Path,
    state: Path,
    seed: int,
    site: str,
    start: datetime,
    end: datetime,
    interval_s: int,
    policy: str,
    truth: Path | None,
) -> None:
    """Publish the history from --start to --end, in batches.

    \b
    Example:
      angkut simulate backfill --fleet fleet.json --state world.json \\
        --start 2026-01-01T00:00:00Z --end 2026-01-29T00:00:00Z --truth truth.npz
    """
    devices = FleetFile.load(fleet)
    recorder = TruthRecorder(seed)
    with bar("publishing") as progress:
        report = publish_history(
            devices,
            broker(),
            start=start,
            end=end,
            interval_s=interval_s,
            seed=seed,
            on_progress=progress,
            state_path=state,
            calendar=Calendar.read(find_site(site) / CALENDAR),
            policy=read_policy(policy, [place_of(device) for device in devices.devices]),
            on_truth=recorder.add if truth else lambda _stretch: None,
        )
    if truth:
        recorder.finish().write(truth)
    click.echo(
        f"{report.published_readings} readings in {report.published_messages} messages, "
        f"{report.elapsed_s:.0f} s"
    )


@simulate.command()
@_FLEET
@_STATE
@_SEED
@_SITE
@click.option(
    "--every-s",
    type=FiniteRange(min=0.1),
    default=20.0,
    show_default=True,
    help="Seconds between two readings of a device.",
)
@click.option(
    "--speed",
    type=FiniteRange(min=0),
    default=60.0,
    show_default=True,
    help="How much faster than the clock the bins fill; 60: a minute is an hour.",
)
@click.option(
    "--labels",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Add here, at the end, which fault was at which device when: one JSON object a line.",
)
@fault_options
def live(
    fleet: Path,
    state: Path,
    seed: int,
    site: str,
    every_s: float,
    speed: float,
    labels: Path | None,
    fault_file: Path | None,
    fault_rates: tuple[str, ...],
    faults_off: tuple[str, ...],
) -> None:
    """Report live until Ctrl-C. Readings bear the real time; the world runs faster.

    Devices err and obey as real ones do: `angkut simulate faults` tells how.

    \b
    Example:
      angkut simulate live --fleet fleet.json --state world.json --labels faults.jsonl \\
        --no-fault spike --fault stuck=0.02
    """
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    report_live(
        FleetFile.load(fleet),
        broker(),
        seed=seed,
        state_path=state,
        stop=stop,
        report_every_s=every_s,
        speed=speed,
        calendar=Calendar.read(find_site(site) / CALENDAR),
        faults=plan_of(fault_file, fault_rates, faults_off),
        labels_path=labels,
    )


def broker() -> BrokerAddress:
    """Return where the simulated devices connect: the broker of the settings."""
    found = settings()
    return BrokerAddress(
        found.mqtt_host, found.mqtt_port, found.mqtt_ca_file if found.mqtt_tls else None
    )
