"""`angkut alerts` and `angkut webhooks` on a real database."""

import re

from angkut_backend.alerts import service
from angkut_backend.alerts.outbound import WebhookUrlError
from angkut_backend.db import Connection
from angkut_broker.messages import EventKind
from integration.cli.conftest import Run
from parts.alerts import WatchedBin, at
from parts.registry import BIN, FREE_BIN


def test_alerts_are_listed_by_urgency_and_closed_ones_on_request(
    run: Run, conn: Connection
) -> None:
    assert run("alerts", "list").output == "no open alerts\n"
    bin_ = WatchedBin.prepared(conn)
    bin_.event(0, EventKind.MOVED)
    bin_.event(0, EventKind.FIRE, 88)
    bin_.watch(0)
    lines = run("alerts", "list").output.splitlines()
    assert re.match(rf" +\d+  fire +{BIN} +88  since 2026-03-01 12:00:00Z  open$", lines[0])
    assert "moved" in lines[1]
    assert "and 1 more" in run("alerts", "list", "--limit", "1").output
    assert run("alerts", "list", "--bin", FREE_BIN).output == "no open alerts\n"
    [fire, _] = service.list_open(conn).alerts
    service.acknowledge(
        conn, fire.alert_id, note=None, name="Siti", actor="account:siti", now=at(1)
    )
    conn.commit()
    assert "taken care of by Siti" in run("alerts", "list").output
    bin_.watch(25 * 60)
    assert run("alerts", "list").output == "no open alerts\n"
    assert run("alerts", "list", "--all").output.count("(expired)") == 2


def test_a_webhook_is_added_listed_tried_and_removed(run: Run) -> None:
    assert "no webhooks" in run("webhooks", "list").output
    added = run("webhooks", "add", "http://127.0.0.1:1/x", "--kind", "fire").output
    number = re.search(r"webhook (\d+)", added)
    assert number
    assert re.search(r"secret  whsec_\S{44} ", added)
    listed = run("webhooks", "list").output
    assert "http://127.0.0.1:1/x" in listed
    assert "fire; 0 waiting, 0 failures in a row; never tried" in listed
    assert "whsec_" not in listed
    assert "not delivered: " in run("webhooks", "test", number[1], fails=True).output
    run("webhooks", "remove", number[1])
    assert "no webhooks" in run("webhooks", "list").output
    run("webhooks", "remove", number[1], fails=True)


def test_a_webhook_to_a_wrong_address_is_refused(run: Run) -> None:
    refused = run("webhooks", "add", "http://example.org/", fails=True).exception
    assert isinstance(refused, WebhookUrlError)
