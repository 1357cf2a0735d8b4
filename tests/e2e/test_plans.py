"""Plans on the page: made, looked at, changed, put in force, and what drivers see of them."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, expect

from angkut_backend.accounts.service import Role, add_account
from angkut_backend.db import connect
from angkut_backend.forecast.loading import districts
from angkut_backend.planning import service
from angkut_backend.planning.policies import Policy, PolicyParameters
from angkut_backend.planning.search import Budget
from angkut_backend.planning.service import PlanOrder
from angkut_backend.roads.service import Roads
from e2e.sensors import PASSWORD, USERNAME, RunningStack
from e2e.visit import SMALL_PHONE, Visit

FINGER_PX = 44
#: A worker starts a process for each plan, and the machine may be busy.
MADE_MS = 60_000
DRIVER = "joko"


@pytest.fixture(scope="module")
def stack(stack: RunningStack) -> RunningStack:
    """The same with a driver."""
    with connect(stack.dsn) as conn:
        add_account(
            conn,
            username=DRIVER,
            display_name="Joko Susilo",
            role=Role.DRIVER,
            password=PASSWORD,
            actor="test",
        )
    return stack


@pytest.fixture(scope="module")
def planned(stack: RunningStack) -> UUID:
    """A plan for tomorrow, made without the page."""
    plan_id, now = uuid4(), datetime.now(UTC)
    order = PlanOrder(
        day=tomorrow(),
        policy=Policy.INTEGRATED,
        parameters=PolicyParameters(),
        budget=Budget(iterations=0),
        seed=1,
    )
    with connect(stack.dsn) as conn:
        district = districts(conn)[0]
        roads = Roads(Path("none"), None)
        service.make(conn, district, order, roads, plan_id, actor="account:dewi", now=now)
    return plan_id


@pytest.fixture
def driver(browser: Browser, stack: RunningStack) -> Iterator[Page]:
    """A driver who looks at tomorrow's plan on a phone."""
    with browser.new_context(viewport=SMALL_PHONE, is_mobile=True, has_touch=True) as context:
        page = Visit(context.new_page(), stack).enter(f"?plan=&day={tomorrow()}", DRIVER)
        page.wait_for_selector(".plan-list")
        yield page


def tomorrow() -> date:
    return datetime.now(ZoneInfo("Asia/Jakarta")).date() + timedelta(days=1)


def look_at(visit: Visit, plan_id: UUID) -> Page:
    """Sign in as a dispatcher at a plan; return when it is there."""
    page = visit.enter(f"?plan={plan_id}", USERNAME)
    page.locator(".drive-head").first.wait_for(timeout=MADE_MS)
    return page


def shown_plan(page: Page) -> str:
    found = re.search(r"[?&]plan=([0-9a-f-]{36})", page.url)
    return found[1] if found else ""


def wait_for_another_plan(page: Page, before: str) -> str:
    page.wait_for_url(lambda url: f"plan={before}" not in url, timeout=MADE_MS, wait_until="commit")
    expect(page.locator(".drive-head").first).to_be_visible(timeout=MADE_MS)
    return shown_plan(page)


def end_search(page: Page) -> None:
    page.get_by_role("button", name="Cukup").click(timeout=MADE_MS)
    expect(page.locator(".progress")).to_have_count(0, timeout=MADE_MS)


@pytest.mark.parametrize("visit", [SMALL_PHONE], ids=["phone"], indirect=True)
def test_on_a_small_phone_a_plan_fits_and_every_target_is_wide_enough(
    visit: Visit, planned: UUID
) -> None:
    page = look_at(visit, planned)
    page.get_by_role("button", name="Perluas daftar").tap()
    page.locator(".drive-head").first.tap()
    page.locator(".stop").first.tap()
    expect(page.locator(".stop-details")).to_contain_text("Alasan:")
    assert page.evaluate("document.documentElement.scrollWidth") == SMALL_PHONE["width"]
    heights: dict[str, float] = page.locator(
        "button:visible:not(.link), input:visible, select:visible, a:visible"
    ).evaluate_all(
        "all => Object.fromEntries(all.map("
        "one => [one.className + one.textContent, one.getBoundingClientRect().height]))"
    )
    assert {name: px for name, px in heights.items() if px < FINGER_PX} == {}


