"""Collections and the quality of days over HTTP."""

from datetime import UTC, datetime, timedelta

import pytest

from angkut_backend import db
from angkut_backend.accounts.service import Role
from angkut_backend.readings import maintenance
from parts.api import Api
from parts.history import NOW, history, judge_all, put
from parts.registry import BIN, FREE_BIN, add_registry

COLLECTIONS = f"/api/bins/{BIN}/collections"
QUALITY = f"/api/bins/{BIN}/quality"
DAY = {"from": "2026-03-01T00:00:00Z", "to": "2026-03-03T00:00:00Z"}


@pytest.fixture
def conn(api: Api, conn: db.Connection) -> db.Connection:
    """A bin that was emptied once, certainly, and once, perhaps; the time is a day later."""
    add_registry(conn)
    put(conn, history([60, 61, 1, 2, 30, 31, 13, 14]))
    judge_all(conn)
    while maintenance.refresh(conn, None, NOW):
        pass
    api.clock.ahead = NOW + timedelta(days=1) - datetime.now(UTC)
    return conn


@pytest.mark.parametrize("path", [COLLECTIONS, QUALITY])
def test_anonymous_is_told_to_sign_in(api: Api, path: str) -> None:
    assert api.anonymous().get(path).status_code == 401


@pytest.mark.usefixtures("conn")
@pytest.mark.parametrize("role", list(Role))
def test_every_role_sees_both(api: Api, role: Role) -> None:
    client = api.signed_in(role)
    assert [client.get(path).status_code for path in (COLLECTIONS, QUALITY)] == [200, 200]


@pytest.mark.usefixtures("conn")
def test_collections_are_told_with_their_certainty(api: Api) -> None:
    client = api.signed_in(Role.DISPATCHER)
    answer = client.get(COLLECTIONS, params=DAY).json()
    assert answer["code"] == BIN
    sure, unsure = answer["collections"]
    assert (sure["source"], sure["before_pct"], sure["after_pct"]) == ("level", 61, 1)
    assert sure["before_at"] < sure["after_at"] < unsure["after_at"]
    assert sure["confidence"] > unsure["confidence"]
    certain = client.get(COLLECTIONS, params=DAY | {"min_confidence": 0.9}).json()
    assert certain["collections"] == [sure]


@pytest.mark.usefixtures("conn")
def test_collections_are_those_of_the_range_and_of_the_bin(api: Api) -> None:
    client = api.signed_in(Role.VIEWER)
    later = {"from": "2026-03-02T00:00:00Z", "to": "2026-03-03T00:00:00Z"}
    assert client.get(COLLECTIONS, params=later).json()["collections"] == []
    other = client.get(f"/api/bins/{FREE_BIN}/collections", params=DAY).json()
    assert other == {"code": FREE_BIN, "collections": []}


@pytest.mark.usefixtures("conn")
def test_a_day_says_what_was_owed_what_came_and_what_is_believed(api: Api) -> None:
    client = api.signed_in(Role.EVALUATOR)
    answer = client.get(QUALITY, params={"days": 2}).json()
    assert [day["day"] for day in answer["days"]] == ["2026-03-01", "2026-03-02"]
    day, silent = answer["days"]
    assert (day["n"], day["trusted_n"], day["trusted_share"]) == (8, 8, 1)
    assert day["completeness"] == pytest.approx(8 / day["expected_n"], abs=0.001)
    assert day["score"] == day["completeness"]
    # A silent day is one of which nothing is known, not one that is missing.
    assert (silent["n"], silent["score"], silent["latency_mean_s"]) == (0, 0, None)
    assert silent["expected_n"] > 0


@pytest.mark.usefixtures("conn")
@pytest.mark.parametrize("what", ["collections", "quality"])
def test_an_unknown_bin_is_404_by_name(api: Api, what: str) -> None:
    answer = api.signed_in(Role.ADMIN).get(f"/api/bins/BKS-BT-9999/{what}")
    assert answer.status_code == 404
    assert answer.json()["detail"] == "there is no bin BKS-BT-9999"


@pytest.mark.usefixtures("conn")
@pytest.mark.parametrize(
    ("path", "query", "named"),
    [
        (QUALITY, {"days": "0"}, "days"),
        (QUALITY, {"days": "401"}, "days"),
        (QUALITY, {"days": "all"}, "days"),
        (COLLECTIONS, {"from": "2024-01-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"}, "from"),
        (COLLECTIONS, {"from": "2026-03-02T00:00:00"}, "from"),
        (COLLECTIONS, {"min_confidence": "1.1"}, "min_confidence"),
        (COLLECTIONS, {"min_confidence": "nan"}, "min_confidence"),
        ("/api/bins/%00/quality", {}, "code"),
        (f"/api/bins/{'x' * 65}/collections", {}, "code"),
    ],
)
def test_what_is_out_of_bounds_is_422_and_named(
    api: Api, path: str, query: dict[str, str], named: str
) -> None:
    answer = api.signed_in(Role.ADMIN).get(path, params=query)
    assert (answer.status_code, answer.json()["error"]) == (422, "malformed_input")
    assert answer.json()["detail"].startswith(f"{named}: ")


@pytest.mark.usefixtures("conn")
def test_the_longest_time_is_answered(api: Api) -> None:
    days = api.signed_in(Role.ADMIN).get(QUALITY, params={"days": 400}).json()["days"]
    assert days[-1]["day"] == "2026-03-02"
