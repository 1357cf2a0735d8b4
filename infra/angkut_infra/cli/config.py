"""`angkut config`: which settings are in force, and where they came from."""

import click
from pydantic import SecretStr

from angkut_backend.settings import CONFIG_FILE, PREFIX, Settings, load_settings


@click.group()
def config() -> None:
    """Show the settings in force, or the defaults with comments."""


@config.command()
def show() -> None:
    """Print each setting in force and where it came from. Secrets are masked."""
    loaded = load_settings()
    for name in Settings.model_fields:
        value = getattr(loaded.settings, name)
        shown = "(not set)" if value is None else str(value)
        if isinstance(value, SecretStr):
            shown = "********"
        click.echo(f"{name:22} {shown:32} {loaded.origins[name]}")


@config.command()
def default() -> None:
    """Print a commented configuration file with the defaults."""
    click.echo(f"# Angkut. Save as {CONFIG_FILE}, or name the file in {PREFIX}CONFIG.")
    click.echo(f"# A variable {PREFIX}<NAME> wins over this file.")
    for name, field in Settings.model_fields.items():
        click.echo(f"\n# {field.description}")
        value = field.default
        if value is None:
            click.echo(f"# {name} =")
        elif isinstance(value, bool):
            click.echo(f"# {name} = {str(value).lower()}")
        elif isinstance(value, int):
            click.echo(f"# {name} = {value}")
        else:
            click.echo(f'# {name} = "{value}"')
