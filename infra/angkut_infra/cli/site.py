"""`angkut site`: a city in plain files."""

import click

from angkut_backend.registry.rounds import list_rounds
from angkut_backend.registry.site.load import load as load_pack
from angkut_backend.registry.site.pack import read_pack
from angkut_infra.cli.context import actor, database
from angkut_infra.sites import find_site

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@click.group()
def site() -> None:
    """Validate and load a site pack: areas, bins, vehicles, calendar.

    A pack is a folder of plain files (GeoJSON, CSV, TOML); infra/sites/bekasi-timur is one.
    """


@site.command()
@click.argument("folder")
def validate(folder: str) -> None:
    """Check the pack in FOLDER without loading it; errors name file, line and field."""
    path = find_site(folder)
    pack = read_pack(path)
    click.echo(f"{path} is valid: {len(pack.areas)} areas, {len(pack.bins)} bins")


@site.command()
@click.argument("folder")
def load(folder: str) -> None:
    """Load the pack in FOLDER, whole or not at all. Loading it again changes nothing."""
    pack = read_pack(find_site(folder))
    with database() as conn:
        report = load_pack(conn, pack, actor=actor())
    for name, table in report.tables.items():
        click.echo(
            f"{name:15} {table.added:5} added {table.changed:5} changed "
            f"{table.unchanged:5} as before"
            + (f" {table.removed:5} corrected ones removed" if table.removed else "")
        )
    if report.advice:
        click.secho(report.advice, fg="yellow")


@site.command()
def rounds() -> None:
    """List the city's fixed rounds: which site or bin is emptied on which days of the week.

    They come from rounds.csv of the site pack. Of a place's rounds the newest that has begun is in
    force, and a bin's own comes before its site's. Without any, plans invent them and say so.
    """
    with database() as conn:
        found = list_rounds(conn)
    for one in found:
        days = " ".join(_DAYS[day - 1] for day in one.weekdays) or "never"
        mark = "  (invented)" if one.is_invented else ""
        kind = "site" if one.is_site else "bin"
        click.echo(
            f"{one.place:16} {kind:4}  from {one.valid_from}  {days:27}  "
            f"{one.vehicle or '':14}{mark}".rstrip()
        )
    if not found:
        click.echo("no rounds: write rounds.csv in the site pack and `angkut site load` it")
