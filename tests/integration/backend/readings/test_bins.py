from datetime import UTC, datetime, timedelta

import pytest

from angkut_backend import db
from angkut_backend.accounts.service import Role, Scope
from angkut_backend.readings.maintenance import refresh
from parts.api import Api
from parts.registry import BIN, DEVICE, FREE_BIN, MOUNTED_AT, add_registry

SEEN_AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
RANGE = {"from": "2026-03-01T00:00:00Z", "to": "2026-03-02T00:00:00Z"}
PATHS = ["/api/bins", f"/api/bins/{BIN}", f"/api/bins/{BIN}/readings"]


def iso(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def set_latest(conn: db.Connection, fill_pct: float | None, trusted_at: datetime | None) -> None:
    conn.execute(
        "INSERT INTO bin_latest (bin_id, device_id, seen_at, flags, battery_mv, trusted_at,"
        " fill_pct) SELECT bin_id, device_id, %s, 0, 3600, %s, %s FROM mounting",
        [SEEN_AT, trusted_at, fill_pct],
    )
    conn.commit()


def add_reading(
    conn: db.Connection, at: datetime, fill_pct: float | None, flags: int = 0, device: str = DEVICE
) -> None:
    conn.execute(
        "INSERT INTO readings (device_id, observed_at, received_at, seq, fill_pct, flags, score)"
        " SELECT device_id, %s, %s, 1, %s, %s, 1 FROM device WHERE external_id = %s",
        [at, at, fill_pct, flags, device],
    )
    conn.commit()


@pytest.fixture
def conn(api: Api, conn: db.Connection) -> db.Connection:
    add_registry(conn)
    api.clock.ahead = SEEN_AT - datetime.now(UTC)
    return conn


@pytest.mark.parametrize("path", PATHS)
def test_anonymous_is_told_to_sign_in(api: Api, path: str) -> None:
    answer = api.anonymous().get(path)
    assert answer.status_code == 401
    assert answer.json() == {"error": "not_signed_in", "detail": "Sign in first."}


@pytest.mark.usefixtures("conn")
@pytest.mark.parametrize("role", list(Role))
def test_every_role_sees_the_bins(api: Api, role: Role) -> None:
    client = api.signed_in(role)
    assert [client.get(path).status_code for path in PATHS] == [200, 200, 200]


@pytest.mark.usefixtures("conn")
def test_a_read_token_sees_the_bins(api: Api) -> None:
    program = api.token(api.account(Role.EVALUATOR), Scope.READ)
    assert len(program.get("/api/bins").json()["features"]) == 2


def test_a_viewer_is_not_shown_what_hangs_in_the_bin(api: Api, conn: db.Connection) -> None:
    set_latest(conn, 60, SEEN_AT)
    client = api.signed_in(Role.VIEWER)
    bins = client.get("/api/bins").json()["features"]
    for properties in (client.get(PATHS[1]).json()["properties"], bins[0]["properties"]):
        assert (properties["battery_mv"], properties["device_id"]) == (None, None)
        assert properties["fill_pct"] == 60


@pytest.mark.usefixtures("conn")
@pytest.mark.parametrize("path", ["/api/bins/BKS-BT-9999", "/api/bins/BKS-BT-9999/readings"])
def test_an_unknown_bin_is_404_by_name(api: Api, path: str) -> None:
    answer = api.signed_in(Role.ADMIN).get(path)
    assert answer.status_code == 404
    assert answer.json() == {"error": "not_found", "detail": "there is no bin BKS-BT-9999"}


@pytest.mark.usefixtures("conn")
@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"from": "yesterday"}, "from"),
        ({"from": "2026-02-01T00:00:00"}, "from"),  # no zone
        ({"to": "2026-02-30T00:00:00Z"}, "to"),
        ({"from": "2026-03-02T00:00:00Z", "to": "2026-03-01T00:00:00Z"}, "from"),
        ({"from": "2024-03-02T00:00:00Z", "to": "2026-03-01T00:00:00Z"}, "from"),
        ({"to": "0001-01-01T00:00:00Z"}, "to"),
    ],
)
def test_a_bad_range_is_422_and_names_the_field(
    api: Api, query: dict[str, str], named: str
) -> None:
    answer = api.signed_in(Role.ADMIN).get(PATHS[2], params=query)
    assert (answer.status_code, answer.json()["error"]) == (422, "malformed_input")
    assert answer.json()["detail"].startswith(f"{named}: ")


