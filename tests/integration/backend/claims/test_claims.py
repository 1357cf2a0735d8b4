"""Claims over HTTP: found, tried, saved, shown, taken back."""

import io
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from PIL import Image

from angkut_backend import db
from angkut_backend.accounts.service import Role, Scope
from angkut_backend.registry.labels import check_character
from parts.api import Api
from parts.live import stream
from parts.registry import BIN, DEVICE, FREE_BIN, add_registry

NEW = "70b3d57ed0009999"
HERE = {"lon": 107.01, "lat": -6.23, "accuracy_m": 12.5}
#: 0.002 degrees are 222 m.
FAR = {"lon": 107.01, "lat": -6.232, "accuracy_m": 20}
MEASURED = {"d_empty_mm": 1100, "d_full_mm": 150}
EVERY_PATH = [
    ("GET", f"/api/claims/bin?typed={BIN}"),
    ("GET", f"/api/claims/devices?typed={NEW}"),
    ("GET", f"/api/claims/devices/{NEW}/trial?d_empty_mm=1100&d_full_mm=150"),
    ("GET", "/api/claims"),
    ("POST", "/api/claims"),
    ("POST", f"/api/claims/{uuid4()}/undo"),
    ("PUT", f"/api/claims/{uuid4()}/photo"),
    ("GET", f"/api/claims/{uuid4()}/photo"),
]


@pytest.fixture
def registry(conn: db.Connection) -> db.Connection:
    """Two bins, a device in the first, another in stock."""
    add_registry(conn)
    conn.execute(
        "INSERT INTO device (external_id, district_id, model, secret_pbkdf2_sha512, secret_bcrypt)"
        " SELECT %s, district_id, 'EM400-MUD', 'x', 'x' FROM district",
        [NEW],
    )
    conn.commit()
    return conn


@pytest.fixture
def rudi(api: Api, registry: db.Connection) -> httpx.Client:  # noqa: ARG001
    """A technician with a phone."""
    return api.signed_in(Role.TECHNICIAN, "rudi")


def claim(**changes: object) -> dict[str, Any]:
    return {
        "claim_id": str(uuid4()),
        "bin_code": FREE_BIN,
        "device_id": NEW,
        "hanging": MEASURED,
        "position": HERE,
        **changes,
    }


def mounted(client: httpx.Client, code: str) -> str | None:
    found = client.get("/api/claims/bin", params={"typed": code}).json()["mounted"]
    return found and str(found["device_id"])


def jpeg(exif: Image.Exif | None = None) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (640, 480), "green").save(out, "JPEG", exif=exif or Image.Exif())
    return out.getvalue()


@pytest.mark.parametrize(("method", "path"), EVERY_PATH)
def test_nobody_but_technicians_and_admins_mounts(api: Api, method: str, path: str) -> None:
    assert api.anonymous().request(method, path).status_code == 401
    driver = api.signed_in(Role.DRIVER).request(method, path)
    assert (driver.status_code, driver.json()["error"]) == (403, "not_allowed")


@pytest.mark.usefixtures("registry")
def test_a_dispatcher_looks_and_mounts_nothing(api: Api) -> None:
    dispatcher = api.signed_in(Role.DISPATCHER)
    assert [dispatcher.request(method, path).status_code for method, path in EVERY_PATH] == [
        200,
        *[403] * 2,
        200,
        *[403] * 3,
        404,
    ]


def test_another_site_cannot_act_with_a_technicians_cookie(rudi: httpx.Client) -> None:
    answer = rudi.post("/api/claims", json=claim(), headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.json()["error"] == "other_origin"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"claim_id": "1"}, "claim_id"),
        ({"device_id": "a/b"}, "device_id"),
        ({"bin_code": "A\x00"}, "bin_code"),
        ({"hanging": {"d_empty_mm": 0, "d_full_mm": 0}}, "d_empty_mm"),
        ({"hanging": {**MEASURED, "kind": "string"}}, "kind"),
        ({"position": {"lon": 200, "lat": 0}}, "lon"),
        ({"confirmed": ["anything"]}, "confirmed"),
        ({"note": "x" * 501}, "note"),
        ({"surprise": 1}, "surprise"),
        ({"hanging": {"d_empty_mm": 200, "d_full_mm": 200}}, "must be larger"),
        (
            {"hanging": {**MEASURED, "inner_depth_mm": 800, "sensor_height_mm": 50}},
            "850 mm to the bottom",
        ),
    ],
)
def test_what_is_malformed_is_named(
    rudi: httpx.Client, changes: dict[str, Any], field: str
) -> None:
    answer = rudi.post("/api/claims", json=claim(**changes))
    assert answer.status_code == 422
    assert field in answer.json()["detail"]


