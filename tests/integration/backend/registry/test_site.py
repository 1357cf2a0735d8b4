from angkut_backend import db
from angkut_backend.accounts.service import Role
from parts.api import Api
from parts.registry import add_registry


def test_anonymous_is_told_to_sign_in(api: Api) -> None:
    assert api.anonymous().get("/api/site").status_code == 401


def test_without_a_site_pack_it_says_what_to_do(api: Api) -> None:
    answer = api.signed_in(Role.VIEWER).get("/api/site")
    assert (answer.status_code, answer.json()["error"]) == (404, "not_found")
    assert "angkut site load" in answer.json()["detail"]


def test_the_site_is_district_kelurahan_and_places(api: Api, conn: db.Connection) -> None:
    add_registry(conn)
    conn.execute(
        "INSERT INTO depot (district_id, code, name, lon, lat, source, invented)"
        " SELECT district_id, 'D-1', 'Pool', 107.02, -6.24, 'test', '{lon,lat}' FROM district"
    )
    conn.execute(
        "INSERT INTO disposal_site (district_id, code, name, lon, lat, opens_at, closes_at,"
        " tipping_min, queue_min, source) SELECT district_id, 'T-1', 'TPA', 106.99, -6.35,"
        " '04:00', '20:00', 10, array_fill(5, ARRAY[24]), 'test' FROM district"
    )
    conn.commit()
    site = api.signed_in(Role.VIEWER).get("/api/site").json()
    [area] = site["areas"]["features"]
    depot, disposal = site["places"]["features"]
    assert site["city"] == "Kota Bekasi"
    assert site["district"] == {"code": "32.75.01", "name": "Bekasi Timur"}
    assert site["bbox"] == [107.0, -6.25, 107.04, -6.22]
    assert site["timezone"] == "Asia/Jakarta"
    assert area["geometry"]["type"] == "Polygon"
    assert area["properties"] == {
        "code": "32.75.01.1001",
        "name": "Bekasijaya",
        "common_name": "Bekasi Jaya",
        "population": None,
    }
    assert depot["geometry"]["coordinates"] == [107.02, -6.24]
    assert depot["properties"] == {
        "kind": "depot",
        "code": "D-1",
        "name": "Pool",
        "invented": True,
    }
    assert (disposal["id"], disposal["properties"]["invented"]) == ("T-1", False)
