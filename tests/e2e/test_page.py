import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from e2e.map_picture import on_map
from e2e.sensors import DISPLAY_NAME, FALLING_SILENT, FULL, MOVING, WITH_HISTORY
from e2e.visit import PHONE, Visit

#: Colours of `backend/web/src/palette.ts` and of the district on the map.
FULL_RED = (0xB1, 0x1F, 0x2B)
DISTRICT = (0xFB, 0xFC, 0xF9)
#: How long what is live may take to be seen, and how long a machine without a graphics card
#: may take to draw a map, milliseconds.
LIVE_MS = 5_000
DRAWN_MS = 60_000
FINGER_PX = 44


def row(code: str) -> str:
    return f".list .row[data-code='{code}']"


def wait_until_drawn(page: Page) -> None:
    deadline = datetime.now(UTC) + timedelta(milliseconds=DRAWN_MS)
    while on_map(page, FULL_RED)["n"] < 20:
        assert datetime.now(UTC) < deadline, "the map shows no full bin"
        page.wait_for_timeout(100)


def test_a_person_signs_in_is_named_with_the_role_and_signs_out(visit: Visit) -> None:
    page = visit.sign_in()
    expect(page.locator(".who")).to_have_text(re.compile(f"{DISPLAY_NAME}.*Pengatur angkutan"))
    page.get_by_role("button", name="Keluar").click()
    expect(page.locator("input[name=username]")).to_be_visible()
    page.reload()
    expect(page.locator("input[name=username]")).to_be_visible()


def test_a_wrong_password_is_refused_in_words(visit: Visit) -> None:
    page = visit.page
    page.goto(visit.stack.url)
    page.fill("input[name=username]", "siti")
    page.fill("input[name=password]", "salah")
    page.click("button[type=submit]")
    expect(page.get_by_role("alert")).to_have_text("Nama pengguna atau kata sandi salah.")


def test_the_map_draws_and_nothing_is_fetched_from_elsewhere(visit: Visit) -> None:
    page = visit.sign_in()
    wait_until_drawn(page)
    assert on_map(page, DISTRICT)["n"] > 10_000
    page.click(row(WITH_HISTORY))
    expect(page.locator(".chart canvas")).to_be_visible()
    # Before anybody is signed in the page asks who it is; that is no error.
    assert visit.errors == []
    assert visit.strangers == []


def test_a_click_on_a_bin_of_the_map_opens_it(visit: Visit) -> None:
    page = visit.sign_in()
    wait_until_drawn(page)
    middle = on_map(page, FULL_RED)
    page.locator(".map-canvas canvas").click(position={"x": middle["x"], "y": middle["y"]})
    expect(page.locator(".panel h2")).to_have_text(FULL)


def test_a_reading_over_mqtt_moves_the_bin_on_the_list_within_seconds(visit: Visit) -> None:
    page = visit.sign_in()
    known = page.locator("[data-group=known] .row")
    expect(known.first).to_have_attribute("data-code", FULL)
    visit.stack.sensors[MOVING].publish_now(99)
    expect(known.first).to_have_attribute("data-code", MOVING, timeout=LIVE_MS)
    expect(known.first).to_have_attribute("data-class", "full")
    expect(known.first).to_contain_text("99%")
    visit.stack.sensors[MOVING].publish_now(12)
    expect(page.locator(row(MOVING))).to_have_attribute("data-class", "low", timeout=LIVE_MS)


def test_a_bin_that_falls_silent_turns_unknown_by_itself_and_is_not_called_empty(
    visit: Visit,
) -> None:
    page = visit.sign_in()
    visit.stack.sensors[FALLING_SILENT].publish_now(5)
    silent = page.locator(row(FALLING_SILENT))
    expect(silent).to_have_attribute("data-class", "empty", timeout=LIVE_MS)
    # Three intervals of 3 s, and the page looks at its clock every 5 s.
    expect(silent).to_have_attribute("data-class", "unknown", timeout=9_000 + 2 * LIVE_MS)
    first_unknown = page.locator("[data-group=unknown] .row").first
    expect(first_unknown).to_have_attribute("data-code", FALLING_SILENT)
    expect(first_unknown).to_contain_text("terakhir 5%")