def test_a_bin_is_found_by_what_is_scanned_or_typed(rudi: httpx.Client) -> None:
    short = f"0001-{check_character(BIN)}"
    for typed in (BIN, short, f"https://a.example/?claim={BIN}"):
        found = rudi.get("/api/claims/bin", params={"typed": typed}).json()
        assert (found["code"], found["short_code"], found["mounted"]["device_id"]) == (
            BIN,
            short,
            DEVICE,
        )
    assert mounted(rudi, FREE_BIN) is None
    slip = rudi.get("/api/claims/bin", params={"typed": "0001-!"})
    assert (slip.status_code, slip.json()["error"]) == (404, "mistyped")


def test_a_device_is_found_by_what_is_scanned_or_typed(rudi: httpx.Client) -> None:
    for typed in (NEW.upper(), "9999", "70-B3-D5-7E-D0-00-99-99", f"LW:D0:{'0' * 16}:{NEW}:01"):
        [found] = rudi.get("/api/claims/devices", params={"typed": typed}).json()["devices"]
        assert (found["device_id"], found["bin_code"], found["model"]) == (NEW, None, "EM400-MUD")
    both = rudi.get("/api/claims/devices", params={"typed": "70b3"}).json()["devices"]
    assert [one["bin_code"] for one in both] == [None, BIN]
    assert rudi.get("/api/claims/devices", params={"typed": "%"}).json()["devices"] == []


def test_a_reading_is_tried_before_anything_is_saved(
    rudi: httpx.Client, registry: db.Connection
) -> None:
    path = f"/api/claims/devices/{NEW}/trial"
    assert rudi.get(path, params=MEASURED).json()["verdict"] is None
    registry.execute(
        "INSERT INTO readings (device_id, observed_at, received_at, seq, distances_mm, distance_mm,"
        " battery_mv, flags, score) SELECT device_id, now(), now(), 1, '{625}', 625, 3500, 4, 0"
        " FROM device WHERE external_id = %s",
        [NEW],
    )
    registry.commit()
    found = rudi.get(path, params=MEASURED).json()
    assert (found["verdict"], found["fill_pct"], found["battery_mv"]) == ("plausible", 50.0, 3500)
    shallow = rudi.get(path, params={"d_empty_mm": 500, "d_full_mm": 150}).json()
    assert (shallow["verdict"], shallow["fill_pct"]) == ("too_far", None)
    assert rudi.get("/api/claims/devices/none/trial", params=MEASURED).status_code == 404


def test_a_claim_is_saved_once_shown_live_and_taken_back(
    api: Api, rudi: httpx.Client, registry: db.Connection
) -> None:
    wanted = claim(note="gantungan baru")
    with stream(api.signed_in(Role.VIEWER)) as live:
        live.next_event()
        saved = rudi.post("/api/claims", json=wanted)
        assert saved.status_code == 200, saved.text
        assert FREE_BIN in live.codes("bins")
    assert saved.json()["distance_m"] == pytest.approx(0, abs=0.01)
    assert rudi.post("/api/claims", json=wanted).json() == saved.json()
    assert registry.execute("SELECT count(*) AS n FROM mounting").fetchone() == {"n": 2}
    registry.rollback()
    target = rudi.get("/api/claims/bin", params={"typed": FREE_BIN}).json()["mounted"]
    assert (target["device_id"], target["d_empty_mm"]) == (NEW, 1100)
    assert target["claim_id"] == wanted["claim_id"]
    [listed] = rudi.get("/api/claims").json()["claims"]
    assert (listed["note"], listed["actor"]) == ("gantungan baru", "account:rudi")

    answer = rudi.post(f"/api/claims/{wanted['claim_id']}/undo")
    assert answer.status_code == 200, answer.text
    undone = answer.json()
    assert undone["undone_by"] == "account:rudi"
    assert mounted(rudi, FREE_BIN) is None
    assert rudi.post(f"/api/claims/{wanted['claim_id']}/undo").json() == undone
    actions = {row["action"] for row in registry.execute("SELECT action FROM audit_log")}
    assert {"claim.save", "mounting.add", "mounting.undo"} <= actions
    registry.rollback()


def test_a_save_that_was_corrected_meanwhile_is_not_taken_for_the_same(
    rudi: httpx.Client,
) -> None:
    wanted = claim(hanging={**MEASURED, "angle_deg": 7.3})
    rudi.post("/api/claims", json=wanted).raise_for_status()
    rudi.post("/api/claims", json=wanted).raise_for_status()
    corrected = {**wanted, "hanging": {**MEASURED, "d_empty_mm": 1000}}
    answer = rudi.post("/api/claims", json=corrected)
    assert (answer.status_code, answer.json()["error"]) == (409, "claim_changed")
    # The same sensor in the same bin needs no confirmation.
    answer = rudi.post("/api/claims", json={**corrected, "claim_id": str(uuid4())})
    assert answer.status_code == 200, answer.text
    found = rudi.get("/api/claims/bin", params={"typed": FREE_BIN}).json()["mounted"]
    assert found["d_empty_mm"] == 1000


