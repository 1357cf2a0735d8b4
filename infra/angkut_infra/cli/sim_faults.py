"""Faults of simulated devices on the command line: their list, and the options that switch them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from angkut_sim.fault_plan import FaultPlan
from angkut_sim.faults import CATALOGUE, Spec


def fault_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `--faults`, `--fault` and `--no-fault`; `plan_of` reads them."""
    for option in (
        click.option(
            "--no-fault",
            "faults_off",
            multiple=True,
            metavar="NAME",
            help="Switch a fault off; may stand several times. `all` switches every one off.",
        ),
        click.option(
            "--fault",
            "fault_rates",
            multiple=True,
            metavar="NAME=RATE",
            help="Set the rate of a fault, such as stuck=0.02; may stand several times.",
        ),
        click.option(
            "--faults",
            "fault_file",
            type=click.Path(dir_okay=False, exists=True, path_type=Path),
            help="A TOML file with a table [faults]: stuck = 0.02, spike = false.",
        ),
    ):
        command = option(command)
    return command


def plan_of(
    fault_file: Path | None, fault_rates: tuple[str, ...], faults_off: tuple[str, ...]
) -> FaultPlan:
    """Return the plan that the options ask for: the file, then `all` off, then single ones."""
    plan = FaultPlan.load(fault_file) if fault_file else FaultPlan.street()
    if "all" in faults_off:
        plan = FaultPlan.none()
    return plan.changed(fault_rates, (name for name in faults_off if name != "all"))


@click.command()
@fault_options
def faults(
    fault_file: Path | None, fault_rates: tuple[str, ...], faults_off: tuple[str, ...]
) -> None:
    """List the faults of simulated devices: name, rate, what it is, where the rate is from.

    With options it shows what a run with the same options would do.

    \b
    Example:
      angkut simulate faults --no-fault spike --fault stuck=0.02
    """
    plan = plan_of(fault_file, fault_rates, faults_off)
    width = max(map(len, CATALOGUE))
    for fault, spec in CATALOGUE.items():
        rate = plan.rate(fault)
        shown = f"{rate:g} {spec.unit}{_lasting(spec)}" if rate else "off"
        click.echo(f"{fault:<{width}}  {shown}")
        click.echo(f"{'':<{width}}    {spec.what} ({spec.source})")


def _lasting(spec: Spec) -> str:
    if not spec.median_h:
        return ""
    return f", for {spec.median_h:g} h (median)"
