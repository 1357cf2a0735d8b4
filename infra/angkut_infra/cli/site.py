"""`angkut site`: a city in plain files."""

import click

from angkut_backend.registry.site.load import load as load_pack
from angkut_backend.registry.site.pack import read_pack
from angkut_infra.cli.context import actor, database
from angkut_infra.sites import find_site


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
        )
    if report.advice:
        click.secho(report.advice, fg="yellow")