def test_an_opened_bin_shows_its_level_its_time_and_its_curve_and_follows(visit: Visit) -> None:
    page = visit.sign_in()
    page.click(row(WITH_HISTORY))
    panel = page.locator(".panel")
    expect(panel.locator(".level .badge")).to_contain_text("60%")
    expect(panel.locator(".level time")).to_contain_text("WIB")
    expect(panel.locator(".facts")).to_contain_text("3,5 V")
    # MOVING and FULL stand at the same collection point.
    expect(panel.locator(".neighbours .row")).to_have_count(2)
    chart = panel.locator(".chart")
    expect(chart).to_have_attribute("data-points", "121")
    visit.stack.sensors[WITH_HISTORY].publish_now(61)
    expect(panel.locator(".level .badge")).to_contain_text("61%", timeout=LIVE_MS)
    panel.get_by_role("button", name="24 jam").click()
    expect(chart).not_to_have_attribute("data-points", "121")
    assert f"bin={WITH_HISTORY}&span=24h" in page.url
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)


def test_a_lost_connection_is_shown_with_its_time_and_comes_back_with_what_was_missed(
    visit: Visit,
) -> None:
    page = visit.sign_in()
    live = page.locator(".live")
    expect(live).to_have_attribute("data-state", "live")
    page.context.set_offline(offline=True)
    expect(live).to_have_text(re.compile(r"^Terputus sejak \d\d\.\d\d WIB$"))
    visit.stack.sensors[MOVING].publish_now(55)
    page.context.set_offline(offline=False)
    expect(live).to_have_attribute("data-state", "live")
    expect(page.locator(row(MOVING))).to_have_attribute("data-class", "half", timeout=LIVE_MS)


def test_times_are_in_wib_whatever_the_zone_of_the_browser(visit: Visit) -> None:
    page = visit.sign_in(f"?bin={FULL}")
    shown = page.locator(".panel .level time")
    measured = datetime.fromisoformat(shown.get_attribute("datetime") or "")
    wib = measured.astimezone(UTC) + timedelta(hours=7)
    clock = wib.strftime("%H.%M")
    expect(shown).to_have_text(re.compile(rf"^{wib.day} \w+ {wib.year} {re.escape(clock)} WIB$"))


def test_the_language_is_switched_and_remembered(visit: Visit) -> None:
    page = visit.sign_in()
    expect(page.locator("html")).to_have_attribute("lang", "id")
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    expect(page.locator(row(FULL))).to_contain_text("Full")
    assert "lang=en" in page.url
    page.goto(visit.stack.url)
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def test_filters_stand_in_the_address_and_a_reload_keeps_them(visit: Visit) -> None:
    page = visit.sign_in()
    page.locator(".legend [data-class=full][aria-pressed]").click()
    expect(page.locator(".list .row")).to_have_count(1)
    assert "class=full" in page.url
    page.reload()
    expect(page.locator(".list .row")).to_have_count(1)
    page.get_by_role("searchbox").fill("tidak ada bak begini")
    expect(page.locator(".list .row")).to_have_count(0)
    page.get_by_role("button", name="Hapus saringan").click()
    expect(page.locator("[data-group=unknown] .row").first).to_be_visible()


@pytest.mark.parametrize("visit", [PHONE], ids=["phone"], indirect=True)
def test_on_a_phone_all_fits_and_every_target_is_wide_enough_for_a_finger(visit: Visit) -> None:
    page = visit.sign_in()
    wait_until_drawn(page)
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    heights: list[float] = page.locator(
        "button:visible, input:visible, select:visible"
    ).evaluate_all("all => all.map(one => one.getBoundingClientRect().height)")
    assert min(heights) >= FINGER_PX
    page.tap(row(WITH_HISTORY))
    panel = page.locator(".panel")
    expect(panel.locator(".chart canvas")).to_be_visible()
    box = panel.bounding_box()
    assert box is not None
    assert (box["x"], box["width"]) == (0, PHONE["width"])
    page.go_back()
    expect(panel).to_have_count(0)
