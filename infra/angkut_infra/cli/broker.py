"""`angkut broker`: what a production Mosquitto needs to know, from the wire contract."""

from pathlib import Path

import click

from angkut_backend.registry.service import broker_users
from angkut_broker import mosquitto
from angkut_broker.credentials import user_with_secret
from angkut_broker.session import ingest_client_id
from angkut_broker.session import provision as make_session
from angkut_infra.cli.context import database, ingest_at_broker, settings
from angkut_infra.stack.files import write_private

#: How long the broker may take to answer, seconds.
_ANSWER_S = 10.0


@click.group()
def broker() -> None:
    """Write the configuration of a production broker from the contract."""


_FILE = click.Path(dir_okay=False, path_type=Path)


@broker.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--port",
    type=click.IntRange(1, 65_535),
    default=1883,
    show_default=True,
    help="Port on the loopback address, for ingest on the same machine.",
)
@click.option(
    "--tls",
    type=(click.IntRange(1, 65_535), _FILE, _FILE),
    metavar="PORT CERT KEY",
    help="Listen for devices on PORT with TLS; they sign in with their passwords.",
)
@click.option("--device-ca", type=_FILE, help="With --tls: demand certificates of this authority.")
def write(
    folder: Path, port: int, tls: tuple[int, Path, Path] | None, device_ca: Path | None
) -> None:
    """Write mosquitto.conf, the access list and the password file into FOLDER.

    Run it again after `angkut devices add` and send Mosquitto a SIGHUP: it then knows the new
    devices, and connections stay. The embedded stack does this by itself.
    """
    found = settings()
    ingest = ingest_at_broker(found)
    server = [user_with_secret(ingest.username, "ingest", ingest.password)]
    if found.mqtt_worker_password is None:
        click.echo("mqtt_worker_password is not set: no commands will be sent to devices", err=True)
    else:
        password = found.mqtt_worker_password.get_secret_value()
        server.append(user_with_secret(found.mqtt_worker_username, "worker", password))
    with database() as conn:
        users = [*broker_users(conn), *server]
    listener = mosquitto.TlsListener(*tls, device_ca) if tls else None
    for needed in (folder, folder / mosquitto.DATA_FOLDER):
        needed.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, text in (
        (mosquitto.CONFIGURATION_FILE, mosquitto.configuration(port=port, tls=listener)),
        (mosquitto.ACCESS_FILE, mosquitto.access_list(users)),
        (mosquitto.PASSWORD_FILE, mosquitto.password_file(users)),
    ):
        write_private(folder / name, text)
        click.echo(f"wrote {folder / name}")
    click.echo(
        f"{len(users)} users; give {folder} to Mosquitto's own user (chown -R mosquitto), start it "
        "in this folder, or send it a SIGHUP"
    )


@broker.command()
def provision() -> None:
    """Make the session of this ingest worker at the broker, before the first message.

    A broker drops what nobody has subscribed to. Run it once for each ingest_worker, after the
    broker was set up and before devices publish. The embedded stack does this by itself.
    """
    found = settings()
    client_id = ingest_client_id(found.ingest_worker)
    address = ingest_at_broker(found)
    make_session(
        address,
        client_id=client_id,
        timeout_s=_ANSWER_S,
        share_group=found.ingest_share_group,
    )
    click.echo(f"{address} now keeps messages for {client_id}")
