"""`angkut readings`: how good they are, what they show, deriving them again."""

from datetime import UTC, datetime, timedelta

import click

from angkut_backend.device_health.rules import FindingKind
from angkut_backend.device_health.service import list_findings
from angkut_backend.quality.derivation import derive as derive_readings
from angkut_backend.quality.reports import daily_quality, list_collections
from angkut_backend.registry.sheet import normal_id
from angkut_infra.cli.context import database
from angkut_infra.cli.finite import FiniteRange
from angkut_infra.cli.times import UTC_TIME
from angkut_infra.progress import bar


@click.group()
def readings() -> None:
    """Readings: their quality, the collections seen in them, deriving them again."""


@readings.command()
@click.option("--bin", "bin_code", help="Only of the devices ever mounted in this bin.")
@click.option("--since", type=UTC_TIME, help="Only readings observed from then on.")
def derive(bin_code: str | None, since: datetime | None) -> None:
    """Derive levels, flags and collections again from the mountings as they are now.

    Raw readings stay as they came; what is right already is left alone, so this may be
    interrupted and repeated. Ingest goes on meanwhile.
    """
    with database() as conn, bar("derive") as progress:
        done = derive_readings(
            conn, bin_code=bin_code, since=since, now=datetime.now(UTC), on_progress=progress
        )
    click.echo(f"{done.changed} readings changed, of {done.bins} bins")


@readings.command()
@click.option("--bin", "bin_code", required=True, help="Code on the bin's label: BKS-BT-0241.")
@click.option("--days", type=click.IntRange(1, 400), default=14, show_default=True)
def quality(bin_code: str, days: int) -> None:
    """Show by operational day (from 04:00 WIB) how much of a bin's readings can be relied on."""
    with database() as conn:
        rows = daily_quality(conn, bin_code, days=days, now=datetime.now(UTC))
    click.echo("day          owed  came  complete  trusted  latency s   score")
    for row in rows:
        latency = "-" if row.latency_mean_s is None else f"{row.latency_mean_s:.0f}"
        click.echo(
            f"{row.day} {row.expected_n:6.0f} {row.n:5} {row.completeness:9.0%} "
            f"{row.trusted_share:8.0%} {latency:>10}   {row.score:.2f}"
        )
    if not rows:
        click.echo("no device was mounted in these days")


@readings.command()
@click.option("--bin", "bin_code", help="Only of this bin.")
@click.option("--days", type=click.IntRange(1, 400), default=7, show_default=True)
@click.option("--min-confidence", type=FiniteRange(0, 1), default=0.5, show_default=True)
def collections(bin_code: str | None, days: int, min_confidence: float) -> None:
    """List the collections seen in the levels: between which times, from and to which level."""
    now = datetime.now(UTC)
    with database() as conn:
        rows = list_collections(
            conn,
            bin_code=bin_code,
            since=now - timedelta(days=days),
            until=now,
            min_confidence=min_confidence,
        )
    for row in rows:
        click.echo(
            f"{row.bin_code:14} {row.before_at:%F %T} .. {row.after_at:%F %TZ} "
            f"{row.before_pct or 0:4.0f} % -> {row.after_pct or 0:3.0f} %  "
            f"confidence {row.confidence:.2f}"
        )
    if not rows:
        click.echo("no collections were seen")


@readings.command()
@click.option("--device", metavar="ID", type=normal_id, help="Only of this device.")
@click.option(
    "--kind", type=click.Choice([kind.value for kind in FindingKind]), help="Only of this kind."
)
@click.option("--days", type=click.IntRange(1, 400), default=7, show_default=True)
def findings(device: str | None, kind: str | None, days: int) -> None:
    """List what is wrong with devices: stuck, no echo, silent, wrong clock, in the wrong bin.

    The worker looks at each device once an hour, and at neighbours every six hours.
    """
    since = datetime.now(UTC) - timedelta(days=days)
    with database() as conn:
        rows = list_findings(
            conn, since=since, device=device, kind=FindingKind(kind) if kind else None
        )
    for row in rows:
        detail = ", ".join(
            f"{name.replace('_', ' ')} {value}" for name, value in row.detail.items()
        )
        click.echo(
            f"{row.kind:8} {row.device:18} {row.bin_code or '-':14} "
            f"{row.from_at:%F %T} .. {row.to_at:%F %TZ}  {detail}"
        )
    if not rows:
        click.echo(f"nothing is known against {device or 'any device'} in these {days} days")
