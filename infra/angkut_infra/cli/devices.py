"""`angkut devices`: sensors, their credentials, and the group of all commands about them."""

import secrets
from datetime import UTC, datetime

import click

from angkut_backend.registry import service
from angkut_backend.registry.hanging import Hanging
from angkut_backend.registry.sheet import normal_id
from angkut_backend.settings import Settings
from angkut_broker.credentials import new_secret, verifiers
from angkut_broker.session import wait_until_accepted
from angkut_broker.topics import ID_PATTERN, Topic
from angkut_infra.cli.context import actor, at_broker, database, settings
from angkut_infra.cli.device_commands import command, commands
from angkut_infra.cli.device_import import import_
from angkut_infra.cli.mountings import correct, mount, swap, unmount

#: How long a broker may take to learn of a device or to forget it, seconds.
_ACCEPT_S = 3.0


@click.group()
def devices() -> None:
    """Sensors: register, mount, move, correct, list and retire them."""


for _command in (mount, unmount, swap, correct, import_, command, commands):
    devices.add_command(_command)


@devices.command()
@click.option("--bin", "bin_code", help="Code on the bin's label: BKS-BT-0241. Default: in stock.")
@click.option(
    "--id",
    "device_id",
    metavar="ID",
    type=normal_id,
    help="Device id as on its label (DevEUI, IMEI, ...). Default: a new one.",
)
@click.option("--empty-mm", type=click.IntRange(1, 20_000), help="Sensor to the empty bottom.")
@click.option("--full-mm", type=click.IntRange(0, 20_000), help="Sensor to the full line.")
@click.option(
    "--interval-s",
    type=click.IntRange(1, 30 * 86_400),
    default=1800,
    show_default=True,
    help="Expected seconds between two readings; after three of them the level is unknown.",
)
@click.option("--model", help="Maker and model, for people.")
@click.option("--replace", is_flag=True, help="End the mounting of the device that is there now.")
def add(
    bin_code: str | None,
    device_id: str | None,
    empty_mm: int | None,
    full_mm: int | None,
    interval_s: int,
    model: str | None,
    *,
    replace: bool,
) -> None:
    """Register a sensor, mount it in a bin and print its credentials.

    Without --bin it is in stock, to be mounted later with a phone or `angkut devices mount`. A
    retired device comes back. The password is shown once and not kept: only what the broker needs
    to check it is.

    \b
    Examples:
      angkut devices add --bin BKS-BT-0241 --empty-mm 1200 --full-mm 200
      angkut devices add --id 70B3D57ED0001234 --model "EM400-MUD"
    """
    device_id = device_id or f"02{secrets.token_hex(7)}"
    hanging = _hanging(bin_code, empty_mm, full_mm)
    if not service.is_device_id(device_id):
        raise click.BadParameter(f"must match {ID_PATTERN}", param_hint="--id")
    found = settings()
    if device_id == found.mqtt_username:
        raise click.BadParameter("is the name of ingest at the broker", param_hint="--id")
    secret = new_secret()
    with database() as conn:
        topic = service.add_device(
            conn,
            service.NewDevice(
                external_id=device_id,
                bin_code=bin_code,
                hanging=hanging,
                interval_s=interval_s,
                model=model,
                # The second that is running: a reading stamped in whole seconds right after
                # this command is not before its mounting.
                mounted_at=datetime.now(UTC).replace(microsecond=0),
            ),
            verifiers(secret),
            actor=actor(),
            replace=replace,
        )
    click.echo(f"device   {device_id} {f'in bin {bin_code}' if bin_code else 'in stock'}")
    _show_credential(found, device_id, secret, topic)
    distance_mm = (hanging.d_empty_mm + hanging.d_full_mm) // 2 if hanging else 700
    click.echo("\nTry it; the bin moves on the map:" if hanging else "\nTry it:")
    click.echo(
        f"mosquitto_pub -h {found.mqtt_host} -p {found.mqtt_port} -q 1 -u {device_id} "
        f"-P '{secret}' -t {topic} \\\n"
        f'  -m \'{{"v":1,"id":"{device_id}","seq":1,'
        f'"t":"\'$(date -u +%FT%TZ)\'","d_mm":[{distance_mm}]}}\''
    )
    _await_acceptance(found, device_id, secret)


