"""`angkut devices import`: many sensors from a sheet."""

import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from angkut_backend.errors import BackendError
from angkut_backend.registry.imports import Plan, plan, write
from angkut_backend.registry.sheet import MAX_BYTES, Fault, Sheet, SheetRow, read_sheet
from angkut_backend.registry.sheet_cells import COLUMNS
from angkut_broker.credentials import Verifiers, new_secret, verifiers
from angkut_broker.topics import Topic
from angkut_infra.cli.context import actor, database, settings
from angkut_infra.progress import bar
from angkut_infra.stack.files import write_private

#: Faults written out; the rest is counted.
_SHOWN = 200


class FaultyLinesError(BackendError):
    """Lines of the sheet are at fault."""


@click.command("import")
@click.argument("file", type=click.File("rb"))
@click.option(
    "--apply/--check",
    "apply",
    default=False,
    show_default=True,
    help="Write it, or only say what would be done.",
)
@click.option(
    "--credentials",
    type=click.Path(dir_okay=False, path_type=Path),
    help="New file for the passwords, readable by you only. Needed with --apply.",
)
def import_(file: io.BufferedIOBase, credentials: Path | None, *, apply: bool) -> None:
    """Register the sensors of a CSV file, and mount those that name a bin.

    The first line names the columns: device_id, and any of bin, empty_mm, full_mm, offset_mm,
    angle_deg, kind, depth_mm, height_mm, interval_s, model. Comma, semicolon or tab; UTF-8; decimal
    point or comma. A device without a bin is in stock, to be mounted with a phone.

    All lines are checked first and all faults are told. With --apply either all is written or
    nothing. Devices that are registered as the sheet says are left alone, so that a sheet may be
    extended and imported again. Ends with 1 if a line is at fault.

    \b
    Examples:
      angkut devices import sensors.csv
      angkut devices import sensors.csv --apply --credentials passwords.csv
    """
    if apply and credentials is None:
        raise click.UsageError("--apply needs --credentials FILE: passwords are shown nowhere else")
    if credentials is not None and credentials.exists():
        raise click.BadParameter(
            f"{credentials} exists; name a new file", param_hint="--credentials"
        )
    sheet = read_sheet(file.read(MAX_BYTES + 1))
    if not sheet.rows and not sheet.faults:
        raise FaultyLinesError(
            f"there is no line below the first; known columns: {', '.join(COLUMNS)}"
        )
    with database() as conn:
        found = plan(conn, sheet, reserved=settings().mqtt_username)
        _tell(found, sheet)
        if found.faults:
            _fail(found.faults)
        if not apply:
            click.echo("nothing was written; --apply --credentials FILE writes it")
            return
        if not found.new:
            click.echo("nothing to write")
            return
        # Before the transaction that ingest and the broker wait for.
        secrets = {row.device_id: new_secret() for row in found.new}
        checks = _verifiers(secrets)
        conn.commit()
        with bar("register") as progress:
            topics = write(
                conn,
                found.new,
                checks,
                now=datetime.now(UTC).replace(microsecond=0),
                actor=actor(),
                on_progress=progress,
            )
        assert credentials is not None  # noqa: S101 - checked above
        # First on the disk, then in the database: a password that nobody knows helps nobody.
        write_private(credentials, _credential_lines(found.new, secrets, topics))
        try:
            conn.commit()
        except BaseException:
            credentials.unlink()
            raise
    click.echo(f"{len(found.new)} devices registered; their passwords are in {credentials}")
    click.echo(
        "With `angkut up` the broker learns of them within a second; another broker needs "
        "`angkut broker write` and a reload."
    )


def _tell(found: Plan, sheet: Sheet) -> None:
    mounted = sum(row.bin_code is not None for row in found.new)
    lines = len({fault.line for fault in found.faults} | {row.line for row in sheet.rows})
    click.echo(
        f"{lines} devices: {len(found.new)} new ({mounted} of them in bins), "
        f"{len(found.as_before)} as before, {len({f.line for f in found.faults})} at fault"
    )


def _fail(faults: Sequence[Fault]) -> None:
    for fault in faults[:_SHOWN]:
        device = fault.device if fault.device.isprintable() else repr(fault.device)
        click.echo(f"line {fault.line}  {device or '-'}  {fault.column}: {fault.text}", err=True)
    if len(faults) > _SHOWN:
        click.echo(f"... and {len(faults) - _SHOWN} more", err=True)
    lines = len({fault.line for fault in faults})
    raise FaultyLinesError(
        f"{lines} lines are at fault; nothing was written: mend them, run it again"
    )


def _verifiers(secrets: dict[str, str]) -> dict[str, Verifiers]:
    checks = {}
    with bar("passwords") as progress:
        for done, (device_id, secret) in enumerate(secrets.items()):
            progress(done, len(secrets))
            checks[device_id] = verifiers(secret)
        progress(len(secrets), len(secrets))
    return checks


def _credential_lines(
    rows: Sequence[SheetRow], secrets: dict[str, str], topics: dict[str, Topic]
) -> str:
    found = settings()
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(["device_id", "bin", "host", "port", "username", "password", "topic"])
    for row in rows:
        name = row.device_id
        lines.writerow(
            [
                name,
                row.bin_code or "",
                found.mqtt_host,
                found.mqtt_port,
                name,
                secrets[name],
                topics[name],
            ]
        )
    return text.getvalue()
