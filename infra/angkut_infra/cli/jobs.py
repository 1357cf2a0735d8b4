"""`angkut jobs`: what workers were asked for, how far it is, what came of it."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import click

from angkut_backend.jobs import records, service
from angkut_backend.jobs.records import JobRecord, JobState
from angkut_broker.errors import AngkutError
from angkut_infra.cli.context import actor, database
from angkut_infra.progress import bar

JOB = click.argument("job_id", metavar="JOB", type=click.UUID)

_POLL_S = 0.5
#: What a person may need to do about a phase.
_ADVICE = {
    "no_worker": "no worker runs: start one with `angkut worker`",
    "worker_lost": "its worker is silent; another takes over within a minute, if one runs",
}


@click.group()
def jobs() -> None:
    """See what workers were asked for; cancel it, or ask for it again.

    Plans, forecasts and reports on them wait in a queue until an `angkut worker` takes them.
    """


@jobs.command("list")
@click.option("--kind", help="Only jobs of this kind: plan, replan, forecast, backtest.")
@click.option("--limit", type=click.IntRange(1, records.MAX_JOBS), default=20, show_default=True)
def list_(kind: str | None, limit: int) -> None:
    """List jobs, the newest first."""
    with database() as conn:
        found = records.newest(conn, limit, kind)
    for one in found:
        click.echo(
            f"{one.job_id}  {one.created_at:%Y-%m-%d %H:%M}Z  {one.kind:9} {one.state:10} "
            f"{one.progress:4.0%}  {one.phase:11} {one.author}"
        )
    if not found:
        click.echo("no jobs: `angkut plan make --worker` asks a worker for a plan")


@jobs.command()
@JOB
def show(job_id: UUID) -> None:
    """Print how far JOB is, and what came of it."""
    with database() as conn:
        found = records.get(conn, job_id)
    click.echo(f"{found.job_id}  {found.kind}  {found.state}")
    for name, value in (
        ("phase", f"{found.phase}, {found.progress:.0%}"),
        ("asked by", found.author),
        ("asked at", _time(found.created_at)),
        ("begun at", _time(found.started_at)),
        ("ended at", _time(found.ended_at)),
        ("attempt", found.attempt or None),
        ("retry of", found.retry_of),
        ("order", found.body),
        ("first plan", found.first_plan_id),
        ("plan", found.plan_id),
        ("result", found.result),
        ("failed", found.message),
        ("code", found.code),
    ):
        if value is not None:
            click.echo(f"{name:10} {value}")
    if found.phase in _ADVICE and not found.has_ended:
        click.echo(_ADVICE[found.phase])


@jobs.command()
@JOB
def cancel(job_id: UUID) -> None:
    """End JOB: one that waits never starts, one that runs keeps the best plan so far."""
    with database() as conn:
        service.cancel(conn, job_id, actor=actor(), now=datetime.now(UTC))
        state = records.get(conn, job_id).state
    click.echo(f"{job_id} is {'told to end' if state is JobState.RUNNING else state}")


@jobs.command()
@JOB
def retry(job_id: UUID) -> None:
    """Ask again for what JOB was asked, if it failed or was cancelled; print the new job."""
    with database() as conn:
        again = service.retry(conn, job_id, actor=actor(), now=datetime.now(UTC))
    click.echo(str(again))


@jobs.command("watch")
@JOB
def watch(job_id: UUID) -> None:
    """Show how far JOB is until it ends; Ctrl-C ends the watching, not the job."""
    found = follow(job_id)
    click.echo(f"{found.job_id} is {found.state}")
    for name, plan_id in (("first plan", found.first_plan_id), ("plan", found.plan_id)):
        if plan_id is not None:
            click.echo(f"{name:10} {plan_id}")


def follow(job_id: UUID) -> JobRecord:
    """Show progress until a job ends; return it.

    Raises
    ------
    NotFoundError
        There is none of this id.
    AngkutError
        It failed; says why.
    """
    with bar("done, %") as progress:
        advise = _adviser()
        while True:
            # A connection for each look: it may take ten minutes, and a database may restart.
            with database() as conn:
                found = records.get(conn, job_id)
            progress(round(100 * found.progress), 100)
            if found.has_ended:
                break
            advise(found.phase)
            time.sleep(_POLL_S)
    if found.state is JobState.FAILED:
        raise AngkutError(f"job {job_id} failed: {found.message}")
    return found


def _adviser() -> Callable[[str], None]:
    """Return what says once what a person may need to do."""
    said: set[str] = set()

    def advise(phase: str) -> None:
        if phase in _ADVICE and phase not in said:
            said.add(phase)
            click.echo(_ADVICE[phase], err=True)

    return advise


def _time(at: datetime | None) -> str | None:
    return None if at is None else f"{at:%Y-%m-%d %H:%M:%S}Z"