def test_a_plan_says_what_it_rests_on_and_a_reload_keeps_what_is_open(
    visit: Visit, planned: UUID
) -> None:
    page = look_at(visit, planned)
    head = page.locator(".plan-head")
    expect(head).to_contain_text("Dibuat dewi")
    # Four sensors in a district: every area keeps its fixed round.
    expect(head).to_contain_text("Hari ini tidak dihitung sebagai uji coba")
    expect(page.locator(".map-approximate")).to_contain_text("garis lurus")
    page.locator(".drive-head").first.click()
    stop = page.locator(".stop").first
    code = stop.get_attribute("data-code")
    stop.click()
    expect(page.locator(".stop-details")).to_contain_text("Wajib: jadwalnya hari ini.")
    assert f"bin={code}" in page.url
    page.reload()
    page.locator(".drive-head").first.wait_for(timeout=MADE_MS)
    expect(page.locator(".stop[aria-expanded=true]")).to_have_attribute("data-code", code or "")
    page.get_by_role("button", name=re.compile("^Tidak diangkut")).click()
    reasons = page.get_by_label("Alasan")
    reasons.select_option("forbidden")
    expect(page.locator(".left-bin").first).to_contain_text("Tidak dijadwalkan")
    page.get_by_role("button", name="English").click()
    expect(page.locator(".left-bin").first).to_contain_text("Not due")
    assert visit.errors == []
    assert visit.strangers == []


def test_a_plan_is_ordered_seen_at_once_and_the_search_ended_by_hand(
    visit: Visit, planned: UUID
) -> None:
    page = look_at(visit, planned)
    page.locator(".order-more summary").click()
    page.get_by_label("Lama mencari").select_option("180")
    page.get_by_role("button", name="Buat rencana", exact=True).click()
    expect(page.locator(".progress")).to_be_visible(timeout=MADE_MS)
    first = wait_for_another_plan(page, str(planned))
    expect(page.get_by_text("Rencana awal:")).to_be_visible(timeout=MADE_MS)
    end_search(page)
    assert shown_plan(page) != ""
    page.get_by_role("button", name=re.compile("^Riwayat")).click()
    expect(page.locator(f"[data-plan='{planned}']")).to_contain_text("dewi")
    expect(page.locator(".history-plan[aria-current]")).to_contain_text("siti")
    assert first != str(planned)
    assert visit.errors == []


def test_changes_are_collected_undone_sent_and_compared(visit: Visit, planned: UUID) -> None:
    page = look_at(visit, planned)
    page.locator(".drive-head").first.click()
    first, second = page.locator(".stop").nth(0), page.locator(".stop").nth(1)
    gone = second.get_attribute("data-code") or ""
    first.click()
    page.get_by_role("button", name=re.compile("^Kunci di")).click()
    second.click()
    page.get_by_role("button", name="Jangan angkut").click()
    bar = page.locator(".changes-bar")
    expect(bar).to_contain_text("2 perubahan")
    expect(second).to_contain_text("tidak diangkut")
    bar.get_by_role("button", name="Urungkan").click()
    expect(bar).to_contain_text("1 perubahan")
    page.get_by_role("button", name="Jangan angkut").click()
    page.reload()
    page.locator(".drive-head").first.wait_for(timeout=MADE_MS)
    expect(bar).to_contain_text("2 perubahan")
    bar.get_by_role("button", name="Hitung ulang").click()
    wait_for_another_plan(page, str(planned))
    end_search(page)
    compared = page.locator(".compared")
    expect(compared).to_contain_text("Dikeluarkan: 1", timeout=MADE_MS)
    expect(compared.get_by_role("button", name=gone)).to_be_visible()
    assert visit.errors == []


def test_publishing_brings_a_plan_to_drivers_who_can_only_read_it(
    visit: Visit, planned: UUID, driver: Page
) -> None:
    page = look_at(visit, planned)
    nothing = "Belum ada rencana yang berlaku"
    expect(driver.locator(".plan-list")).to_contain_text(nothing, timeout=MADE_MS)
    page.get_by_role("button", name="Terbitkan").click()
    page.get_by_role("dialog").get_by_role("button", name="Terbitkan").click()
    expect(page.locator(".plan-head .plan-state")).to_have_text("Berlaku", timeout=MADE_MS)
    in_force = driver.locator(".plan-head .plan-state")
    expect(in_force).to_have_text("Berlaku", timeout=MADE_MS)
    expect(driver.locator(".drive-head").first).to_be_visible()
    for name in ("Terbitkan", "Tarik", "Terima", "Buat rencana"):
        expect(driver.get_by_role("button", name=name)).to_have_count(0)
    assert visit.errors == []
