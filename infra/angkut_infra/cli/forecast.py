"""`angkut forecast`: how full bins will be."""

from datetime import UTC, datetime, timedelta

import click

from angkut_backend.db import Connection
from angkut_backend.forecast import service
from angkut_backend.forecast.loading import DistrictRow, districts
from angkut_backend.forecast.predict import QUANTILES
from angkut_broker.errors import AngkutError
from angkut_infra.cli.context import database
from angkut_infra.progress import bar


@click.group()
def forecast() -> None:
    """Forecast levels up to three days ahead, and see how good forecasts were.

    The worker learns once a day and forecasts every quarter of an hour.
    """


@forecast.command()
@click.option("--learn", "anew", is_flag=True, help="Learn anew first, whatever was learned.")
def run(*, anew: bool) -> None:
    """Forecast all bins now."""
    with database() as conn, bar("districts") as progress:
        found = _districts(conn)
        for number, district in enumerate(found):
            progress(number, len(found))
            now = datetime.now(UTC)
            if anew:
                service.learn_district(conn, district, now)
            bins = service.issue(conn, district, now)
            click.echo(f"{district.code}: {bins} bins")
        progress(len(found), len(found))


@forecast.command()
@click.option(
    "--every",
    "every_h",
    type=click.IntRange(1, 168),
    default=12,
    show_default=True,
    help="Hours between the moments from which it forecasts.",
)
def backtest(every_h: int) -> None:
    """Forecast the last weeks from what was measured by then; compare with what came.

    Each model learns only from what came before. Scores end at a bin's next emptying: pinball loss
    in per cent (lower is better), the share of levels inside the 90 % band, and the mean error
    of the time to full (100 %), beside three naive rules. These errors are of the same times for
    all: the bin became full, and the forecast and each rule but the last value said when.
    """
    with database() as conn:
        for district in _districts(conn):
            with bar("moments") as progress:
                scores = service.backtest_district(
                    conn, district, datetime.now(UTC), every_h=every_h, progress=progress
                )
            click.echo(f"{district.code}: {scores[0].count if scores else 0} levels")
            if not any(score.count for score in scores):
                click.echo("  nothing to score: it takes more than two weeks of readings")
                continue
            click.echo(f"  {'':22} {'pinball %':>9} {'in band':>8} {'time to full':>13}")
            for score in scores:
                band = "" if score.coverage is None else f"{score.coverage:.1%}"
                late = "" if score.time_to_full_h is None else f"{score.time_to_full_h:.1f} h"
                click.echo(f"  {score.name:22} {score.pinball_pct:>9.2f} {band:>8} {late:>13}")
            click.echo(f"  times to full: {max(score.times for score in scores)}")


@forecast.command()
@click.argument("bin_code", metavar="BIN")
def show(bin_code: str) -> None:
    """Print the newest forecast of BIN, such as BKS-BT-0001."""
    with database() as conn:
        found = service.latest(conn, bin_code)
    age = "no level in a week" if found.level_age_h is None else f"{found.level_age_h:.0f} h"
    click.echo(f"{bin_code}, issued {found.issued_at:%Y-%m-%d %H:%M}Z; newest level: {age}")
    heads = "".join(f"{share:>7.0%}" for share in QUANTILES)
    click.echo(f"  {'time':17} {heads}  overflow  hours of it")
    for index, hours in enumerate(service.KEPT_H):
        at = found.from_at + timedelta(hours=hours)
        levels = "".join(f"{level:>7.0f}" for level in found.level_pct[index])
        chance, lasting = found.overflow_probability[index], found.overflow_h[index]
        click.echo(f"  {at:%Y-%m-%d %H:%M}Z {levels}  {chance:>7.0%}  {lasting:>10.1f}")
    if found.to_full_h is None:
        click.echo("  not full within 72 hours, as likely as not")
    else:
        click.echo(f"  full {found.from_at + timedelta(hours=found.to_full_h):%Y-%m-%d %H:%M}Z")


def _districts(conn: Connection) -> list[DistrictRow]:
    found = districts(conn)
    if not found:
        raise AngkutError("there are no bins: load a site pack first, `angkut site load`")
    return found
