"""`angkut plan`: which bins today, by whom, in which order."""

from datetime import UTC, datetime
from unicodedata import category
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import click

from angkut_backend.planning import decisions, records, service
from angkut_backend.planning.difference import difference
from angkut_backend.planning.ordering import PlanIn, order_plan
from angkut_backend.planning.plan_document import Plan, StepKind
from angkut_backend.planning.policies import Policy, PolicyParameters
from angkut_backend.planning.records import PlanRecord
from angkut_backend.planning.rounds import INVENTED_NOTE, are_invented
from angkut_backend.planning.service import PlanOrder, find_district
from angkut_backend.planning.shifts import next_day
from angkut_backend.roads.service import Roads
from angkut_broker.errors import AngkutError
from angkut_infra.cli.context import actor, database, settings
from angkut_infra.cli.jobs import JOB, follow
from angkut_infra.cli.plan_driven import driven
from angkut_infra.cli.plan_export import export_plan
from angkut_infra.cli.plan_replan import print_difference, replan
from angkut_infra.cli.plan_search import budget_of, search_options, searching

_PLAN = click.argument("plan_id", metavar="PLAN", type=click.UUID)


@click.group()
def plan() -> None:
    """Plan a shift: which bins, by whom, in which order. Plans are kept and never changed.

    A plan that breaks a rule is kept too, but cannot be published.
    """


plan.add_command(driven)
plan.add_command(export_plan)
plan.add_command(replan)


@plan.command()
@click.option(
    "--day",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Of the shift, local [the next that has not begun].",
)
@click.option(
    "--policy",
    type=click.Choice([str(one) for one in Policy]),
    default=str(Policy.INTEGRATED),
    show_default=True,
)
@search_options(seconds=20)
@click.option("--district", "code", help="Code of the district, if there is more than one.")
@click.option(
    "--worker", is_flag=True, help="Leave it to a worker; print the job for `angkut plan watch`."
)
def make(
    day: datetime | None,
    policy: str,
    seconds: float,
    iterations: int | None,
    seed: int,
    code: str | None,
    *,
    worker: bool,
) -> None:
    """Make a plan from what is known at this moment, here and now: no worker is needed."""
    if worker:
        click.echo(str(_ask_worker(day, policy, seconds, iterations, seed, code)))
        return
    budget = budget_of(seconds, iterations)
    roads = Roads.open(settings().roads_folder)
    now = datetime.now(UTC)
    with database() as conn, searching() as watch:
        district = find_district(conn, code)
        order = PlanOrder(
            day=day.date() if day else next_day(district, now),
            policy=Policy(policy),
            parameters=PolicyParameters(),
            budget=budget,
            seed=seed,
        )

        made = service.make(
            conn,
            district,
            order,
            roads,
            uuid4(),
            actor=actor(),
            now=now,
            watch=watch,
            on_first=lambda first: click.echo(f"first plan: {_sums(first)}", err=True),
        )
    _print(made)


def _ask_worker(
    day: datetime | None,
    policy: str,
    seconds: float,
    iterations: int | None,
    seed: int,
    code: str | None,
) -> UUID:
    now = datetime.now(UTC)
    with database() as conn:
        district = find_district(conn, code)
        order = PlanIn(
            day=day.date() if day else next_day(district, now),
            policy=Policy(policy),
            seconds=None if iterations is not None else seconds,
            iterations=iterations,
            seed=seed,
            district=code,
        )
        return order_plan(conn, order, author=actor(), now=now)


@plan.command("watch")
@JOB
def watch_job(job_id: UUID) -> None:
    """Show how far JOB is until it ends, then its plan; Ctrl-C ends the watching, not the job."""
    found = follow(job_id)
    if found.plan_id is None:
        raise AngkutError(f"job {job_id} ({found.kind}) is {found.state} and made no plan")
    with database() as conn:
        _print(records.get(conn, found.plan_id))


@plan.command("list")
@click.option("--limit", type=click.IntRange(1, records.MAX_PLANS), default=20, show_default=True)
def list_(limit: int) -> None:
    """List plans, the newest first."""
    with database() as conn:
        found = records.list_plans(conn, limit)
    for one in found:
        state = one.state or ("breaks rules" if one.violations else "made")
        click.echo(
            f"{one.plan_id}  {one.shift_start:%Y-%m-%d %H:%M}Z  {one.policy:16}  {state:12}  "
            f"{one.totals.stops:4} stops  {one.totals.distance_m / 1000:7.1f} km  {one.author}"
        )
    if not found:
        click.echo("no plans: `angkut plan make` makes one")