@devices.command()
@click.argument("device_id", metavar="ID", type=normal_id)
def rotate(device_id: str) -> None:
    """Give a sensor another password. The old one ends at once.

    Brokers keep one password for each device, so there is no time in which both are right: have
    the sensor at hand, or a way to configure it that is not MQTT. What it measures meanwhile it
    must keep itself. The password is shown once and not kept.

    \b
    Example:
      angkut devices rotate 70b3d57ed0001234
    """
    secret = new_secret()
    with database() as conn:
        topic = service.rotate_secret(conn, device_id, verifiers(secret), actor=actor())
    click.echo(f"device   {device_id} has a new password; the old one ends now")
    found = settings()
    _show_credential(found, device_id, secret, topic)
    _await_acceptance(found, device_id, secret)


@devices.command()
@click.argument("device_id", metavar="ID", type=normal_id)
def retire(device_id: str) -> None:
    """Take a sensor out of use: the broker lets it in no more, its bin is free.

    Its readings stay. What reaches ingest of it from now on, by a gateway for instance, is kept
    aside as `retired_device`. `angkut devices add --id ID` brings it back, with a new password.

    \b
    Example:
      angkut devices retire 70b3d57ed0001234
    """
    with database() as conn:
        bin_code = service.retire_device(conn, device_id, now=datetime.now(UTC), actor=actor())
    click.echo(f"{device_id} is retired{f'; bin {bin_code} has no sensor now' if bin_code else ''}")
    click.echo(
        "With `angkut up` the broker forgets it within a second; another broker needs "
        "`angkut broker write` and a reload."
    )


@devices.command("list")
@click.option("--stock", is_flag=True, help="Only those that hang nowhere and are not retired.")
def list_(*, stock: bool) -> None:
    """List every sensor: id, bin, model, interval, connection, last reading."""
    with database() as conn:
        rows = service.list_devices(conn)
    if stock:
        rows = [row for row in rows if row.bin_code is None and row.retired_at is None]
    for row in rows:
        seen = f"{row.seen_at:%Y-%m-%d %H:%M:%SZ}" if row.seen_at else "never"
        state = {True: "online", False: "offline", None: "-"}[row.online]
        if row.retired_at:
            state = "retired"
        click.echo(
            f"{row.external_id:18} {row.bin_code or '-':14} {row.model or '-':20} "
            f"{row.interval_s:6} s  {state:8} {seen}"
        )
    if not rows:
        click.echo(
            "no devices in stock" if stock else "no devices; add one with `angkut devices add`"
        )


@devices.command()
def free() -> None:
    """List the bins that no sensor measures."""
    with database() as conn:
        rows = service.free_bins(conn)
    for row in rows:
        click.echo(f"{row.code:14} {row.container:14} {row.volume_l:6} l")
    if not rows:
        click.echo("every bin has a sensor")


def _hanging(bin_code: str | None, empty_mm: int | None, full_mm: int | None) -> Hanging | None:
    if bin_code is None:
        if empty_mm is not None or full_mm is not None:
            raise click.UsageError("--empty-mm and --full-mm need the --bin that they are about")
        return None
    if empty_mm is None or full_mm is None:
        raise click.UsageError("--bin needs --empty-mm and --full-mm")
    if full_mm >= empty_mm:
        raise click.BadParameter("must be smaller than --empty-mm", param_hint="--full-mm")
    return Hanging(d_empty_mm=empty_mm, d_full_mm=full_mm)


def _show_credential(found: Settings, device_id: str, secret: str, topic: Topic) -> None:
    click.echo(f"broker   mqtt://{found.mqtt_host}:{found.mqtt_port}")
    click.echo(f"username {device_id}\npassword {secret}   (shown once)\ntopic    {topic}")


def _await_acceptance(found: Settings, device_id: str, secret: str) -> None:
    if wait_until_accepted(at_broker(found, device_id, secret), timeout_s=_ACCEPT_S):
        click.echo("\nThe broker accepts the device.")
        return
    click.secho(
        "\nThe broker does not accept the device yet. With `angkut up` it learns of it within "
        "a second; another broker needs `angkut broker write` and a reload.",
        fg="yellow",
    )
