"""Findings over HTTP."""

from datetime import UTC, datetime, timedelta

import pytest

from angkut_backend import db
from angkut_backend.accounts.service import Role
from angkut_backend.device_health.checks import Finding
from angkut_backend.device_health.rules import FindingKind
from angkut_backend.device_health.service import add_findings
from parts.api import Api
from parts.registry import BIN, DEVICE, add_registry


@pytest.fixture
def found(api: Api) -> datetime:
    """A silence of this morning, a clock of last month."""
    now = datetime.now(UTC).replace(microsecond=0)
    with db.connect(api.dsn) as conn:
        add_registry(conn)
        row = conn.execute("SELECT device_id FROM device").fetchone()
        assert row
        hour = timedelta(hours=1)
        silence = Finding(FindingKind.DROPOUT, now - 5 * hour, now - hour, {"readings_missed": 8})
        month = timedelta(days=30)
        clock = Finding(
            FindingKind.CLOCK, now - month, now - month, {"looks_like": "time zone off"}
        )
        add_findings(conn, [(row["device_id"], each) for each in (silence, clock)], now)
    return now


def test_findings_are_listed_with_device_and_bin(api: Api, found: datetime) -> None:
    client = api.signed_in(Role.DISPATCHER)
    [one] = client.get("/api/device-findings").json()["findings"]
    assert (one["device"], one["bin_code"], one["kind"]) == (DEVICE, BIN, "dropout")
    assert one["detail"] == {"readings_missed": 8}
    assert datetime.fromisoformat(one["to_at"]) == found - timedelta(hours=1)


@pytest.mark.usefixtures("found")
@pytest.mark.parametrize(
    ("query", "kinds"),
    [
        ("days=60", ["dropout", "clock"]),
        ("days=60&limit=1", ["dropout"]),
        ("days=60&kind=clock", ["clock"]),
        ("device=nobody", []),
    ],
)
def test_findings_are_chosen_by_time_kind_and_device(
    api: Api, query: str, kinds: list[str]
) -> None:
    answer = api.signed_in(Role.ADMIN).get(f"/api/device-findings?{query}").json()
    assert [one["kind"] for one in answer["findings"]] == kinds


@pytest.mark.usefixtures("found")
@pytest.mark.parametrize("query", ["days=0", "days=401", "kind=ghost", "limit=0", "device=A%20B"])
def test_what_cannot_be_asked_is_refused(api: Api, query: str) -> None:
    assert api.signed_in(Role.ADMIN).get(f"/api/device-findings?{query}").status_code == 422


@pytest.mark.usefixtures("found")
def test_findings_are_for_staff_only(api: Api) -> None:
    assert api.anonymous().get("/api/device-findings").status_code == 401
    assert api.signed_in(Role.VIEWER).get("/api/device-findings").status_code == 403
