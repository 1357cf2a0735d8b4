"""`angkut webhooks`: addresses that are told of alerts."""

from datetime import UTC, datetime

import click

from angkut_backend.alerts import webhooks as service
from angkut_backend.alerts.outbound import Sender
from angkut_backend.alerts.rules import Kind
from angkut_infra.cli.context import actor, database, settings


@click.group()
def webhooks() -> None:
    """Tell other programs of alerts: signed messages to addresses of yours."""


@webhooks.command()
@click.argument("url")
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice([str(kind) for kind in Kind]),
    help="Only alerts of this kind; give it more than once. Default: all.",
)
def add(url: str, kinds: tuple[str, ...]) -> None:
    """Add an address and print the secret that signs; it is shown once.

    \b
    Example:
      angkut webhooks add https://example.org/angkut --kind fire --kind overflowing
    """
    with database() as conn:
        webhook_id, secret = service.add(
            conn, url, [Kind(kind) for kind in kinds], actor=actor(), now=datetime.now(UTC)
        )
    click.echo(f"webhook {webhook_id}\nsecret  {secret}   (shown once)")
    click.echo(f"try it: angkut webhooks test {webhook_id}")


@webhooks.command("list")
def list_() -> None:
    """List the addresses: kinds, what waits, how the last try went."""
    with database() as conn:
        rows = service.list_all(conn)
    for row in rows:
        last = f"{row.tried_at:%Y-%m-%d %H:%M:%SZ} {row.result}" if row.tried_at else "never tried"
        click.echo(f"{row.webhook_id:4}  {row.url}")
        click.echo(
            f"      {', '.join(row.kinds or ['all kinds'])}; {row.waiting} waiting, "
            f"{row.failures} failures in a row; {last}"
        )
    if not rows:
        click.echo("no webhooks; add one with `angkut webhooks add URL`")


@webhooks.command()
@click.argument("webhook_id", type=int)
def remove(webhook_id: int) -> None:
    """Tell an address no more; what waits for it is given up."""
    with database() as conn:
        service.remove(conn, webhook_id, actor=actor(), now=datetime.now(UTC))
    click.echo(f"webhook {webhook_id} is removed")


@webhooks.command()
@click.argument("webhook_id", type=int)
def test(webhook_id: int) -> None:
    """Send a message of type `test` at once, and say how it went."""
    sender = Sender(allow_private=settings().webhooks_allow_private)
    with database() as conn:
        sent = service.send_test(conn, webhook_id, sender, datetime.now(UTC))
    click.echo(f"{'delivered' if sent.is_delivered else 'not delivered'}: {sent.result}")
    if not sent.is_delivered:
        raise SystemExit(1)
