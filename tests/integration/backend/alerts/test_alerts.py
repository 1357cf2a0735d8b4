"""Alerts as people meet them: listed, acknowledged once, told live."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from angkut_backend import db
from angkut_backend.accounts.service import Role, Scope
from angkut_backend.alerts.watch import watch
from parts.api import Api
from parts.live import stream
from parts.registry import BIN, DEVICE, FREE_BIN, add_registry
from parts.waiting import wait_until

LISTENERS = "SELECT pid FROM pg_stat_activity WHERE application_name = 'angkut-live'"


@pytest.fixture
def conn(api: Api, conn: db.Connection) -> db.Connection:  # noqa: ARG001 - its listener
    add_registry(conn)
    wait_until(lambda: _listeners(conn), what="the listener")
    return conn


def _listeners(conn: db.Connection) -> int:
    n = len(conn.execute(LISTENERS).fetchall())
    conn.rollback()
    return n


def happen(conn: db.Connection, kind: str, value: float | None = None) -> None:
    """Store an event of this moment and run the job."""
    conn.execute(
        "INSERT INTO event (device_id, observed_at, kind, seq, received_at, value)"
        " SELECT device_id, now() - interval '1 second', %s, 1, now(), %s FROM device",
        [kind, value],
    )
    watch(conn, datetime.now(UTC))
    conn.commit()


def one_alert(client: httpx.Client) -> dict[str, object]:
    body = client.get("/api/alerts").json()
    assert body["open_total"] == 1
    [alert] = body["alerts"]
    assert isinstance(alert, dict)
    return alert


def test_what_is_open_is_listed_with_the_most_urgent_first(api: Api, conn: db.Connection) -> None:
    client = api.signed_in(Role.DRIVER)
    assert client.get("/api/alerts").json() == {"alerts": [], "open_total": 0}
    happen(conn, "fire", 88)
    happen(conn, "moved")
    body = client.get("/api/alerts").json()
    assert [alert["kind"] for alert in body["alerts"]] == ["fire", "moved"]
    fire = body["alerts"][0]
    assert (fire["bin_code"], fire["site_name"], fire["device_id"]) == (BIN, "TPS Satu", DEVICE)
    assert (fire["value"], fire["closed_at"], fire["acknowledged_at"]) == (88, None, None)
    assert client.get("/api/alerts", params={"bin": FREE_BIN}).json()["alerts"] == []
    assert len(client.get("/api/alerts", params={"bin": BIN, "limit": 1}).json()["alerts"]) == 1
    assert client.get("/api/alerts", params={"limit": 1}).json()["open_total"] == 2


def test_closed_alerts_are_listed_on_request(api: Api, conn: db.Connection) -> None:
    client = api.signed_in(Role.DISPATCHER)
    happen(conn, "moved")
    watch(conn, datetime.now(UTC) + timedelta(hours=25))
    conn.commit()
    assert client.get("/api/alerts").json() == {"alerts": [], "open_total": 0}
    body = client.get("/api/alerts", params={"state": "all"}).json()
    assert [alert["close_reason"] for alert in body["alerts"]] == ["expired"]
    assert body["open_total"] == 0


def test_a_dispatcher_acknowledges_once_and_it_is_in_the_audit_log(
    api: Api, conn: db.Connection
) -> None:
    client = api.signed_in(Role.DISPATCHER)
    happen(conn, "fire")
    path = f"/api/alerts/{one_alert(client)['alert_id']}/acknowledge"
    answer = client.post(path, json={"note": "  Damkar sudah dihubungi "})
    assert answer.status_code == 200
    assert answer.json()["acknowledged_by"] == "Dispatcher"
    assert one_alert(client)["note"] == "Damkar sudah dihubungi"
    again = api.signed_in(Role.ADMIN).post(path, json={})
    assert (again.status_code, again.json()["acknowledged_by"]) == (200, "Dispatcher")
    rows = conn.execute("SELECT * FROM audit_log WHERE action = 'alert.acknowledge'").fetchall()
    assert [row["actor"] for row in rows] == ["account:dispatcher"]
    assert rows[0]["after"] == {"acknowledged_by": "Dispatcher", "note": "Damkar sudah dihubungi"}


@pytest.mark.parametrize("role", [Role.DRIVER, Role.EVALUATOR, Role.VIEWER])
def test_others_may_not_acknowledge(api: Api, conn: db.Connection, role: Role) -> None:
    client = api.signed_in(role)
    happen(conn, "fire")
    path = f"/api/alerts/{one_alert(client)['alert_id']}/acknowledge"
    assert client.post(path, json={}).status_code == 403
    assert one_alert(client)["acknowledged_at"] is None


def test_a_program_acknowledges_with_a_token_that_may_write(api: Api, conn: db.Connection) -> None:
    happen(conn, "fire")
    name = api.account(Role.DISPATCHER)
    reading = api.token(name, Scope.READ)
    path = f"/api/alerts/{one_alert(reading)['alert_id']}/acknowledge"
    assert reading.post(path, json={}).json()["error"] == "read_only_token"
    assert api.token(name, Scope.WRITE).post(path, json={}).status_code == 200


@pytest.mark.usefixtures("conn")
def test_what_cannot_be_acknowledged_is_refused_in_words(api: Api, conn: db.Connection) -> None:
    client = api.signed_in(Role.DISPATCHER)
    missing = client.post("/api/alerts/999/acknowledge", json={})
    assert (missing.status_code, missing.json()["error"]) == (404, "not_found")
    happen(conn, "moved")
    path = f"/api/alerts/{one_alert(client)['alert_id']}/acknowledge"
    assert client.post(path, json={"note": "x" * 501}).status_code == 422
    watch(conn, datetime.now(UTC) + timedelta(hours=25))
    conn.commit()
    closed = client.post(path, json={})
    assert (closed.status_code, closed.json()["error"]) == (409, "conflict")


def test_a_viewer_is_not_told_what_hangs_in_a_bin(api: Api, conn: db.Connection) -> None:
    happen(conn, "fire")
    conn.execute(
        "INSERT INTO alert (bin_id, device_id, kind, since, opened_at, last_at)"
        " SELECT bin_id, device_id, 'battery_low', now(), now(), now() FROM mounting"
    )
    conn.commit()
    body = api.signed_in(Role.VIEWER).get("/api/alerts").json()
    assert [alert["kind"] for alert in body["alerts"]] == ["fire"]
    assert body["open_total"] == 1
    assert body["alerts"][0]["device_id"] is None


def test_open_pages_are_told_when_an_alert_opens_and_is_acknowledged(
    api: Api, conn: db.Connection
) -> None:
    client = api.signed_in(Role.DISPATCHER)
    with stream(client) as live, stream(api.signed_in(Role.VIEWER)) as viewer:
        assert live.next_event()[0] == viewer.next_event()[0] == "state"
        happen(conn, "fire", 90)
        name, data = live.next_event()
        assert name == "alerts"
        assert data == client.get("/api/alerts").json()
        assert viewer.next_event()[1]["alerts"][0]["device_id"] is None
        client.post(f"/api/alerts/{data['alerts'][0]['alert_id']}/acknowledge", json={})
        assert live.next_event()[1]["alerts"][0]["acknowledged_by"] == "Dispatcher"
