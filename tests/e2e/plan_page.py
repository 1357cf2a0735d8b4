"""What people do at the page of plans."""

import re
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from playwright.sync_api import Page, expect

from e2e.sensors import USERNAME
from e2e.visit import Visit

#: A worker starts a process for each plan, and the machine may be busy.
MADE_MS = 60_000


def tomorrow() -> date:
    """Return tomorrow's date in Bekasi."""
    return datetime.now(ZoneInfo("Asia/Jakarta")).date() + timedelta(days=1)


def look_at(visit: Visit, plan_id: UUID) -> Page:
    """Sign in as a dispatcher at a plan; return when it is there."""
    page = visit.enter(f"?plan={plan_id}", USERNAME)
    page.locator(".drive-head").first.wait_for(timeout=MADE_MS)
    return page


def shown_plan(page: Page) -> str:
    """Return the id that the address has; may be empty."""
    found = re.search(r"[?&]plan=([0-9a-f-]{36})", page.url)
    return found[1] if found else ""


def wait_for_another_plan(page: Page, before: str) -> str:
    """Return the id of the plan that takes the place of the one shown."""
    page.wait_for_url(lambda url: f"plan={before}" not in url, timeout=MADE_MS, wait_until="commit")
    expect(page.locator(".drive-head").first).to_be_visible(timeout=MADE_MS)
    return shown_plan(page)


def end_search(page: Page) -> None:
    """Be content with the best plan so far; return when the search has ended."""
    page.get_by_role("button", name="Cukup").click(timeout=MADE_MS)
    expect(page.locator(".progress")).to_have_count(0, timeout=MADE_MS)
