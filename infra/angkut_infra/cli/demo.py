"""`angkut demo`: everything on this machine."""

import os
import sys
import time
import webbrowser
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial

import click

from angkut_backend.clock import utc_now
from angkut_backend.settings import load_settings
from angkut_infra.demo import DAYS, Demo, DemoState
from angkut_infra.progress import bar
from angkut_infra.stack.stack import EmbeddedStack

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
    loaded = load_settings()
    data_dir = loaded.settings.data_dir
    stack = EmbeddedStack(data_dir, loaded=loaded)
    with suppress(KeyboardInterrupt), stack:  # to be told to stop while it starts is no fault
        site = Demo(data_dir / "demo", stack.dsn, stack.broker)
        click.echo("loading Bekasi Timur", err=True)
        state = site.prepare(now=utc_now())
        if not state.complete:
            with bar(f"history of {DAYS} days") as progress:
                work = partial(site.fill_history, state, progress, stopping=lambda: stack.stopping)
                readings = _while_tending(stack, work)
            click.echo(f"{readings} readings came through MQTT and are stored", err=True)
        stack.add_service("sensors", site.live_arguments(every_s=_EVERY_S, speed=_SPEED))
        _announce(stack.api_url, state, elapsed_s=time.monotonic() - began_s)
        if browser and _has_screen():
            webbrowser.open(stack.api_url)
        stack.run_until_stopped()


def _while_tending(stack: EmbeddedStack, work: Callable[[], int]) -> int:
    """Do long work in a thread while the stack is looked after here."""
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(work)
        while not future.done():
            stack.tend()
        return future.result()


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
