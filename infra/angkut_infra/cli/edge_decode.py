"""`angkut edge models`, `decode` and `read`: what the gateway makes of a device's bytes."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import click

from angkut_broker.errors import AngkutError
from angkut_edge import models as known
from angkut_edge.envelopes.jsons import hex_bytes
from angkut_edge.hearing import hear
from angkut_edge.hearing import read as read_message
from angkut_edge.model import Model
from angkut_edge.settings import load
from angkut_edge.uplink import Heard, Uplink

_DEVICE = "0000000000000000"


@click.command()
@click.argument("name", required=False)
def models(name: str | None) -> None:
    """List the sensor models that a gateway can decode, or tell all of one.

    \b
    Example:
      angkut edge models
      angkut edge models em400-mud
    """
    if name is None:
        for model in known.registry().values():
            click.echo(f"{model.name:20} {model.maker:16} {model.sensor:12} {model.evidence}")
        return
    found = _find(name)
    click.echo(f"model     {found.name} {' '.join(f'({alias})' for alias in found.aliases)}")
    click.echo(f"maker     {found.maker}")
    click.echo(f"sensor    {found.sensor}")
    click.echo(f"rests on  {found.evidence}: {found.source}")


@click.command()
@click.option("--model", "name", required=True, help="As `angkut edge models` lists it.")
@click.option("--port", type=click.IntRange(0, 255), help="LoRaWAN port, where the model needs it.")
@click.argument("hexadecimal", nargs=-1, required=True)
def decode(name: str, port: int | None, hexadecimal: tuple[str, ...]) -> None:
    """Decode the bytes of one uplink, given as hexadecimal digits.

    Blanks, colons, hyphens, 0x and capitals do not matter. Network servers show bytes as base64,
    too: `base64 -d | xxd -p` turns it into hexadecimal digits.

    \b
    Example:
      angkut edge decode --model em400-mud --port 85 01755C 03670101 04824408 050001
    """
    payload = hex_bytes(" ".join(hexadecimal))
    now, model = datetime.now(UTC), _find(name).name
    uplink = Uplink("command line", _DEVICE, received=now, hint=model, f_port=port, payload=payload)
    _tell(hear(uplink, now=now, models={}))


@click.command()
@click.option(
    "--config",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    default="angkut-edge.toml",
    show_default=True,
    help="The gateway's settings.",
)
@click.option("--topic", required=True, help="Topic on which the message came.")
@click.argument("source")
@click.argument("message", type=click.File("rb"), default="-")
def read(file: Path, topic: str, source: str, message: IO[bytes]) -> None:
    """Read one MESSAGE (a file, or standard input) as the SOURCE of the settings would.

    Nothing is sent or kept: to try settings on a message that a broker has shown.

    \b
    Example:
      angkut edge read lora --topic application/1/device/24e124535b316056/event/up uplink.json
    """
    settings = load(file)
    envelopes = {one.name: one.envelope for one in settings.sources}
    if source not in envelopes:
        raise AngkutError(f"{file} has no source {source!r}; it has {', '.join(envelopes)}")
    told = read_message(
        envelopes[source],
        topic,
        message.read(),
        now=datetime.now(UTC),
        models=settings.models,
    )
    _tell(told)


def _find(name: str) -> Model:
    found = known.find(name)
    if found is None:
        raise AngkutError(
            f"there is no decoder for {name!r}; there are {', '.join(known.registry())}"
        )
    return found


def _tell(told: Heard) -> None:
    for title, found in (
        ("reading", told.readings),
        ("event", told.events),
        ("meta", told.metas),
    ):
        for message in found:
            click.echo(f"{title:8} {message.model_dump_json(exclude_none=True, exclude={'v'})}")
    for answer in told.answers:
        click.echo(f"answer   {answer.device}: {answer.stage} {answer.detail or ''}")
    if told.ignored:
        click.echo(f"nothing: {told.ignored}")
    elif not (told.readings or told.events or told.metas or told.answers or told.refusals):
        click.echo("nothing: the frame holds no reading")
    for refusal in told.refusals:
        click.secho(f"refused  {refusal.reason}: {refusal.detail}", fg="red", err=True)
    if told.refusals:
        sys.exit(1)
