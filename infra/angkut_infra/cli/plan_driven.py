"""`angkut plan driven`: what became of the stops of a plan."""

from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID

import click

from angkut_backend.planning import driven as words
from angkut_broker.errors import AngkutError
from angkut_infra.cli.context import actor, database


@click.command()
@click.argument("plan_id", metavar="PLAN", type=click.UUID)
@click.option(
    "--missed",
    metavar="BIN[=REASON]",
    multiple=True,
    help="BIN was not emptied, and why; give it once for each.",
)
def driven(plan_id: UUID, missed: tuple[str, ...]) -> None:
    """Say that the stops of PLAN until now were emptied, but for those that were --missed.

    PLAN is in force. Stops that are still to come are left open: say it again at the end of the
    shift, up to 7 days after it. What you say takes the place of what was said of PLAN before, so
    name all that were missed each time. If PLAN took over in the middle of the shift, the bins
    that were served before count, too.

    \b
    Examples:
      angkut plan driven 6b1f3a52-...
      angkut plan driven 6b1f3a52-... --missed "BKS-BT-0012=gate locked" --missed BKS-BT-0040
    """
    reasons = _reasons(missed)
    with database() as conn:
        found = words.record(conn, plan_id, reasons, actor=actor(), now=datetime.now(UTC))
    click.echo(
        f"{plan_id}: {found.emptied} stops emptied, {found.missed} missed, "
        f"{found.still_to_come} still to come"
    )
    if found.gone:
        click.echo(f"left out, gone from the registry: {found.gone} bins")


def _reasons(missed: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in missed:
        code, _, reason = (part.strip() for part in one.partition("="))
        if not code:
            raise AngkutError(f"--missed {one!r}: write BIN or BIN=REASON")
        if code in found:
            raise AngkutError(f"--missed: {code!r} is there twice; keep one")
        found[code] = reason
    return found
