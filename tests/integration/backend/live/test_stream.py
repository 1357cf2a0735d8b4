from datetime import UTC, datetime, timedelta

import pytest

from angkut_backend import db
from angkut_backend.accounts.service import Role, Scope
from angkut_backend.jobs import service as jobs
from angkut_backend.jobs.service import NewJob
from angkut_backend.live import service
from angkut_backend.serve import STOP_S
from parts.api import Api
from parts.live import stream
from parts.registry import BIN, FREE_BIN, add_registry
from parts.waiting import wait_until

LISTENERS = "SELECT pid FROM pg_stat_activity WHERE application_name = 'angkut-live'"


def fill(conn: db.Connection, code: str, fill_pct: float, *, battery_mv: int = 3600) -> None:
    conn.execute(
        "INSERT INTO bin_latest (bin_id, device_id, seen_at, flags, battery_mv, trusted_at,"
        " fill_pct) SELECT bin_id, 1, now(), 0, %s, now(), %s FROM bin WHERE code = %s"
        " ON CONFLICT (bin_id) DO UPDATE SET fill_pct = excluded.fill_pct",
        [battery_mv, fill_pct, code],
    )
    conn.execute(
        "SELECT pg_notify(%s, string_agg(bin_id::text, ',')) FROM bin WHERE code = %s",
        [db.BINS_CHANNEL, code],
    )
    conn.commit()


@pytest.fixture
def conn(api: Api, conn: db.Connection) -> db.Connection:  # noqa: ARG001 - its listener
    add_registry(conn)
    wait_until(lambda: listeners(conn), what="the listener")
    return conn


def listeners(conn: db.Connection) -> list[int]:
    pids = [row["pid"] for row in conn.execute(LISTENERS)]
    conn.rollback()
    return pids


def test_anonymous_is_told_to_sign_in(api: Api) -> None:
    answer = api.anonymous().get("/api/live")
    assert answer.status_code == 401
    assert answer.json()["error"] == "not_signed_in"


@pytest.mark.usefixtures("conn")
def test_the_whole_state_comes_first(api: Api) -> None:
    client = api.signed_in(Role.DISPATCHER)
    with stream(client) as live:
        assert live.response.headers["content-type"].startswith("text/event-stream")
        assert live.response.headers["cache-control"] == "no-store"
        assert live.next_event() == ("state", client.get("/api/bins").json())


def test_a_change_comes_alone(api: Api, conn: db.Connection) -> None:
    with stream(api.signed_in(Role.DISPATCHER)) as live:
        assert live.codes("state") == [BIN, FREE_BIN]
        fill(conn, BIN, 42)
        name, data = live.next_event()
    assert name == "bins"
    [feature] = data["features"]
    assert (feature["id"], feature["properties"]["fill_pct"]) == (BIN, 42)


def test_changes_within_a_moment_come_together(api: Api, conn: db.Connection) -> None:
    with stream(api.signed_in(Role.DISPATCHER)) as live:
        live.codes("state")
        conn.execute("SELECT pg_notify('angkut_bins', '1')")
        conn.execute("SELECT pg_notify('angkut_bins', 'nonsense,2,,-3')")
        conn.commit()
        assert live.codes("bins") == [BIN, FREE_BIN]


def test_a_viewer_is_not_shown_what_hangs_in_the_bin(api: Api, conn: db.Connection) -> None:
    with stream(api.signed_in(Role.VIEWER)) as viewer, stream(api.signed_in(Role.DRIVER)) as driver:
        viewer.codes("state")
        driver.codes("state")
        fill(conn, BIN, 42)
        shown = [
            live.next_event()[1]["features"][0]["properties"]["battery_mv"]
            for live in (viewer, driver)
        ]
    assert shown == [None, 3600]


@pytest.mark.usefixtures("conn")
def test_a_read_token_may_listen(api: Api) -> None:
    with stream(api.token(api.account(Role.EVALUATOR), Scope.READ)) as live:
        assert live.codes("state") == [BIN, FREE_BIN]


def test_a_lost_listener_comes_back_and_tells_everything(api: Api, conn: db.Connection) -> None:
    with stream(api.signed_in(Role.DISPATCHER)) as live:
        live.codes("state")
        [pid] = listeners(conn)
        conn.execute("SELECT pg_terminate_backend(%s)", [pid])
        conn.commit()
        assert live.codes("state") == [BIN, FREE_BIN]
        fill(conn, FREE_BIN, 7)
        assert live.codes("bins") == [FREE_BIN]


@pytest.mark.usefixtures("conn")
def test_the_stream_ends_with_the_session(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "RECHECK_S", 0.1)
    with stream(api.signed_in(Role.DISPATCHER)) as live:
        live.codes("state")
        api.clock.ahead = timedelta(hours=13)
        with pytest.raises(EOFError):
            live.next_event()


@pytest.mark.usefixtures("conn")
def test_the_stream_stays_while_the_session_does(
    api: Api, conn: db.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "RECHECK_S", 0.05)
    client = api.signed_in(Role.DISPATCHER)
    with stream(client) as live:
        live.codes("state")
        for _ in range(5):
            client.get("/api/session")
        fill(conn, BIN, 8)
        assert live.codes("bins") == [BIN]


@pytest.mark.usefixtures("conn")
def test_the_server_stops_at_once_with_streams_open(api: Api) -> None:
    with stream(api.signed_in(Role.DISPATCHER)) as live:
        live.codes("state")
        stopped_s = api.stop()
        with pytest.raises(EOFError):
            live.next_event()
    assert stopped_s < STOP_S  # not cut off but ended


def test_a_job_is_told_to_staff_alone(api: Api, conn: db.Connection) -> None:
    dispatcher, driver = api.signed_in(Role.DISPATCHER), api.signed_in(Role.DRIVER)
    with stream(dispatcher) as staff, stream(driver) as other:
        assert staff.next_event()[0] == other.next_event()[0] == "state"
        now = datetime.now(UTC)
        job_id = jobs.add(conn, NewJob("plan", "planning", {}), author="test", now=now)
        conn.commit()
        name, told = staff.next_event()
        assert name == "job"
        assert told == dispatcher.get(f"/api/jobs/{job_id}").json()
        conn.execute("SELECT pg_notify('angkut_jobs', 'no id')")
        fill(conn, BIN, 50)
        assert staff.codes("bins") == other.codes("bins") == [BIN]


def test_what_the_listener_cannot_read_does_not_make_it_deaf(
    api: Api, conn: db.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    with stream(api.signed_in(Role.DISPATCHER)) as live:
        live.codes("state")
        [ear] = listeners(conn)
        # As a worker of a newer version might leave it.
        conn.execute("ALTER TABLE job DROP CONSTRAINT job_state_check")
        now = datetime.now(UTC)
        job_id = jobs.add(conn, NewJob("plan", "planning", {}), author="test", now=now)
        conn.execute("UPDATE job SET state = 'unheard_of' WHERE job_id = %s", [job_id])
        conn.commit()
        fill(conn, BIN, 51)
        assert live.codes("bins") == [BIN]
        assert listeners(conn) == [ear]
        said = f"left out of the live streams: _read_job (UUID('{job_id}'),)"
        wait_until(lambda: said in caplog.text, what="the listener to say what it left out")

        # More digits than Python makes a number of.
        conn.execute("SELECT pg_notify(%s, repeat('9', 5000))", [db.BINS_CHANNEL])
        conn.commit()
        assert live.codes("state") == [BIN, FREE_BIN]
        assert "listening failed, next try in" in caplog.text
        fill(conn, FREE_BIN, 52)
        assert live.codes("bins") == [FREE_BIN]
