"""The command line `angkut`. Each command lives in a module of its own, imported when it runs."""

import importlib
import sys

import click

from angkut_broker import __version__
from angkut_broker.errors import AngkutError

#: Command, where it is, what it does; the order is the order of the help.
_COMMANDS = {
    "demo": ("demo", "Everything on this machine: stack, Bekasi Timur, 28 days of history, live."),
    "up": ("run", "Run broker, database, ingest, API and worker together, with one log."),
    "ingest": ("run", "Run ingest alone: from MQTT to the database."),
    "api": ("run", "Run the API and the page alone."),
    "worker": ("run", "Run jobs alone: what comes round by itself, plans, forecasts."),
    "migrate": ("run", "Bring the database to the schema of this Angkut."),
    "doctor": ("doctor", "Check broker, database, migrations, clock and disk; say what to do."),
    "config": ("config", "Show the settings in force, or the defaults with comments."),
    "site": ("site", "Validate and load a site pack: areas, bins, vehicles, calendar."),
    "devices": ("devices", "Register, import, mount, move, correct, list and retire sensors."),
    "bins": ("bins", "Print labels of bins, and where they were found to stand."),
    "gateways": ("gateways", "Add gateways, and see how they are: what waits, what is in the way."),
    "readings": ("readings", "Readings: quality, collections seen in them, deriving them again."),
    "forecast": ("forecast", "Forecast levels up to three days ahead; see how good that was."),
    "plan": ("plan", "Plan a shift: which bins, by whom, in which order; publish it."),
    "jobs": ("jobs", "See what workers were asked for; cancel it, or ask for it again."),
    "roads": ("roads", "Build the road network that plans drive on."),
    "accounts": ("accounts", "Add, list and change the accounts of people."),
    "tokens": ("tokens", "Add, list and revoke API tokens."),
    "dead-letters": ("dead_letters", "See what was refused, and why."),
    "alerts": ("alerts", "See what needs a person now, and what did."),
    "webhooks": ("webhooks", "Tell other programs of alerts: add, list, remove, test."),
    "contract": ("contract", "Write or check the JSON Schemas and the AsyncAPI document."),
    "broker": ("broker", "Write the configuration of a production broker from the contract."),
    "edge": ("edge", "A gateway beside a network server: decodes, keeps on disk, forwards."),
    "simulate": ("sim", "Simulated bins, sensors, towns; policies compared. Short: `sim`."),
}

#: Shorter names of commands.
_ALIASES = {"sim": "simulate"}


class _Commands(click.Group):
    """Loads a command's module only when it is asked for, so that `--help` needs no extras."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        cmd_name = _ALIASES.get(cmd_name, cmd_name)
        if cmd_name not in _COMMANDS:
            return None
        module, _ = _COMMANDS[cmd_name]
        try:
            loaded = importlib.import_module(f"angkut_infra.cli.{module}")
        except ModuleNotFoundError as exc:
            raise AngkutError(
                f"`angkut {cmd_name}` needs {exc.name}, which is not installed: "
                "install angkut[server], or angkut[demo] for the embedded stack"
            ) from exc
        command: click.Command = getattr(loaded, cmd_name.replace("-", "_"))
        return command

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002
        formatter: click.HelpFormatter,
    ) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Start with `angkut demo`. Each command explains itself: `angkut devices add --help`.",
)
@click.version_option(__version__, prog_name="angkut")
def angkut() -> None:
    """Angkut: from bin sensors to a live map.

    Settings come from ANGKUT_* variables, then angkut.toml, then the running stack in the
    data folder: `angkut config show` says which value came from where.
    """


def main() -> None:
    """Run the command line; an error that a person can mend is one line, not a traceback."""
    try:
        angkut()
    except AngkutError as exc:
        click.secho("angkut: ", fg="red", bold=True, nl=False, err=True)
        click.echo(str(exc), err=True)
        sys.exit(1)
