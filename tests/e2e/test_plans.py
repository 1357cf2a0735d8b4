"""Plans on the page: made, looked at, changed, put in force, and what drivers see of them."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

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
from e2e.map_picture import on_map
from e2e.plan_page import (
    MADE_MS,
    end_search,
    look_at,
    shown_plan,
    tomorrow,
    wait_for_another_plan,
)
from e2e.sensors import PASSWORD, RunningStack
from e2e.visit import SMALL_PHONE, Visit

FINGER_PX = 44
#: What a driver hits with a thumb while the engine runs.
THUMB_PX = 60
DRIVER = "joko"
#: The ring around what is selected, of `backend/web/src/plans/planmapstyle.ts`.
RING = (0x10, 0x20, 0x1B)


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


@pytest.mark.parametrize("visit", [SMALL_PHONE], ids=["phone"], indirect=True)
def test_on_a_small_phone_a_plan_fits_and_every_target_is_wide_enough(
    visit: Visit, planned: UUID
) -> None:
    page = look_at(visit, planned)
    page.get_by_role("button", name="Perluas daftar").tap()
    page.locator(".drive-head").first.tap()
    page.locator(".stop").first.tap()
    expect(page.locator(".stop-details")).to_contain_text("Alasan:")
    for panel in page.locator(".plan-panel > summary").all():
        panel.tap()
    page.get_by_role("button", name="Jangan angkut").tap()
    page.locator(".changes-bar summary").tap()
    page.locator(".plan-files summary").tap()
    files = page.locator(".plan-files ul").bounding_box()
    assert files
    assert 0 <= files["x"] <= files["x"] + files["width"] <= SMALL_PHONE["width"]
    assert page.evaluate("document.documentElement.scrollWidth") == SMALL_PHONE["width"]
    # Ticks are as high as their label, which is what a finger hits.
    heights: dict[str, float] = page.locator(
        ":is(button, summary, input:not([type=checkbox]), select, a):visible"
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
    expect(head).to_contain_text("Tanggal ini tidak dihitung sebagai uji coba")
    expect(page.locator(".map-approximate")).to_contain_text("garis lurus")
    page.locator(".drive-head").first.click()
    stop = page.locator(".stop").first
    code = stop.get_attribute("data-code")
    stop.click()
    expect(page.locator(".stop-details")).to_contain_text("Wajib: terjadwal pada tanggal ini.")
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


def test_a_stop_on_the_map_opens_its_reason_and_escape_closes_it(
    visit: Visit, planned: UUID
) -> None:
    page = look_at(visit, planned)
    page.locator(".drive-head").first.click()
    stop = page.locator(".stop").first
    stop.click()
    # The ring around what is selected tells where it is; it is drawn a moment later.
    ring = on_map(page, RING)
    while ring["n"] < 20:
        page.wait_for_timeout(100)
        ring = on_map(page, RING)
    page.keyboard.press("Escape")
    expect(page.locator(".stop-details")).to_have_count(0)
    expect(stop).to_be_focused()
    page.locator(".map-canvas canvas").click(position={"x": ring["x"], "y": ring["y"]})
    # Bins of one place are one mark to a finger: one of them opens.
    expect(page.locator(".stop-details")).to_contain_text("Alasan:")
    page.keyboard.press("Escape")
    expect(page.locator(".stop-details")).to_have_count(0)
    assert "bin=" not in page.url
    assert visit.errors == []


def test_what_the_street_brings_is_noted_taken_back_and_kept_in_the_plan(
    visit: Visit, planned: UUID
) -> None:
    page = look_at(visit, planned)
    bar = page.locator(".changes-bar")
    page.get_by_text("Antrean di tempat bongkar").click()
    page.get_by_label("lebih lama (menit)").first.fill("45")
    page.get_by_role("button", name="Catat").first.click()
    expect(bar).to_contain_text("45 menit lebih lama")
    page.locator(".drive-head").first.click()
    page.locator(".stop").first.click()
    page.get_by_label("Terjangkau dari").fill("06:00")
    page.get_by_role("button", name="Batasi jam").click()
    page.get_by_role("button", name="Ada pengaduan").click()
    expect(page.locator(".stop").first).to_contain_text("terjangkau dari 06.00 WIB")
    expect(bar).to_contain_text("3 perubahan")
    bar.get_by_role("button", name="Urungkan").click()
    expect(bar).to_contain_text("2 perubahan")
    page.get_by_role("button", name=re.compile("^Tidak diangkut")).click()
    left = page.locator(".left-bin").first
    code = left.get_attribute("data-code") or ""
    left.click()
    page.get_by_role("button", name="Ada pengaduan").click()
    bar.get_by_role("button", name="Hitung ulang").click()
    changed = wait_for_another_plan(page, str(planned))
    end_search(page)
    standing = page.request.get(f"{visit.stack.url}/api/plans/{changed}").json()["standing"]
    assert [one["extra_min"] for one in standing["queues"]] == [45]
    assert [one["after"][11:16] for one in standing["hours"]] == ["23:00"]
    assert standing["complaints"] == [code]
    page.locator(".compared").get_by_role("button", name=code).click()
    expect(page.locator(".stop-details")).to_contain_text("ada pengaduan warga", timeout=MADE_MS)
    assert visit.errors == []


def test_in_the_shift_the_rest_is_planned_anew_from_what_is_served(
    visit: Visit, planned: UUID
) -> None:
    page = look_at(visit, planned)
    panel, bar = page.locator(".plan-panel").first, page.locator(".changes-bar")
    panel.locator("summary").click()
    panel.get_by_label("Dari jam").fill("04:30")
    panel.get_by_role("button", name="Pakai").click()
    bar.get_by_role("button", name="Hitung ulang").click()
    expect(panel.locator(".fault")).to_contain_text("di luar giliran kerja", timeout=MADE_MS)
    panel.get_by_label("Dari jam").fill("05:30")
    panel.get_by_role("button", name="Pakai").click()
    expect(panel.locator(".fault")).to_have_count(0)
    vehicle = panel.locator(".assumed-vehicle").first
    vehicle.click()
    before = vehicle.inner_text()
    open_ticks = page.locator(".tick input:not(:checked)")
    name = open_ticks.first.get_attribute("aria-label") or ""
    open_ticks.first.check()
    expect(vehicle).not_to_have_text(before)
    bar.get_by_role("button", name="Hitung ulang").click()
    wait_for_another_plan(page, str(planned))
    end_search(page)
    takeover = page.locator(".plan-takeover")
    expect(takeover).to_contain_text("mulai 05.30 WIB")
    takeover.locator("summary").click()
    expect(takeover.locator("ul")).to_contain_text(name.split()[0])
    # The refusal of the first try is an answer of the service, and the browser notes it.
    assert [error for error in visit.errors if "422" not in error] == []


def test_where_a_vehicle_is_what_it_carries_and_has_served_is_told_on_the_page(
    visit: Visit, planned: UUID
) -> None:
    page = look_at(visit, planned)
    page.get_by_text("Sedang berjalan").click()
    page.get_by_label("Dari jam").fill("05:30")
    page.get_by_role("button", name="Pakai").click()
    vehicle = page.locator(".assumed-vehicle").first
    vehicle.click()
    up_to, load = page.get_by_label("Terangkut sampai nomor"), page.get_by_label("Muatan (kg)")
    served = int(up_to.input_value()) + 1
    up_to.fill("9999")
    up_to.press("Enter")
    expect(page.locator(".report")).to_contain_text("Tulis nomor dari 0 sampai")
    load.fill("99.999")
    load.press("Enter")
    expect(page.locator(".report")).to_contain_text("Melebihi muatannya")
    expect(vehicle).to_contain_text("muatan 99.999 kg")
    expect(page.locator(".changes-bar")).to_contain_text("2 perubahan")
    up_to.fill(str(served))
    up_to.press("Enter")
    load.fill("40")
    load.press("Enter")
    expect(page.locator(".report .fault")).to_have_count(0)
    expect(vehicle).to_contain_text("muatan 40 kg")
    page.get_by_label("Posisi kendaraan").select_option(label="TPA Sumur Batu")
    expect(vehicle).to_contain_text("di TPA Sumur Batu")
    page.get_by_role("button", name="Tunjuk di peta").click()
    page.keyboard.press("Escape")
    expect(page.locator(".map-pointing")).to_have_count(0)
    page.get_by_role("button", name="Tunjuk di peta").click()
    page.locator(".map-canvas canvas").click(position={"x": 200, "y": 300})
    expect(page.locator(".map-pointing")).to_have_count(0)
    expect(vehicle).not_to_contain_text("di TPA Sumur Batu")
    expect(page.get_by_label("Posisi kendaraan")).not_to_have_value("")
    page.get_by_role("button", name="Hitung ulang").click()
    changed = wait_for_another_plan(page, str(planned))
    end_search(page)
    made = page.request.get(f"{visit.stack.url}/api/plans/{changed}").json()
    (told,) = made["changes"]["underway"]["vehicles"]
    assert told["load_kg"] == 40
    assert told["load_l"] > 40
    assert len(told["served"]) == served
    assert 106.9 < told["lon"] < 107.1
    assert -6.4 < told["lat"] < -6.2
    # What came of it begins without changes; so does the plan that was changed.
    expect(page.locator(".changes-bar")).to_have_count(0)
    page.goto(f"{visit.stack.url}/?plan={planned}")
    page.locator(".drive-head").first.wait_for(timeout=MADE_MS)
    expect(page.locator(".changes-bar")).to_have_count(0)
    assert visit.errors == []


def test_a_plan_whose_vehicle_changed_is_not_published_and_says_what_changed(
    visit: Visit, planned: UUID
) -> None:
    page = look_at(visit, planned)
    with connect(visit.stack.dsn) as conn:
        conn.execute("UPDATE vehicle SET payload_kg = payload_kg - 1")
    try:
        page.get_by_role("button", name="Terbitkan").click()
        page.get_by_role("dialog").get_by_role("button", name="Terbitkan").click()
        said = page.locator(".plan-changed li").first
        expect(said).to_have_text(re.compile("^Kendaraan .+: muatannya berubah$"))
    finally:
        with connect(visit.stack.dsn) as conn:
            conn.execute("UPDATE vehicle SET payload_kg = payload_kg + 1")
    expect(page.locator(".plan-head .plan-state")).to_have_text("Draf")


def test_publishing_brings_a_plan_to_drivers_who_can_only_read_it(
    visit: Visit, planned: UUID, driver: Page
) -> None:
    page = look_at(visit, planned)
    nothing = "Belum ada rencana yang berlaku"
    expect(driver.locator(".plan-list")).to_contain_text(nothing, timeout=MADE_MS)
    page.locator(".drive-head").first.click()
    page.get_by_role("button", name=re.compile("^Jangan pakai")).click()
    page.get_by_role("button", name="Terbitkan").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("1 perubahan belum dihitung dan tidak ikut diterbitkan")
    expect(dialog.get_by_role("button", name="Batal")).to_be_focused()
    dialog.get_by_role("button", name="Terbitkan").click()
    expect(page.locator(".plan-head .plan-state")).to_have_text("Berlaku", timeout=MADE_MS)
    in_force = driver.locator(".plan-head .plan-state")
    expect(in_force).to_have_text("Berlaku", timeout=MADE_MS)
    expect(driver.locator(".drive-head").first).to_be_visible()
    for name in ("Terbitkan", "Tarik", "Terima", "Buat rencana"):
        expect(driver.get_by_role("button", name=name)).to_have_count(0)
    driver.get_by_text("Unduh").tap()
    files = driver.locator(".plan-files ul").bounding_box()
    assert files
    assert files["x"] >= 0
    driver.locator(".drive-head").first.tap()
    way = driver.locator(".next-place a")
    expect(way).to_have_attribute("href", re.compile(r"^geo:-6\."))
    assert (way.bounding_box() or {"height": 0})["height"] >= THUMB_PX
    sheet = driver.get_by_role("link", name=re.compile(r"^Lembar rute .+ \(PDF\)$"))
    content = driver.request.get(f"{visit.stack.url}{sheet.get_attribute('href')}").body()
    assert content.startswith(b"%PDF-")
    first = driver.locator(".next-place b").inner_text()
    driver.get_by_role("button", name="Tujuan sesudahnya").tap()
    expect(driver.locator(".next-place b")).not_to_have_text(first)
    page.get_by_role("button", name="Tarik").click()
    expect(page.get_by_role("dialog").get_by_role("button", name="Batal")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator(".plan-head .plan-state")).to_have_text("Berlaku")
    assert visit.errors == []
