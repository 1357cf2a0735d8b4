"""`angkut devices`: sensors, where they hang, and their credentials."""

import secrets
from datetime import UTC, datetime

import click

from angkut_backend.quality.derivation import derive
from angkut_backend.registry import service
from angkut_backend.registry.mountings import Geometry, correct_mounting
from angkut_broker.credentials import new_secret, verifiers
from angkut_broker.session import wait_until_accepted
from angkut_broker.topics import ID_PATTERN
from angkut_infra.cli.context import actor, at_broker, database, settings
from angkut_infra.cli.times import UTC_TIME
from angkut_infra.progress import bar

#: How long a broker may take to learn of a new device, seconds.
_ACCEPT_S = 3.0


@click.group()
def devices() -> None:
    """Add and list sensors."""


@devices.command()
@click.option("--bin", "bin_code", required=True, help="Code on the bin's label: BKS-BT-0241.")
@click.option("--id", "device_id", help="Device id (DevEUI, IMEI, ...). Default: a new one.")
@click.option(
    "--empty-mm", type=click.IntRange(1, 20_000), required=True, help="Sensor to the empty bottom."
)
@click.option(
    "--full-mm", type=click.IntRange(0, 20_000), required=True, help="Sensor to the full line."
)
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
    bin_code: str,
    device_id: str | None,
    empty_mm: int,
    full_mm: int,
    interval_s: int,
    model: str | None,
    *,
    replace: bool,
) -> None:
    """Register a sensor, mount it in a bin and print its credentials.

    The password is shown once and not kept: only what the broker needs to check it is.

    \b
    Example:
      angkut devices add --bin BKS-BT-0241 --empty-mm 1200 --full-mm 200
    """
    device_id = device_id.lower() if device_id else f"02{secrets.token_hex(7)}"
    if full_mm >= empty_mm:
        raise click.BadParameter("must be smaller than --empty-mm", param_hint="--full-mm")
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
                d_empty_mm=empty_mm,
                d_full_mm=full_mm,
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
    click.echo(f"device   {device_id} in bin {bin_code}")
    click.echo(f"broker   mqtt://{found.mqtt_host}:{found.mqtt_port}")
    click.echo(f"username {device_id}\npassword {secret}   (shown once)\ntopic    {topic}")
    click.echo("\nTry it; the bin moves on the map:")
    click.echo(
        f"mosquitto_pub -h {found.mqtt_host} -p {found.mqtt_port} -q 1 -u {device_id} "
        f"-P '{secret}' -t {topic} \\\n"
        f'  -m \'{{"v":1,"id":"{device_id}","seq":1,'
        f'"t":"\'$(date -u +%FT%TZ)\'","d_mm":[{(empty_mm + full_mm) // 2}]}}\''
    )
    own = at_broker(found, device_id, secret)
    if wait_until_accepted(own, timeout_s=_ACCEPT_S):
        click.echo("\nThe broker accepts the device.")
    else:
        click.secho(
            "\nThe broker does not accept the device yet. With `angkut up` it learns of it within "
            "a second; another broker needs `angkut broker write` and a reload.",
            fg="yellow",
        )


@devices.command()
@click.option("--bin", "bin_code", required=True, help="Code on the bin's label: BKS-BT-0241.")
@click.option("--empty-mm", type=click.IntRange(1, 20_000), help="Sensor to the empty bottom.")
@click.option("--full-mm", type=click.IntRange(0, 20_000), help="Sensor to the full line.")
@click.option(
    "--offset-mm", type=click.IntRange(-5000, 5000), help="Added to each measured distance."
)
@click.option("--angle-deg", type=click.FloatRange(0, 60), help="Sensor off the vertical.")
@click.option("--at", type=UTC_TIME, help="A time within the mounting meant. Default: now.")
def correct(
    bin_code: str,
    empty_mm: int | None,
    full_mm: int | None,
    offset_mm: int | None,
    angle_deg: float | None,
    at: datetime | None,
) -> None:
    """Correct how a sensor hangs in a bin, and derive all its readings since then again.

    For a mistake in the measures, not for a sensor that was moved: what it said before follows
    too. Raw readings stay as they came.

    \b
    Example:
      angkut devices correct --bin BKS-BT-0241 --empty-mm 1150
    """
    new = Geometry(empty_mm, full_mm, offset_mm, angle_deg)
    if new == Geometry():
        raise click.UsageError("say what to correct: --empty-mm, --full-mm, ...")
    now = datetime.now(UTC)
    with database() as conn:
        before, after = correct_mounting(conn, bin_code, new, at=at or now, actor=actor())
        conn.commit()
        click.echo(f"device   {after.device_id} in bin {bin_code} since {after.valid_from:%F %TZ}")
        for name in Geometry.__slots__:
            old, corrected = getattr(before, name), getattr(after, name)
            click.echo(f"{name:12} {old:8g}" + (f" -> {corrected:g}" if corrected != old else ""))
        with bar("derive") as progress:
            done = derive(
                conn, bin_code=bin_code, since=after.valid_from, now=now, on_progress=progress
            )
    click.echo(f"{done.changed} readings changed")


@devices.command("list")
def list_() -> None:
    """List every sensor: id, bin, model, interval, connection, last reading."""
    with database() as conn:
        rows = service.list_devices(conn)
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
        click.echo("no devices; add one with `angkut devices add`")


@devices.command()
def free() -> None:
    """List the bins that no sensor measures."""
    with database() as conn:
        rows = service.free_bins(conn)
    for row in rows:
        click.echo(f"{row.code:14} {row.container:14} {row.volume_l:6} l")
    if not rows:
        click.echo("every bin has a sensor")
