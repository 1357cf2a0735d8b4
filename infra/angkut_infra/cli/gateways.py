"""`angkut gateways`: who may speak for many devices, and how they are."""

from datetime import UTC, datetime, timedelta

import click

from angkut_backend.gateways import service
from angkut_backend.registry.service import is_device_id
from angkut_broker.credentials import new_secret, verifiers
from angkut_broker.topics import ID_PATTERN
from angkut_infra.cli.context import actor, database, settings


@click.group()
def gateways() -> None:
    """Add gateways, and see how they are."""


@gateways.command()
@click.argument("name")
def add(name: str) -> None:
    """Register a gateway and print the start of its settings file.

    The password is shown once and not kept. `angkut devices rotate` gives it another one,
    `angkut devices retire` ends it.

    \b
    Example:
      angkut gateways add gw-tps-04
    """
    found = settings()
    if not is_device_id(name):
        raise click.BadParameter(f"must match {ID_PATTERN}", param_hint="NAME")
    if name in {found.mqtt_username, found.mqtt_worker_username}:
        raise click.BadParameter("is the name of a part of the server", param_hint="NAME")
    secret = new_secret()
    with database() as conn:
        topic = service.add_gateway(conn, name, verifiers(secret), actor=actor())
    click.echo("# angkut-edge.toml; the password is shown once")
    click.echo(f'gateway = "{name}"\ncity = "{topic.city}"\narea = "{topic.area}"\n')
    click.echo(f'[upstream]\nhost = "{found.mqtt_host}"\nport = {found.mqtt_port}')
    click.echo(f'password = "{secret}"\n')
    click.echo('[[sources]]\nname = "chirpstack"\nenvelope = "chirpstack"\nhost = "127.0.0.1"')


@gateways.command("list")
def list_() -> None:
    """List every gateway: connection, devices behind it, what waits, what is in its way."""
    with database() as conn:
        rows = service.list_gateways(conn)
    now = datetime.now(UTC)
    for row in rows:
        state = {True: "online", False: "offline", None: "-"}[row.online]
        click.echo(
            f"{row.id:24} {'retired' if row.retired_at else state:8} {row.devices:5} devices"
        )
        if row.seen_at is not None and row.spool_bytes is not None:
            oldest = f", the oldest for {_ago(now - row.oldest_at)}" if row.oldest_at else ""
            click.echo(f"  {_ago(now - row.seen_at)} ago: {row.queued} wait{oldest}")
            for reason, n in (row.dropped or {}).items():
                click.echo(f"  gave up {n} items ({reason})")
            for trouble, since in (row.troubles or {}).items():
                click.secho(f"  {trouble} since {since}", fg="yellow")
    if not rows:
        click.echo("no gateways; add one with `angkut gateways add`")


def _ago(span: timedelta) -> str:
    minutes = max(0, int(span.total_seconds() // 60))
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 72 * 60 else f"{minutes // 1440} days"
