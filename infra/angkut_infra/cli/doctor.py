"""`angkut doctor`."""

import sys
from datetime import UTC, datetime

import click

from angkut_infra.cli.context import settings
from angkut_infra.doctor import Verdict, examine

_COLOURS = {Verdict.OK: "green", Verdict.WARN: "yellow", Verdict.FAIL: "red"}


@click.command()
def doctor() -> None:
    """Check broker, database, migrations, clock and disk; say what to do about each fault.

    Ends with 1 if something fails, so that a monitor can call it.
    """
    failed = False
    for finding in examine(settings(), now=lambda: datetime.now(UTC)):
        failed |= finding.verdict is Verdict.FAIL
        click.secho(f"{finding.verdict:5}", fg=_COLOURS[finding.verdict], nl=False)
        click.echo(f" {finding.subject:15} {finding.text}")
    sys.exit(1 if failed else 0)
