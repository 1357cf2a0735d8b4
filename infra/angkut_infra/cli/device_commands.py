"""`angkut devices command|commands`: telling a device what to do, and what became of it."""

from datetime import UTC, datetime, timedelta

import click
from pydantic import ValidationError

from angkut_backend.commands import service
from angkut_backend.commands.schemas import COMMAND_IN, LONGEST_S, SHORTEST_S
from angkut_backend.registry.sheet import normal_id
from angkut_infra.cli.context import actor, database


@click.command()
@click.argument("device_id", metavar="ID", type=normal_id)
@click.argument("cmd", type=click.Choice(["interval", "calibrate", "reboot", "update"]))
@click.option("--seconds", type=int, help="With interval: seconds between two readings.")
@click.option("--fw", help="With update: version of the firmware.")
@click.option("--url", help="With update: where the device finds it, by https.")
@click.option("--sha256", help="With update: what it must be.")
@click.option(
    "--expires-in-s",
    type=click.IntRange(SHORTEST_S, LONGEST_S),
    help="Given up after so long. Default: three intervals of the device, an hour at least.",
)
def command(
    device_id: str,
    cmd: str,
    seconds: int | None,
    fw: str | None,
    url: str | None,
    sha256: str | None,
    expires_in_s: int | None,
) -> None:
    """Tell device ID to do something; the worker sends it until it is answered or expires.

    A device that sleeps hears of it after its next report. `angkut devices commands ID` shows
    what became of it.

    \b
    Example:
      angkut devices command 70b3d57ed0001234 interval --seconds 600
    """
    given = {"seconds": seconds, "fw": fw, "url": url, "sha256": sha256}
    args = {name: value for name, value in given.items() if value is not None}
    try:
        wanted = COMMAND_IN.validate_python({"cmd": cmd, "args": args})
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_input=False)[0]
        raise click.BadParameter(str(first["msg"]), param_hint=f"--{first['loc'][-1]}") from exc
    now = datetime.now(UTC)
    with database() as conn:
        asked = service.ask(
            conn,
            device_id,
            cmd,
            wanted.args.model_dump(exclude_none=True),
            expires_in=None if expires_in_s is None else timedelta(seconds=expires_in_s),
            actor=actor(),
            now=now,
        )
    click.echo(f"command {asked.command_id} is queued until {asked.expires_at:%Y-%m-%d %H:%M:%SZ}")


@click.command()
@click.argument("device_id", metavar="ID", type=normal_id)
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
def commands(device_id: str, limit: int) -> None:
    """List the newest commands of device ID and what became of them."""
    with database() as conn:
        rows = service.list_commands(conn, device_id, limit=limit)
    for row in rows:
        args = " ".join(f"{name}={value}" for name, value in row.args.items())
        click.echo(
            f"{row.created_at:%Y-%m-%d %H:%M:%SZ}  {row.cmd} {args}\n"
            f"  {row.state}, sent {row.attempts} times, asked by {row.created_by}"
        )
        if row.detail:
            click.echo(f"  {''.join(c if c.isprintable() else ' ' for c in row.detail)}")
    if not rows:
        click.echo(f"no commands for {device_id!r}")
