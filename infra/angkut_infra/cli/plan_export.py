"""`angkut plan export`: a plan as a file for people and other programs."""

import sys
from pathlib import Path
from typing import get_args
from uuid import UUID

import click

from angkut_backend.planning import records
from angkut_backend.planning.exports.names import names_of
from angkut_backend.planning.exports.service import Format, export
from angkut_backend.roads.service import Roads
from angkut_broker.errors import AngkutError
from angkut_infra.cli.context import database, settings

_FORMS: dict[str, Format] = {form.partition(".")[0]: form for form in get_args(Format)}


@click.command("export")
@click.argument("plan_id", metavar="PLAN", type=click.UUID)
@click.option(
    "--format", "name", type=click.Choice(list(_FORMS)), help="Default: as the file's name ends."
)
@click.option(
    "-o",
    "--out",
    type=click.Path(dir_okay=False, path_type=Path, allow_dash=True),
    required=True,
    help="File to write; - is standard output.",
)
@click.option("--vehicle", metavar="CODE", help="Only what this vehicle does.")
def export_plan(plan_id: UUID, name: str | None, out: Path, vehicle: str | None) -> None:
    """Write PLAN as a file.

    \b
    pdf      run sheets to print: one for each vehicle, links for phones as QR codes
    csv      a row a step, for spreadsheets
    geojson  a line a trip and a point a stop, for maps
    gpx      a route a vehicle, for navigation programs
    vroom    routes and steps as VROOM answers, with steps of type "tip" where vehicles unload

    \b
    Examples:
      angkut plan export 6b1f3a52-... -o runsheets.pdf
      angkut plan export 6b1f3a52-... --vehicle BKS-BT-DT01 -o dt01.pdf
      angkut plan export 6b1f3a52-... --format vroom -o - | jq .summary
    """
    form = _FORMS[name] if name else _by_ending(out)
    with database() as conn:
        found = records.get(conn, plan_id)
        names = names_of(conn, found)
    content = export(found, names, form, Roads.open(settings().roads_folder), vehicle)
    if str(out) == "-":
        sys.stdout.buffer.write(content)
        return
    try:
        out.write_bytes(content)
    except OSError as exc:
        raise AngkutError(f"--out {out}: cannot be written: {exc.strerror}") from exc
    click.echo(f"{out}: {len(content)} bytes", err=True)


def _by_ending(out: Path) -> Format:
    for form in _FORMS.values():
        if out.name.lower().endswith(f".{form}"):
            return form
    raise click.UsageError(
        f"--out {out}: the name tells no format; give --format {'|'.join(_FORMS)}"
    )
