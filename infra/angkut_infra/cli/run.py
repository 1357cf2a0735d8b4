"""`angkut up|ingest|api|worker|migrate`: the processes, together and alone."""

import random
from contextlib import suppress
from datetime import UTC, datetime

import click

from angkut_backend.db import connect
from angkut_backend.migrate import migrate as apply_migrations
from angkut_backend.settings import load_settings
from angkut_infra.cli.context import settings
from angkut_infra.cli.process import set_up_logging, stop_by_signal
from angkut_infra.stack.services import SERVICES

#: As in `angkut_backend.work`, which is slow to load.
JOB_QUEUES = ("planning", "forecasts")
QUEUES = ("periodic", *JOB_QUEUES)


@click.command()
def ingest() -> None:
    """Run ingest alone: from MQTT to the database.

    Messages are acknowledged after they are committed; while the database is away they wait at
    the broker. Ctrl-C or SIGTERM ends it after the batch in hand.
    """
    from angkut_backend.ingest.service import Ingest  # noqa: PLC0415 - psycopg, paho: slow to load

    found = settings()
    set_up_logging(found.log_level)
    Ingest(
        found,
        clock=lambda: datetime.now(UTC),
        # Jitter only: nothing secret hangs on it.
        rng=random.Random(),  # noqa: S311
    ).run(stop_by_signal())


@click.command()
def api() -> None:
    """Run the API and the page alone, on api_host and api_port."""
    from angkut_backend.serve import run  # noqa: PLC0415 - FastAPI is slow to load

    run(settings())


@click.command()
@click.option(
    "--queue",
    "queues",
    multiple=True,
    type=click.Choice(QUEUES),
    default=QUEUES,
    show_default=True,
    help="What this worker does; give it more than once.",
)
def worker(queues: tuple[str, ...]) -> None:
    """Run the jobs: those that come round by themselves, plans, forecasts.

    Periodic are quality, roll-ups, retention, alerts and webhooks. Plans and forecasts wait in a
    queue until a worker takes them; each is made in a process of its own. Any number of workers
    may run, on any machine that reaches the database: each job is done by one at a time. Of a
    worker that dies, another takes over the jobs within a minute. Ctrl-C or SIGTERM ends it within
    seconds; a plan that it was making goes back into the queue.
    """
    from angkut_backend.work import run_worker  # noqa: PLC0415 - psycopg is slow to load

    found = settings()
    set_up_logging(found.log_level)
    run_worker(
        found,
        queues,
        stop_by_signal(),
        clock=lambda: datetime.now(UTC),
        # Jitter only: nothing secret hangs on it.
        rng=random.Random(),  # noqa: S311
    )


@click.command()
def migrate() -> None:
    """Bring the database to the schema of this Angkut. Does nothing when it is there."""
    with connect(settings().dsn, application="angkut-migrate") as conn:
        applied, edition = apply_migrations(conn)
    for name in applied:
        click.echo(f"applied {name}")
    click.echo(f"schema is current; {edition.meaning}")


@click.command()
@click.option(
    "--service",
    "services",
    multiple=True,
    type=click.Choice(SERVICES),
    default=SERVICES,
    show_default=True,
    help="What runs beside broker and database; give it more than once.",
)
def up(services: tuple[str, ...]) -> None:
    """Run broker, database, ingest, API and worker together, with one log.

    Needs no root and no Docker. Everything is kept in data_dir (./angkut-data) and found again
    at the next start. If a DSN is configured, that database is used. Ctrl-C stops all of it.
    """
    from angkut_infra.stack.stack import EmbeddedStack  # noqa: PLC0415 - only here

    loaded = load_settings()
    stack = EmbeddedStack(loaded.settings.data_dir, loaded=loaded, services=services)
    with suppress(KeyboardInterrupt), stack:  # to be told to stop while it starts is no fault
        click.echo(f"page   {stack.api_url}")
        click.echo(f"broker mqtt://{stack.broker.host}:{stack.broker.port}")
        click.echo("stop with Ctrl-C")
        stack.run_until_stopped()
