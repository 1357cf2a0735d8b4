"""`angkut devices mount|unmount|swap|correct`: where sensors hang, also in the past."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import click

from angkut_backend.db import Connection
from angkut_backend.quality.derivation import derive
from angkut_backend.registry import exchanges, moves
from angkut_backend.registry.changes import Change
from angkut_backend.registry.hanging import Hanging, MountingKind
from angkut_backend.registry.mountings import Geometry, correct_mounting
from angkut_backend.registry.sheet import normal_id
from angkut_infra.cli.context import actor, database
from angkut_infra.cli.finite import FiniteRange
from angkut_infra.cli.times import UTC_TIME
from angkut_infra.progress import bar

#: Farther back, readings may be there that follow the change.
_PAST = timedelta(seconds=5)

_AT = click.option("--at", type=UTC_TIME, help="Since when. In the past: history follows.")


def _geometry(*, required: bool) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return the options that say how a sensor hangs."""
    options = (
        click.option(
            "--empty-mm",
            type=click.IntRange(1, 20_000),
            required=required,
            help="Sensor to the empty bottom.",
        ),
        click.option(
            "--full-mm",
            type=click.IntRange(0, 20_000),
            required=required,
            help="Sensor to the full line.",
        ),
        click.option(
            "--offset-mm", type=click.IntRange(-5000, 5000), help="Added to each measured distance."
        ),
        click.option("--angle-deg", type=FiniteRange(0, 60), help="Sensor off the vertical."),
    )

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            command = option(command)
        return command

    return add


@click.command()
@click.argument("device_id", metavar="ID", type=normal_id)
@click.argument("bin_code", metavar="BIN")
@_geometry(required=True)
@click.option("--kind", type=click.Choice(get_args(MountingKind)), help="What it is fixed to.")
@click.option(
    "--depth-mm", type=click.IntRange(50, 20_000), help="The container, from the rim to the bottom."
)
@click.option(
    "--height-mm",
    type=click.IntRange(-5000, 5000),
    help="The sensor above the rim; negative: below. With --depth-mm it checks --empty-mm.",
)
@_AT
@click.option("--replace", is_flag=True, help="End the mounting of the device that is there now.")
@click.option("--move", is_flag=True, help="End this device's mounting in another bin.")
def mount(
    device_id: str,
    bin_code: str,
    empty_mm: int,
    full_mm: int,
    offset_mm: int | None,
    angle_deg: float | None,
    kind: MountingKind | None,
    depth_mm: int | None,
    height_mm: int | None,
    at: datetime | None,
    *,
    replace: bool,
    move: bool,
) -> None:
    """Hang a registered sensor in a bin, or hang it anew where it is.

    \b
    Examples:
      angkut devices mount 70b3d57ed0001234 BKS-BT-0241 --empty-mm 1200 --full-mm 200
      angkut devices mount 70b3d57ed0001234 BKS-BT-0007 --empty-mm 950 --full-mm 150 \\
          --move --at 2026-03-01T09:30+07:00
    """
    hanging = Hanging(
        d_empty_mm=empty_mm,
        d_full_mm=full_mm,
        offset_mm=offset_mm or 0,
        angle_deg=angle_deg or 0.0,
        kind=kind,
        inner_depth_mm=depth_mm,
        sensor_height_mm=height_mm,
    )
    now = datetime.now(UTC)
    with database() as conn:
        done = moves.mount(
            conn,
            device_id,
            bin_code,
            hanging,
            at=at or now,
            now=now,
            actor=actor(),
            replace=replace,
            move=move,
        )
        conn.commit()
        click.echo(f"{device_id} hangs in {bin_code} since {done.at:%F %TZ}")
        _follow(conn, done, now)


@click.command()
@click.argument("name", metavar="BIN|ID")
@_AT
def unmount(name: str, at: datetime | None) -> None:
    """Take down the sensor of a bin; it is in stock then.

    \b
    Example:
      angkut devices unmount BKS-BT-0241
    """
    now = datetime.now(UTC)
    with database() as conn:
        done = moves.unmount(conn, name, at=at or now, now=now, actor=actor())
        conn.commit()
        click.echo(f"{done.bins[0]} has no sensor since {done.at:%F %TZ}")
        _follow(conn, done, now)


@click.command()
@click.argument("first", metavar="BIN|ID")
@click.argument("second", metavar="BIN|ID")
@_AT
@click.option("--from-start", is_flag=True, help="They were exchanged from the day they were hung.")
def swap(first: str, second: str, at: datetime | None, *, from_start: bool) -> None:
    """Exchange the sensors of two bins; each takes over the other's geometry.

    For sensors that were exchanged by hand, and with --from-start for those that were noted down
    the wrong way round. With a time in the past, levels, flags, collections and roll-ups of both
    bins are derived again; raw readings stay as they came.

    \b
    Examples:
      angkut devices swap BKS-BT-0007 BKS-BT-0008 --at 2026-03-01
      angkut devices swap BKS-BT-0007 BKS-BT-0008 --from-start
    """
    if at is not None and from_start:
        raise click.UsageError("choose --at or --from-start, not both")
    now = datetime.now(UTC)
    since = None if from_start else at or now
    with database() as conn:
        done = exchanges.swap(conn, first, second, at=since, now=now, actor=actor())
        conn.commit()
        click.echo(f"the sensors of {' and '.join(done.bins)} are exchanged since {done.at:%F %TZ}")
        _follow(conn, done, now)


@click.command()
@click.option("--bin", "bin_code", required=True, help="Code on the bin's label: BKS-BT-0241.")
@_geometry(required=False)
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
        _derive(conn, [bin_code], after.valid_from, now)


def _follow(conn: Connection, done: Change, now: datetime) -> None:
    """Have history follow at once; interrupted, the worker goes on with it."""
    if done.at >= now - _PAST:
        return
    click.echo("that is in the past: the readings since then are derived again")
    _derive(conn, done.bins, done.at, now)


def _derive(conn: Connection, bins: Sequence[str], since: datetime, now: datetime) -> None:
    changed = 0
    for code in bins:
        with bar(f"derive {code}") as progress:
            done = derive(conn, bin_code=code, since=since, now=now, on_progress=progress)
        changed += done.changed
    click.echo(f"{changed} readings changed")
