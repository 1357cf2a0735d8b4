"""`angkut roads`: the road network that plans drive on."""

from datetime import UTC, datetime
from pathlib import Path

import click

from angkut_backend.roads import graph
from angkut_infra.cli.context import settings
from angkut_infra.progress import bar


@click.group()
def roads() -> None:
    """Build the road network from an OpenStreetMap extract, and see which one is in force.

    Without one, plans measure straight lines times a factor and say that they are approximate.
    """


@roads.command()
@click.argument("extract", metavar="FILE.osm.pbf", type=click.Path(path_type=Path))
def build(extract: Path) -> None:
    """Build the graphs of trucks and motor carts from FILE.osm.pbf and put them in force.

    Cut the extract to the district and its landfill with some kilometres around: a whole island
    takes gigabytes of memory. Plans under way keep the network that they began with.
    """
    with bar("roads") as progress:
        found = graph.build(
            extract, settings().roads_folder, now=datetime.now(UTC), progress=progress
        )
    click.echo(f"{found.file} is in force: {found.folder}")


@roads.command()
def show() -> None:
    """Say which road network is in force."""
    found = graph.current(settings().roads_folder)
    if found is None:
        click.echo("no road network: plans are approximate. Build one: `angkut roads build FILE`")
    else:
        click.echo(f"{found.source}\nbuilt {found.built_at}\n{found.folder}")
