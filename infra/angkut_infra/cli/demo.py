"""`angkut demo`: everything on this machine."""

import os
import sys
import time
import webbrowser

import click

from angkut_infra.cli.context import settings
from angkut_infra.demo import DAYS, SEED, Demo, DemoState, utc_now
from angkut_infra.progress import bar
from angkut_infra.stack.stack import EmbeddedStack
from angkut_sim.fleet_file import BrokerAddress

#: How much faster than the clock the simulated bins fill, so that one sees it happen.
_SPEED = 60
_EVERY_S = 20


@click.command()
@click.option("--open/--no-open", "browser", default=True, help="Open the page in the browser.")
def demo(*, browser: bool) -> None:
    """Start the stack, load Bekasi Timur, publish 28 days of history through MQTT, go on live.

    Everything is kept in data_dir (./angkut-data); the next start goes on from there. To begin
    anew, remove that folder. All sensors are simulated and all bins are invented places.
    """
    began_s = time.monotonic()
    found = settings()
    with EmbeddedStack(found) as stack:
        site = Demo(
            found.data_dir / "demo", stack.dsn, BrokerAddress(stack.mqtt_host, stack.mqtt_port)
        )
        site.folder.mkdir(mode=0o700, exist_ok=True)
        click.echo("loading Bekasi Timur", err=True)
        state = site.prepare(now=utc_now())
        if state.history is None:
            stack.wait_for_devices()
            with bar(f"history of {DAYS} days") as progress:
                readings = site.fill_history(state, now=utc_now(), on_progress=progress)
            click.echo(f"{readings} readings came through MQTT and are stored", err=True)
        stack.run_service(
            "sensors",
            ["sim", "live", "--fleet", str(site.fleet_path), "--state", str(site.world_path)]
            + ["--seed", str(SEED), "--every-s", str(_EVERY_S), "--speed", str(_SPEED)],
        )
        _announce(stack.api_url, state, elapsed_s=time.monotonic() - began_s)
        if browser and _has_screen():
            webbrowser.open(stack.api_url)
        stack.run_until_stopped()


def _announce(url: str, state: DemoState, *, elapsed_s: float) -> None:
    click.secho(f"\n  Angkut siap dalam {elapsed_s:.0f} s / is ready: {url}", bold=True)
    click.echo(f"  masuk / sign in   dlh atau/or admin   kata sandi / password  {state.password}")
    click.echo(
        f"  simulasi: tiap sensor melapor tiap {_EVERY_S} s, tong terisi {_SPEED}x lebih cepat /\n"
        f"  simulated: each sensor reports every {_EVERY_S} s, bins fill {_SPEED} times faster"
    )
    click.echo("  berhenti / stop: Ctrl-C\n")


def _has_screen() -> bool:
    if not sys.stdout.isatty():
        return False
    return sys.platform == "darwin" or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )
