"""Alerts on the page: from an event over MQTT to somebody who takes care of it."""

from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from angkut_broker.codec import encode
from angkut_broker.messages import Event, EventKind
from e2e.sensors import MOVING, Sensor
from e2e.visit import PHONE, Visit
from integration.infra.mqtt_client import Client

#: The job looks every 10 s, and the machine may be busy.
SOON_MS = 60_000


def report_fire(sensor: Sensor) -> None:
    event = Event(
        v=1,
        id=sensor.device_id,
        seq=next(sensor.seq),
        t=datetime.now(UTC),
        kind=EventKind.FIRE,
        value=88,
    )
    with Client(sensor.port, sensor.device_id, sensor.password) as client:
        client.publish(sensor.topic.removesuffix("telemetry") + "event", encode(event))


@pytest.mark.parametrize("visit", [PHONE], indirect=True)
def test_the_bell_fits_a_phone_and_says_when_there_is_nothing(visit: Visit) -> None:
    page = visit.sign_in()
    page.get_by_role("button", name="Peringatan").click()
    alerts = page.locator(".alert-list")
    expect(alerts).to_contain_text("Tidak ada peringatan.")
    box = alerts.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= PHONE["width"]
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


def test_a_fire_is_on_the_page_at_once_and_somebody_takes_care_of_it(visit: Visit) -> None:
    page = visit.sign_in()
    bell = page.locator(".bell-button")
    expect(bell).to_have_attribute("data-waiting", "0")
    report_fire(visit.stack.sensors[MOVING])
    expect(bell).to_have_attribute("data-waiting", "1", timeout=SOON_MS)
    bell.click()
    alert = page.locator(".alert-list .alert")
    expect(alert).to_contain_text("Panas atau api 88 °C")
    page.get_by_role("button", name="English").click()
    expect(page.locator(".alert-list")).to_have_count(0)
    bell.click()
    expect(alert).to_contain_text("Heat or fire")
    alert.get_by_role("button", name=MOVING).click()
    expect(page.locator(".alert-list")).to_have_count(0)
    expect(page.locator(".panel h2")).to_have_text(MOVING)
    page.locator(".panel").get_by_role("button", name="Take care").click()
    expect(page.locator(".panel .alert")).to_contain_text("Siti Rahma takes care")
    expect(bell).to_have_attribute("data-waiting", "0")
    assert visit.errors == []