@plan.command()
@_PLAN
def show(plan_id: UUID) -> None:
    """Print the routes of PLAN, and why the bins that stay stay."""
    with database() as conn:
        _print(records.get(conn, plan_id))


@plan.command()
@_PLAN
@click.argument("other", metavar="OTHER", type=click.UUID)
def compare(plan_id: UUID, other: UUID) -> None:
    """Print what changes from PLAN to OTHER: bins, kilometres, minutes, risk."""
    with database() as conn:
        found = difference(records.get(conn, plan_id), records.get(conn, other))
    print_difference(found)


@plan.command()
@_PLAN
def accept(plan_id: UUID) -> None:
    """Say that PLAN is good; it is in force when it is published."""
    with database() as conn:
        decisions.accept(conn, plan_id, actor=actor(), now=datetime.now(UTC))
    click.echo(f"{plan_id} is accepted")


@plan.command()
@_PLAN
def publish(plan_id: UUID) -> None:
    """Put PLAN in force; one of the same shift that is in force is withdrawn."""
    with database() as conn:
        replaced = decisions.publish(conn, plan_id, actor=actor(), now=datetime.now(UTC))
    click.echo(f"{plan_id} is published")
    for other in replaced:
        click.echo(f"{other} is withdrawn")


@plan.command()
@_PLAN
@click.option("--note", default="", help="Why, up to 500 characters.")
def withdraw(plan_id: UUID, note: str) -> None:
    """Take PLAN out of force for good."""
    if len(note) > decisions.MAX_NOTE:
        raise AngkutError(f"--note: {len(note)} characters, at most {decisions.MAX_NOTE}")
    if any(category(one) == "Cc" for one in note):
        raise AngkutError(f"--note {note!r}: leave out line breaks and other control characters")
    with database() as conn:
        decisions.withdraw(conn, plan_id, actor=actor(), now=datetime.now(UTC), note=note)
    click.echo(f"{plan_id} is withdrawn")


def _print(made: PlanRecord) -> None:
    zone = ZoneInfo(made.timezone)
    click.echo(f"{made.plan_id}  {made.policy}  {made.state or 'made'}")
    click.echo(f"shift {made.shift_start.astimezone(zone):%Y-%m-%d %H:%M} {made.timezone}")
    click.echo(_sums(made.plan))
    if made.plan.provenance.approximate:
        click.echo("approximate: no road network, straight lines times a factor")
    _print_trust(made)
    for route in made.plan.routes:
        click.echo(f"\n{route.vehicle}")
        for step in route.steps:
            at = made.problem.moment(step.begin_s)
            load = f"{step.load_l:6} l" if step.kind is StepKind.STOP else ""
            click.echo(f"  {at:%H:%M}  {step.kind:6}  {step.code:16} {load}".rstrip())
    left = [one for one in made.plan.left if one.must or one.prize_rp > 0]
    if left:
        click.echo("\nstay, though there is a reason to serve them")
    for one in left:
        must = f", must: {one.must}" if one.must else ""
        click.echo(f"  {one.bin:16} {one.reason}{must}")
    for note in made.plan.notes:
        click.echo(note.text)
    for wrong in made.violations:
        click.echo(f"breaks a rule: {wrong.where}: {wrong.code}, {wrong.detail}")


def _print_trust(made: PlanRecord) -> None:
    for area in made.data_trust:
        if area["is_fixed"] and made.policy is not Policy.FIXED:
            click.echo(
                f"{area['name']}: levels of {area['trusted']} of {area['bins']} bins are trusted; "
                "it keeps its fixed round, and the day is not treated"
            )
    if are_invented(made.parameters, made.data_trust):
        click.echo(INVENTED_NOTE)


def _sums(made: Plan) -> str:
    sums = made.totals
    return (
        f"{sums.stops} stops, {sums.vehicles} vehicles, {sums.trips} trips, "
        f"{sums.distance_m / 1000:.1f} km, {sums.load_kg / 1000:.1f} t, {len(made.left)} bins stay"
    )