@pytest.mark.usefixtures("conn")
def test_a_code_that_no_database_can_hold_is_422(api: Api) -> None:
    assert api.signed_in(Role.ADMIN).get("/api/bins/%00").status_code == 422


def test_a_bin_is_a_feature_with_the_newest_that_is_known(api: Api, conn: db.Connection) -> None:
    set_latest(conn, 63.26, SEEN_AT - timedelta(minutes=10))
    client = api.signed_in(Role.DISPATCHER)
    bins = client.get("/api/bins").json()
    assert bins["type"] == "FeatureCollection"
    assert [feature["id"] for feature in bins["features"]] == [BIN, FREE_BIN]
    assert client.get(PATHS[1]).json() == bins["features"][0]
    assert bins["features"][0] == {
        "type": "Feature",
        "id": BIN,
        "geometry": {"type": "Point", "coordinates": [107.01, -6.23]},
        "properties": {
            "code": BIN,
            "site_name": "TPS Satu",
            "area_code": "32.75.01.1001",
            "area_name": "Bekasi Jaya",
            "container": "wheelie_660",
            "volume_l": 660,
            "fill_pct": 63.3,
            "fill_class": "half",
            "trusted_at": iso(SEEN_AT - timedelta(minutes=10)),
            "unknown_after": iso(SEEN_AT + timedelta(minutes=80)),
            "seen_at": iso(SEEN_AT),
            "battery_mv": 3600,
            "device_id": DEVICE,
            "invented": False,
            "collection_windows": None,
        },
    }


@pytest.mark.usefixtures("conn")
def test_a_bin_that_nothing_measures_is_unknown(api: Api) -> None:
    properties = api.signed_in(Role.ADMIN).get(f"/api/bins/{FREE_BIN}").json()["properties"]
    assert properties["fill_class"] == "unknown"
    for name in ("fill_pct", "trusted_at", "unknown_after", "seen_at", "battery_mv", "device_id"):
        assert properties[name] is None


def test_a_bin_between_two_devices_keeps_the_interval_of_the_one_that_spoke_last(
    api: Api, conn: db.Connection
) -> None:
    set_latest(conn, 60, SEEN_AT - timedelta(minutes=10))
    conn.execute("UPDATE mounting SET valid_to = %s", [SEEN_AT - timedelta(minutes=5)])
    conn.commit()
    properties = api.signed_in(Role.ADMIN).get(PATHS[1]).json()["properties"]
    assert (properties["device_id"], properties["fill_class"]) == (None, "half")
    assert properties["unknown_after"] == iso(SEEN_AT + timedelta(minutes=80))


def test_an_old_level_is_unknown_but_still_told(api: Api, conn: db.Connection) -> None:
    set_latest(conn, 63, SEEN_AT - timedelta(minutes=90))
    properties = api.signed_in(Role.ADMIN).get(PATHS[1]).json()["properties"]
    assert (properties["fill_class"], properties["fill_pct"]) == ("unknown", 63)


def test_the_curve_is_of_trusted_readings_in_buckets(api: Api, conn: db.Connection) -> None:
    add_reading(conn, SEEN_AT, 20)
    add_reading(conn, SEEN_AT + timedelta(seconds=30), 30)
    add_reading(conn, SEEN_AT + timedelta(seconds=40), 99, flags=2)  # out of range
    add_reading(conn, SEEN_AT + timedelta(seconds=50), None, flags=1)  # no echo
    add_reading(conn, SEEN_AT + timedelta(hours=1), 40.06)
    answer = api.signed_in(Role.VIEWER).get(PATHS[2], params=RANGE)
    assert answer.json() == {
        "code": BIN,
        "bucket_s": 300,
        "points": [
            {"t": iso(SEEN_AT), "mean": 25, "min": 20, "max": 30, "n": 2},
            {
                "t": iso(SEEN_AT + timedelta(hours=1)),
                "mean": 40.1,
                "min": 40.1,
                "max": 40.1,
                "n": 1,
            },
        ],
    }


def test_the_curve_ends_before_the_end_of_its_range(api: Api, conn: db.Connection) -> None:
    for hours in (-1, 0, 1, 2):
        add_reading(conn, SEEN_AT + timedelta(hours=hours), 20)
    query = {"from": iso(SEEN_AT), "to": iso(SEEN_AT + timedelta(hours=2))}
    points = api.signed_in(Role.VIEWER).get(PATHS[2], params=query).json()["points"]
    assert [point["t"] for point in points] == [iso(SEEN_AT), iso(SEEN_AT + timedelta(hours=1))]


