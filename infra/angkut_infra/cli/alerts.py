"""`angkut alerts`: what needs a person now, and what did."""

import click

from angkut_backend.alerts import service
from angkut_infra.cli.context import database


@click.group()
def alerts() -> None:
    """See what needs a person now, and what did. Taken care of on the page."""


@alerts.command("list")
@click.option("--all", "with_closed", is_flag=True, help="The newest, closed ones too.")
@click.option("--bin", "bin_code", help="Only of this bin: BKS-BT-0001.")
@click.option("--limit", type=click.IntRange(1, service.MAX_ALERTS), default=100, show_default=True)
def list_(bin_code: str | None, limit: int, *, with_closed: bool) -> None:
    """List alerts: the open ones by urgency, or the newest."""
    with database() as conn:
        if with_closed:
            found = service.list_latest(conn, bin_code=bin_code, limit=limit)
            total = len(found)
        else:
            listed = service.list_open(conn, bin_code=bin_code, limit=limit)
            found, total = listed.alerts, listed.total
    for alert in found:
        state = "open"
        if alert.closed_at:
            state = f"closed {alert.closed_at:%Y-%m-%d %H:%M:%SZ} ({alert.close_reason})"
        elif alert.acknowledged_by:
            state = f"taken care of by {alert.acknowledged_by}"
        value = "" if alert.value is None else f"{round(alert.value, 1):g}"
        click.echo(
            f"{alert.alert_id:6}  {alert.kind:14} {alert.bin_code:14} {value:>7}  "
            f"since {alert.since:%Y-%m-%d %H:%M:%SZ}  {state}"
        )
    if total > len(found):
        click.echo(f"and {total - len(found)} more; --limit shows more")
    if not found:
        click.echo("no alerts" if with_closed else "no open alerts")
