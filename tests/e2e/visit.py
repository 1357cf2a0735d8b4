"""Somebody at the page."""

from dataclasses import dataclass, field

from playwright.sync_api import ConsoleMessage, Page, ViewportSize

from e2e.sensors import PASSWORD, USERNAME, RunningStack

DESKTOP = ViewportSize(width=1440, height=900)
PHONE = ViewportSize(width=390, height=844)
#: The smallest that people still carry.
SMALL_PHONE = ViewportSize(width=360, height=740)


@dataclass
class Visit:
    """A page, and what it should not have done."""

    page: Page
    stack: RunningStack
    #: Errors of the console and uncaught ones.
    errors: list[str] = field(default_factory=list)
    #: Requests to anywhere but our own server.
    strangers: list[str] = field(default_factory=list)

    def note_console(self, message: ConsoleMessage) -> None:
        """Keep an error; warnings of the graphics driver are no matter."""
        if message.type == "error":
            self.errors.append(f"{message.text} ({message.location.get('url')})")

    def note_request(self, url: str) -> None:
        """Keep an address that is not ours."""
        if not url.startswith((self.stack.url, "blob:", "data:")):
            self.strangers.append(url)

    def sign_in(self, query: str = "", username: str = USERNAME) -> Page:
        """Open the page and sign in; return when the bins are there."""
        page = self.enter(query, username)
        page.wait_for_selector(".row")
        return page

    def enter(self, query: str, username: str) -> Page:
        """Open an address and sign in there."""
        self.page.goto(f"{self.stack.url}/{query}")
        self.page.fill("input[name=username]", username)
        self.page.fill("input[name=password]", PASSWORD)
        self.page.click("button[type=submit]")
        return self.page
