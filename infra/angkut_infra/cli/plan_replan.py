"""`angkut plan replan`: a plan from another one and what a person changes in it."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID, uuid4

import click

from angkut_backend.planning import records, service
from angkut_backend.planning.difference import ChangeKind, Difference, difference
from angkut_backend.roads.service import Roads
from angkut_infra.cli.context import actor, database, settings
from angkut_infra.cli.plan_changes import changes_of
from angkut_infra.cli.plan_search import budget_of, search_options, searching

_Command = TypeVar("_Command", bound=Callable[..., Any])


def _many(name: str, metavar: str, text: str) -> Callable[[_Command], _Command]:
    return click.option(name, metavar=metavar, multiple=True, help=text)


@click.command()
@click.argument("plan_id", metavar="PLAN", type=click.UUID)
@_many("--lock", "BIN=VEHICLE[@POSITION]", "Serve BIN by VEHICLE, perhaps as its first, second, …")
@_many("--forbid", "BIN", "Leave BIN.")
@_many("--force", "BIN", "Serve BIN, whatever the policy says.")
@_many("--complaint", "BIN", "The same, because somebody complained.")
@_many("--hours", "BIN=FROM-TO", "BIN can be reached at these local times only: 10:00- or -07:30.")
@_many("--unlock", "BIN", "Take back all that was said of BIN before.")
@_many("--fix", "VEHICLE=STOPS", "The first STOPS of VEHICLE stay as they are; 0: none.")
@_many("--without", "VEHICLE", "VEHICLE does not drive, or not on.")
@_many("--again", "VEHICLE", "VEHICLE drives again.")
@_many("--queue", "SITE=MINUTES", "At SITE one waits so much longer than usual; 0: as usual.")
@click.option("--at", metavar="TIME", help="Replan in the shift, from this local time on: 09:30.")
@_many("--truck", "VEHICLE=LON,LAT[,KG[,L]]", "Where VEHICLE is then, and what it carries.")
@_many("--served", "VEHICLE=BIN,BIN", "What VEHICLE has served until then.")
@click.option("--fresh", is_flag=True, help="Read levels anew; with --at they always are.")
@click.option(
    "--changes",
    "file",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Changes as JSON, as in POST /api/plans/{id}/replan; options come on top.",
)
@search_options(seconds=10)
def replan(
    plan_id: UUID,
    file: Path | None,
    seconds: float,
    iterations: int | None,
    seed: int,
    **options: Any,  # noqa: ANN401 - one for each way to change a plan
) -> None:
    """Make a plan from PLAN and what you change in it; PLAN stays as it is.

    What was changed before holds until --unlock. Before the shift it rests on the levels that
    PLAN knew, so that what you do not change stays. With --at it takes over in the middle of
    the shift: vehicles that are not reported with --truck or --served are where PLAN says.

    \b
    Examples:
      angkut plan replan 6b1f3a52-... --lock "BKS-BT-0012=B 9001 KQA@1" --forbid BKS-BT-0040
      angkut plan replan 6b1f3a52-... --without "B 9001 KQA"
      angkut plan replan 6b1f3a52-... --at 09:30 --complaint BKS-BT-0099 --queue TPA=45
    """
    budget = budget_of(seconds, iterations)
    roads = Roads.open(settings().roads_folder)
    with database() as conn, searching() as watch:
        parent = records.get(conn, plan_id)
        changes = changes_of(file, options, parent.problem)

        made = service.replan(
            conn,
            plan_id,
            changes,
            budget,
            seed,
            roads,
            uuid4(),
            actor=actor(),
            now=datetime.now(UTC),
            watch=watch,
        )
    click.echo(f"{made.plan_id}  {made.policy}  from {plan_id}")
    print_difference(difference(parent, made))
    for note in made.plan.notes:
        click.echo(note.text)
    for left in made.plan.left:
        if left.must:
            click.echo(f"stays    {left.bin}  {left.reason}, must: {left.must}")
    for wrong in made.violations:
        click.echo(f"breaks a rule: {wrong.where}: {wrong.code}, {wrong.detail}")


def print_difference(found: Difference) -> None:
    """Print each bin that changes with what it costs, each vehicle, and the sums."""
    for one in found.changes:
        where = {
            ChangeKind.ADDED: f"by {one.to_vehicle}",
            ChangeKind.DROPPED: f"from {one.from_vehicle}: {one.reason}",
            ChangeKind.MOVED: f"from {one.from_vehicle} to {one.to_vehicle}",
            ChangeKind.REORDERED: f"on {one.to_vehicle}",
        }[one.kind]
        risk = f", {one.overflows:+.2f} overflows" if one.overflows else ""
        click.echo(f"{one.kind:9} {one.bin:16} {where}  ({one.cost_rp:+.0f} Rp{risk})")
    if found.served:
        click.echo(f"served until it takes over: {len(found.served)} bins")
    for vehicle in found.vehicles:
        sums = vehicle.sums
        click.echo(
            f"{vehicle.vehicle:16} {sums.distance_m / 1000:+.1f} km, "
            f"{sums.duration_s / 60:+.0f} min, {sums.stops:+d} stops, {sums.trips:+d} trips"
        )
    click.echo(
        f"{found.distance_m / 1000:+.1f} km, {found.duration_s / 60:+.0f} min, "
        f"{found.trips:+d} trips, {found.cost_rp:+.0f} Rp, {found.overflows:+.1f} overflows "
        f"expected, {found.missed_must:+d} bins that must be served and are not"
    )
