"""`angkut contract`: the documents that are generated from the wire contract."""

from pathlib import Path

import click

from angkut_broker import schema_files
from angkut_broker.errors import AngkutError


@click.group()
def contract() -> None:
    """Write or check the JSON Schemas and the AsyncAPI document."""


_FOLDER = click.Path(file_okay=False, path_type=Path)


@contract.command()
@click.argument("folder", type=_FOLDER, default=Path("broker/schemas"))
def write(folder: Path) -> None:
    """Write the documents into FOLDER (broker/schemas)."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in schema_files.files().items():
        (folder / name).write_text(text)
        click.echo(f"wrote {folder / name}")


@contract.command()
@click.argument("folder", type=_FOLDER, default=Path("broker/schemas"))
def check(folder: Path) -> None:
    """Fail if a document in FOLDER differs from what the code says."""
    stale = [
        name
        for name, text in schema_files.files().items()
        if not (folder / name).exists() or (folder / name).read_text() != text
    ]
    if stale:
        raise AngkutError(f"{', '.join(stale)} in {folder}: run `angkut contract write`")
    click.echo(f"{folder} is current")
