"""`angkut accounts`: people who may sign in."""

import click

from angkut_backend.accounts import service
from angkut_backend.accounts.service import Role
from angkut_infra.cli.context import actor, database

_PASSWORD = click.option(
    "--password",
    prompt=True,
    hide_input=True,
    confirmation_prompt=True,
    envvar="ANGKUT_NEW_PASSWORD",
    help="Asked for when not given; better not given on the command line.",
)


@click.group()
def accounts() -> None:
    """Add, list and change the accounts of people."""


@accounts.command()
@click.argument("username")
@click.option("--role", type=click.Choice([str(role) for role in Role]), required=True)
@click.option("--name", "display_name", help="Name on the screen. Default: the username.")
@_PASSWORD
def add(username: str, role: str, display_name: str | None, password: str) -> None:
    """Add an account.

    \b
    admin       everything, also accounts and devices
    dispatcher  plans and changes
    driver      his own route
    technician  mounts sensors, with a phone at the bin
    evaluator   reads everything that an evaluation needs
    viewer      sees the map
    """
    with database() as conn:
        service.add_account(
            conn,
            username=username,
            display_name=display_name or username,
            role=Role(role),
            password=password,
            actor=actor(),
        )
    click.echo(f"{username} may sign in as {role}")


@accounts.command("list")
def list_() -> None:
    """List the accounts."""
    with database() as conn:
        rows = service.list_accounts(conn)
    for row in rows:
        state = "disabled" if row.disabled_at else ""
        click.echo(f"{row.username:20} {row.role:12} {row.display_name:30} {state}".rstrip())
    if not rows:
        click.echo("no accounts; add one with `angkut accounts add NAME --role admin`")


@accounts.command("password")
@click.argument("username")
@_PASSWORD
def set_password(username: str, password: str) -> None:
    """Set a new password; whoever is signed in with the old one is signed out."""
    with database() as conn:
        service.set_password(conn, username=username, password=password, actor=actor())
    click.echo(f"{username} has a new password")


@accounts.command()
@click.argument("username")
def disable(username: str) -> None:
    """Let nobody sign in with this account any more."""
    with database() as conn:
        service.disable_account(conn, username=username, actor=actor())
    click.echo(f"{username} is disabled")
