"""`angkut edge`: a gateway beside a network server. The base install is enough for it."""

import random
from datetime import UTC, datetime
from pathlib import Path

import click

from angkut_backend.monitor import Health, monitor
from angkut_broker.session import BrokerUnreachableError
from angkut_broker.session import check as visit
from angkut_edge.gateway import Gateway
from angkut_edge.settings import GatewaySettings, load
from angkut_infra.cli import edge_decode
from angkut_infra.cli.process import set_up_logging, stop_by_signal

DEFAULT_FILE = "angkut-edge.toml"
#: How long a broker may take to answer, seconds.
_ANSWER_S = 5.0


@click.group(invoke_without_command=True)
@click.option(
    "--config",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    default=DEFAULT_FILE,
    show_default=True,
    help="The gateway's settings.",
)
@click.pass_context
def edge(context: click.Context, file: Path) -> None:
    """Run a gateway: it decodes uplinks, keeps them on disk and sends them until they are stored.

    What a source brings is acknowledged after it is on disk, and forgotten when upstream says
    that it is stored. Ctrl-C or SIGTERM ends it within seconds; nothing is lost.

    \b
    Example:
      angkut edge check /etc/angkut/angkut-edge.toml
      angkut edge --config /etc/angkut/angkut-edge.toml
    """
    if context.invoked_subcommand is None:
        _run(file)


def _run(file: Path) -> None:
    settings = load(file)
    set_up_logging(settings.log_level)
    gateway = Gateway(
        settings,
        clock=lambda: datetime.now(UTC),
        # Jitter only: nothing secret hangs on it.
        rng=random.Random(),  # noqa: S311
    )

    def health() -> Health:
        state = gateway.health()
        return Health(state.alive, state.troubles)

    address = (settings.metrics.host, settings.metrics.port) if settings.metrics else None
    with monitor(address, gateway.metrics.registry, health):
        gateway.run(stop_by_signal())


@edge.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), default=DEFAULT_FILE)
@click.option("--connect", is_flag=True, help="Also ask each broker whether it lets us in.")
def check(file: Path, *, connect: bool) -> None:
    """Check FILE (angkut-edge.toml) and say of each field what is wrong with it."""
    settings = load(file)
    click.echo(f"gateway   {settings.gateway}: {settings.topic_root}")
    click.echo(f"upstream  {settings.upstream.address(settings.gateway)}")
    for source in settings.sources:
        filters = ", ".join(source.envelope.filters)
        click.echo(f"source    {source.name}: {source.envelope.kind} at {source.address()}")
        click.echo(f"          {filters}")
    bounds = settings.spool
    click.echo(f"spool     {bounds.path}: {bounds.max_mb} MB and {bounds.max_days} days at most")
    click.echo(f"models    {len(settings.models)} devices named here; the others by their source")
    if connect and not _connect(settings):
        raise click.exceptions.Exit(1)
    click.echo("all is well")


def _connect(settings: GatewaySettings) -> bool:
    addresses = {"upstream": settings.upstream.address(settings.gateway)}
    addresses |= {source.name: source.address() for source in settings.sources}
    all_well = True
    for name, address in addresses.items():
        try:
            visit(address, timeout_s=_ANSWER_S)
        except BrokerUnreachableError as exc:
            click.secho(f"{name:9} {exc}", fg="red")
            all_well = False
        else:
            click.echo(f"{name:9} lets us in")
    return all_well


for _command in (edge_decode.models, edge_decode.decode, edge_decode.read):
    edge.add_command(_command)
