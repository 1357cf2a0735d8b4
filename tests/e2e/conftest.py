"""A browser at a running Angkut."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from e2e.sensors import (
    FALLING_SILENT,
    FULL,
    HALF_HOUR,
    MOVING,
    WITH_HISTORY,
    RunningStack,
    running_stack,
)
from e2e.visit import DESKTOP, Visit

#: Chromium draws WebGL without a graphics card; as root it has no sandbox.
FLAGS = [
    "--no-sandbox",
    "--enable-unsafe-swiftshader",
    # A picture that moves, in place of a camera.
    "--use-fake-device-for-media-stream",
]


# The synchronous Playwright leaves a running event loop in the thread, and other tests start
# theirs there: so it lives no longer than a module.
@pytest.fixture(scope="module")
def browser(chromium: Path) -> Iterator[Browser]:
    """Chromium."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield running
        running.close()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """Bekasi Timur with four sensors; the other bins have never reported."""
    intervals_s = {WITH_HISTORY: 1800, MOVING: 1800, FULL: 1800, FALLING_SILENT: 3}
    with running_stack(tmp_path_factory.mktemp("stack") / "data", intervals_s) as running:
        now = datetime.now(UTC).replace(microsecond=0)
        # Three days up to now, with half a day of silence in the middle.
        history = [
            (now - step * HALF_HOUR, 60 - step / 4) for step in range(144) if not 60 < step < 84
        ]
        running.sensors[WITH_HISTORY].publish(*reversed(history))
        running.sensors[MOVING].publish((now - timedelta(minutes=20), 12))
        running.sensors[FULL].publish((now - timedelta(minutes=10), 95))
        yield running


@pytest.fixture(params=[DESKTOP], ids=["desktop"])
def visit(request: pytest.FixtureRequest, browser: Browser, stack: RunningStack) -> Iterator[Visit]:
    """A fresh browser profile in another time zone than Bekasi's."""
    is_phone = request.param != DESKTOP
    with browser.new_context(
        viewport=request.param,
        is_mobile=is_phone,
        has_touch=is_phone,
        timezone_id="America/New_York",
        locale="en-US",
    ) as context:
        visit = Visit(context.new_page(), stack)
        visit.page.on("console", visit.note_console)
        visit.page.on("pageerror", lambda error: visit.errors.append(str(error)))
        visit.page.on("request", lambda sent: visit.note_request(sent.url))
        yield visit
