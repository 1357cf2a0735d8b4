"""`angkut dead-letters`: what was refused, and why."""

import click

from angkut_backend.ingest.dead_letters import count, list_latest
from angkut_broker.errors import Reason
from angkut_infra.cli.context import database


@click.group("dead-letters")
def dead_letters() -> None:
    """See what was refused, and why. Nothing that arrives vanishes: it is stored or it is here."""


@dead_letters.command("count")
def count_() -> None:
    """Count the dead letters by reason."""
    with database() as conn:
        rows = count(conn)
    for row in rows:
        click.echo(f"{row.n:8}  {row.reason:22} last {row.last_at:%Y-%m-%d %H:%M:%SZ}")
    if not rows:
        click.echo("no dead letters")


@dead_letters.command("list")
@click.option("--reason", type=click.Choice([str(reason) for reason in Reason]))
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
def list_(reason: str | None, limit: int) -> None:
    """List the newest dead letters: time, reason, topic, what was wrong, the payload's start."""
    with database() as conn:
        letters = list_latest(conn, reason=reason, limit=limit)
    for letter in letters:
        click.secho(f"{letter.received_at:%Y-%m-%d %H:%M:%SZ}  {letter.reason}", bold=True)
        click.echo(f"  topic   {letter.topic}\n  wrong   {letter.detail}")
        click.echo(f"  payload {letter.payload[:160]!r} ({len(letter.payload)} bytes)")
    if not letters:
        click.echo("no dead letters")