def test_the_curve_follows_the_bin_from_device_to_device(api: Api, conn: db.Connection) -> None:
    conn.execute("UPDATE mounting SET valid_to = %s", [SEEN_AT])
    conn.execute(
        "INSERT INTO device (external_id, district_id, secret_pbkdf2_sha512, secret_bcrypt)"
        " SELECT 'second', district_id, 'x', 'x' FROM district"
    )
    conn.execute(
        "INSERT INTO mounting (bin_id, device_id, valid_from, d_empty_mm, d_full_mm)"
        " SELECT m.bin_id, d.device_id, m.valid_to, 1200, 200 FROM mounting m, device d"
        " WHERE d.external_id = 'second'"
    )
    hour = timedelta(hours=1)
    add_reading(conn, SEEN_AT - hour, 50)
    add_reading(conn, SEEN_AT + hour, 1)  # the first device, in somebody's workshop
    add_reading(conn, SEEN_AT - hour, 2, device="second")  # on somebody's desk
    add_reading(conn, SEEN_AT + hour, 70, device="second")
    points = api.signed_in(Role.VIEWER).get(PATHS[2], params=RANGE).json()["points"]
    assert [point["mean"] for point in points] == [50, 70]


def test_four_hundred_days_fit_in_a_thousand_buckets(api: Api, conn: db.Connection) -> None:
    for day in range(0, 400, 40):
        add_reading(conn, MOUNTED_AT + timedelta(days=day), 50)
        add_reading(conn, MOUNTED_AT + timedelta(days=day, hours=3), 60)
    conn.execute("UPDATE readings SET bin_id = mounting.bin_id FROM mounting")
    conn.execute("INSERT INTO dirty_hour (bin_id, bucket) SELECT bin_id, observed_at FROM readings")
    refresh(conn, None, SEEN_AT)
    query = {"from": iso(MOUNTED_AT), "to": iso(MOUNTED_AT + timedelta(days=400))}
    answer = api.signed_in(Role.VIEWER).get(PATHS[2], params=query).json()
    assert (answer["bucket_s"], len(answer["points"])) == (43_200, 10)
    assert answer["points"][0] == {"t": iso(MOUNTED_AT), "mean": 55, "min": 50, "max": 60, "n": 2}


def test_days_sum_up_what_all_bins_did(api: Api, conn: db.Connection) -> None:
    # 04:00 WIB is 21:00 UTC: the two last readings are of the next operational day.
    begins = datetime(2026, 2, 28, 21, tzinfo=UTC)
    add_reading(conn, begins, 20)
    add_reading(conn, begins + timedelta(hours=23), 95)
    add_reading(conn, begins + timedelta(hours=24), 40.04)
    add_reading(conn, begins + timedelta(hours=25), None, flags=1)
    conn.execute(
        "UPDATE readings SET bin_id = mounting.bin_id, score = (fill_pct IS NOT NULL)::int"
        " FROM mounting"
    )
    conn.execute("INSERT INTO dirty_hour (bin_id, bucket) SELECT bin_id, observed_at FROM readings")
    conn.commit()
    refresh(conn, None, SEEN_AT)
    query = {"from": iso(begins), "to": iso(begins + timedelta(days=3))}
    answer = api.signed_in(Role.VIEWER).get("/api/days", params=query)
    first, second = answer.json()["days"]
    assert first == {
        "day": "2026-03-01",
        "bins": 1,
        "n": 2,
        "trusted_n": 2,
        "mean_pct": 57.5,
        "known_s": 3600,
        "over_90_s": 1800,
        "over_100_s": 0,
    }
    assert (second["day"], second["n"], second["trusted_n"]) == ("2026-03-02", 2, 1)
    assert second["mean_pct"] == 40


@pytest.mark.usefixtures("conn")
def test_days_are_for_who_signed_in_and_for_a_bounded_time(api: Api) -> None:
    assert api.anonymous().get("/api/days").status_code == 401
    client = api.signed_in(Role.VIEWER)
    assert client.get("/api/days").json() == {"days": []}
    too_long = {"from": "2024-01-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"}
    assert client.get("/api/days", params=too_long).status_code == 422
