"""Dead letters on the page: from a refused message to the stored reading."""

import pytest
from playwright.sync_api import expect

from angkut_backend.db import connect
from e2e.sensors import ADMIN, WITH_HISTORY, RunningStack
from e2e.visit import PHONE, Visit
from integration.infra.mqtt_client import Client
from parts.waiting import wait_until


def count(stack: RunningStack, what: str) -> int:
    with connect(stack.dsn) as conn:
        row = conn.execute(f"SELECT count(*) AS n FROM {what}").fetchone()  # noqa: S608 - ours
        assert row is not None
        return int(row["n"])


def count_open(stack: RunningStack) -> int:
    return count(stack, "dead_letter WHERE is_open")


def arrive_while_retired(stack: RunningStack) -> None:
    """A good reading of a device that is retired by mistake, and a message that is no JSON."""
    sensor = stack.sensors[WITH_HISTORY]
    own = f"readings JOIN device USING (device_id) WHERE external_id = '{sensor.device_id}'"
    wait_until(lambda: count(stack, own), what="the history, which must not be refused")
    retire = "UPDATE device SET retired_at = %s WHERE external_id = %s"
    with connect(stack.dsn) as conn:
        conn.execute(retire, ["now", sensor.device_id])
    sensor.publish_now(33)
    with Client(sensor.port, sensor.device_id, sensor.password) as client:
        client.publish(sensor.topic, b"{<b>")
    wait_until(lambda: count_open(stack) == 2, what="both letters")
    with connect(stack.dsn) as conn:
        conn.execute(retire, [None, sensor.device_id])


def test_an_admin_finds_inspects_and_replays_what_was_refused(visit: Visit) -> None:
    arrive_while_retired(visit.stack)
    page = visit.sign_in(username=ADMIN)
    page.get_by_role("button", name="Surat mati (2)").click()
    box = page.get_by_role("dialog", name="Surat mati")
    expect(box.locator(".letter")).to_have_count(2)

    box.get_by_label("Semua alasan").select_option(label="Perangkat sudah dipensiunkan (1)")
    expect(box.locator(".letter")).to_have_count(1)
    box.locator(".letter-head").click()
    expect(box.locator("pre")).to_contain_text('"d_mm": [\n    870,')
    box.get_by_role("button", name="Simpan ulang 1 surat").click()
    expect(box.get_by_role("status")).to_have_text("1 tersimpan, 0 tetap ditolak")
    assert count_open(visit.stack) == 1

    box.get_by_label("Semua alasan").select_option("")
    box.locator(".letter-head", has_text="Bukan JSON").click()
    expect(box.locator("pre")).to_have_text("{<b>")
    box.get_by_role("button", name="Simpan ulang", exact=True).click()
    expect(box.locator(".letter-outcome")).to_contain_text("Tetap ditolak not_json")
    box.get_by_role("button", name="Buang").click()
    expect(box.locator(".letter-outcome")).to_contain_text("Dibuang")
    assert count_open(visit.stack) == 0

    page.keyboard.press("Escape")
    expect(box).to_have_count(0)
    expect(page.get_by_role("button", name="Surat mati", exact=True)).to_be_visible()
    assert visit.errors == []


def test_a_dispatcher_is_offered_no_dead_letters(visit: Visit) -> None:
    expect(visit.sign_in().locator(".letterbox-button")).to_have_count(0)


@pytest.mark.parametrize("visit", [PHONE], indirect=True)
def test_the_dead_letters_fit_a_phone(visit: Visit) -> None:
    page = visit.sign_in(username=ADMIN)
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    brand, bell = (page.locator(name).bounding_box() for name in (".brand", ".bell"))
    assert brand is not None
    assert bell is not None
    assert brand["x"] + brand["width"] <= bell["x"]
    expect(page.locator(".place")).to_be_hidden()
    page.locator(".letterbox-button").click()
    box = page.locator(".letterbox").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= PHONE["width"]