def test_what_looks_wrong_is_saved_only_when_confirmed(rudi: httpx.Client) -> None:
    wanted = claim(bin_code=BIN, device_id=NEW, position=FAR)
    asked: list[str] = []
    for code, caution in (("far_away", "far"), ("bin_taken", "replace")):
        answer = rudi.post("/api/claims", json={**wanted, "confirmed": asked})
        assert (answer.status_code, answer.json()["error"]) == (409, code)
        asked.append(caution)
    saved = rudi.post("/api/claims", json={**wanted, "confirmed": asked}).json()
    assert (saved["confirmed"], round(saved["distance_m"])) == (["far", "replace"], 222)
    moved = claim(device_id=NEW, position=None)
    for code, confirmed in (("no_position", []), ("device_elsewhere", ["no_position"])):
        answer = rudi.post("/api/claims", json={**moved, "confirmed": confirmed})
        assert (answer.status_code, answer.json()["error"]) == (409, code)
    answer = rudi.post("/api/claims", json={**moved, "confirmed": ["no_position", "move"]})
    assert (answer.status_code, answer.json()["distance_m"]) == (200, None)
    assert (mounted(rudi, BIN), mounted(rudi, FREE_BIN)) == (None, NEW)
    undone = rudi.post(f"/api/claims/{saved['claim_id']}/undo")
    assert (undone.status_code, undone.json()["error"]) == (409, "conflict")
    assert rudi.post(f"/api/claims/{moved['claim_id']}/undo").status_code == 200
    assert rudi.post(f"/api/claims/{saved['claim_id']}/undo").status_code == 200
    assert (mounted(rudi, BIN), mounted(rudi, FREE_BIN)) == (DEVICE, None)


def test_an_inaccurate_phone_is_given_the_benefit_of_the_doubt_but_not_any(
    rudi: httpx.Client,
) -> None:
    unsure = {"lon": 107.01, "lat": -6.2315, "accuracy_m": 80}  # 167 m
    assert rudi.post("/api/claims", json=claim(position=unsure)).status_code == 200
    lost = {"lon": 107.01, "lat": -6.24, "accuracy_m": 5000}  # 1.1 km
    answer = rudi.post("/api/claims", json=claim(position=lost, confirmed=["move"]))
    assert answer.json()["error"] == "far_away"


def test_only_who_made_a_claim_takes_it_back_and_only_for_a_day(
    api: Api, rudi: httpx.Client
) -> None:
    path = f"/api/claims/{rudi.post('/api/claims', json=claim()).json()['claim_id']}/undo"
    other = api.signed_in(Role.TECHNICIAN, "joko")
    assert other.post(path).status_code == 403
    assert other.get("/api/claims").json()["claims"] == []
    api.clock.ahead = timedelta(hours=25)
    late = api.token("rudi", Scope.WRITE).post(path)
    assert late.status_code == 403
    assert api.signed_in(Role.ADMIN).post(path).status_code == 200


def test_a_photo_is_kept_without_what_the_phone_wrote_into_it(api: Api, rudi: httpx.Client) -> None:
    path = f"/api/claims/{rudi.post('/api/claims', json=claim()).json()['claim_id']}/photo"
    assert rudi.get(path).status_code == 404
    exif = Image.Exif()
    exif[0x010F] = "SECRETPHONE"
    for content, kind in ((jpeg(exif=exif), "image/jpeg"), (jpeg(exif=exif), "image/webp")):
        kept = rudi.put(path, content=content, headers={"Content-Type": kind})
        assert kept.json()["has_photo"], kept.text
    shown = api.signed_in(Role.DISPATCHER).get(path)
    assert (shown.headers["content-type"], shown.headers["cache-control"]) == (
        "image/jpeg",
        "no-store",
    )
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert b"SECRETPHONE" not in shown.content
    assert api.signed_in(Role.VIEWER).get(path).status_code == 403

    header = {"Content-Type": "image/jpeg"}
    assert rudi.put(path, content=b"no photo", headers=header).status_code == 422
    assert rudi.put(path, json={"a": 1}).status_code == 422
    large = rudi.put(path, content=bytes(4 * 1024 * 1024 + 1), headers=header)
    assert (large.status_code, large.json()["error"]) == (413, "body_too_large")
    other = api.signed_in(Role.TECHNICIAN, "joko").put(path, content=jpeg(), headers=header)
    assert other.status_code == 403
    missing = rudi.put(f"/api/claims/{uuid4()}/photo", content=jpeg(), headers=header)
    assert missing.status_code == 404


def test_other_requests_still_say_little(rudi: httpx.Client) -> None:
    answer = rudi.post("/api/claims", json=claim(note="x" * 70_000))
    assert (answer.status_code, answer.json()["error"]) == (413, "body_too_large")
