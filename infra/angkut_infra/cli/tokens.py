"""`angkut tokens`: programs that may call the API."""

from datetime import UTC, datetime, timedelta

import click

from angkut_backend.accounts import service
from angkut_backend.accounts.service import Scope
from angkut_infra.cli.context import actor, database


@click.group()
def tokens() -> None:
    """Add, list and revoke API tokens. A token acts with the role of its account."""


@tokens.command()
@click.argument("username")
@click.option("--name", required=True, help="What uses it: 'dashboard of Diskominfostandi'.")
@click.option("--scope", type=click.Choice([str(scope) for scope in Scope]), default="read")
@click.option("--days", type=click.IntRange(1, 3660), default=365, show_default=True)
def add(username: str, name: str, scope: str, days: int) -> None:
    """Make a token for an account; it is shown once."""
    with database() as conn:
        token = service.add_token(
            conn,
            username=username,
            name=name,
            scope=Scope(scope),
            expires_at=datetime.now(UTC) + timedelta(days=days),
            actor=actor(),
        )
    click.echo(f"{token}\n(shown once; send it as `Authorization: Bearer ...`)")


@tokens.command("list")
def list_() -> None:
    """List the tokens."""
    with database() as conn:
        rows = service.list_tokens(conn)
    for row in rows:
        state = "revoked" if row.revoked_at else f"until {row.expires_at:%Y-%m-%d}"
        click.echo(f"{row.api_token_id:5} {row.username:20} {row.scope:6} {state:17} {row.name}")
    if not rows:
        click.echo("no tokens")


@tokens.command()
@click.argument("number", type=int)
def revoke(number: int) -> None:
    """Revoke a token by its number in `angkut tokens list`."""
    with database() as conn:
        service.revoke_token(conn, api_token_id=number, actor=actor())
    click.echo(f"token {number} is revoked")
