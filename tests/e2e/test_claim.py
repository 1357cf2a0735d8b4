"""A sensor mounted at the bin with a phone, from the QR code to the level on the map."""

import io

import pytest
from PIL import Image
from playwright.sync_api import FilePayload, Page, expect

from angkut_backend.db import Row, connect
from e2e.sensors import ADMIN, MOVING, TECHNICIAN, RunningStack
from e2e.visit import SMALL_PHONE, Visit
from parts.waiting import wait_until

pytestmark = pytest.mark.parametrize("visit", [SMALL_PHONE], indirect=True)

BIN = "BKS-BT-0010"
#: Until ingest has stored a reading and the page has asked for it, on a busy machine.
SOON_MS = 30_000


def one(stack: RunningStack, query: str, *values: object) -> Row:
    with connect(stack.dsn) as conn:
        row = conn.execute(query, values).fetchone()
    assert row is not None
    return row


def stand_at(page: Page, stack: RunningStack, code: str, *, north_m: float = 0) -> None:
    """Grant the page a position near a bin."""
    place = one(stack, "SELECT lon, lat FROM bin WHERE code = %s", code)
    page.context.grant_permissions(["geolocation"])
    page.context.set_geolocation(
        {
            "longitude": place["lon"],
            "latitude": place["lat"] + north_m / 111_195,
            "accuracy": 8,
        }
    )


def photo() -> FilePayload:
    exif = Image.Exif()
    exif[0x010F] = "SECRETPHONE"
    out = io.BytesIO()
    Image.new("RGB", (2000, 1500), "darkgreen").save(out, "JPEG", exif=exif)
    return {"name": "bak.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}


def fill_in(page: Page, stack: RunningStack) -> None:
    """Choose the sensor in stock, take the position, measure."""
    # The last digits of the sensor's label.
    device = page.get_by_role("region", name="2. Sensor")
    device.get_by_label("Nomor sensor").fill("1234")
    device.get_by_role("button", name="Cari").click()
    expect(device).to_contain_text(stack.stock.device_id)
    expect(device).to_contain_text("belum terpasang")

    stand_at(page, stack, BIN, north_m=20)
    place = page.get_by_role("region", name="3. Posisi")
    place.get_by_role("button", name="Ambil posisi").click()
    expect(place).to_contain_text("20 m dari letak bak yang terdaftar")
    expect(place).to_contain_text("± 8 m")

    # Centimetres, with a comma; the order is checked while one types.
    measures = page.get_by_role("region", name="4. Ukuran")
    measures.get_by_label("Sampai dasar").fill("110,5")
    measures.get_by_label("Sampai garis penuh").fill("120")
    expect(measures).to_contain_text("Harus lebih kecil")
    measures.get_by_label("Sampai garis penuh").fill("10,5")
    measures.get_by_label("Dipasang pada").select_option("lid")


def save_at_the_second_attempt(page: Page) -> None:
    """Lose the network once; nothing that was filled in is lost, not even when the page is."""
    save = page.get_by_role("button", name="Simpan")
    page.route("**/api/claims", lambda route: route.abort())
    save.click()
    expect(page.locator(".claim-save")).to_contain_text("Isian tetap ada; coba lagi.")
    page.unroute("**/api/claims")
    page.reload()
    expect(page.get_by_label("Sampai dasar")).to_have_value("110,5")
    page.get_by_label("Ambil foto").set_input_files(photo())
    save.click()


def test_a_technician_claims_a_bin_with_a_phone(visit: Visit) -> None:
    stack = visit.stack
    page = visit.enter(f"?claim={BIN}", TECHNICIAN)
    expect(page.get_by_role("region", name="1. Bak")).to_contain_text(BIN)
    expect(page.get_by_role("button", name="Simpan")).to_be_disabled()
    fill_in(page, stack)
    trial = page.get_by_role("region", name="5. Uji sensor")
    expect(trial).to_contain_text("Menunggu laporan baru (biasanya tiap 30 menit)")
    stack.stock.publish_now(45)  # 750 mm, in this bin 35.5 %
    expect(trial).to_have_attribute("data-verdict", "plausible", timeout=SOON_MS)
    expect(trial).to_contain_text("36%")
    expect(trial).to_contain_text("75 cm")
    page.get_by_label("Ambil foto").set_input_files(photo())
    expect(page.locator(".photo")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == SMALL_PHONE["width"]
    save_at_the_second_attempt(page)
    done = page.get_by_role("status").filter(has_text="Sensor terpasang")
    expect(done).to_contain_text(BIN)
    expect(done).to_contain_text("Foto tersimpan.")

    row = one(
        stack,
        "SELECT m.d_empty_mm, m.d_full_mm, m.kind, c.distance_m, c.accuracy_m, p.width_px, p.jpeg"
        " FROM claim AS c JOIN mounting AS m USING (mounting_id)"
        " JOIN mounting_photo AS p USING (mounting_id) JOIN bin AS b ON b.bin_id = c.bin_id"
        " WHERE b.code = %s",
        BIN,
    )
    assert (row["d_empty_mm"], row["d_full_mm"], row["kind"]) == (1105, 105, "lid")
    assert (round(row["distance_m"]), row["accuracy_m"], row["width_px"]) == (20, 8, 1280)
    assert b"SECRETPHONE" not in row["jpeg"]

    # From now on the sensor measures this bin.
    stack.stock.publish_now(45)
    level = (
        "SELECT coalesce(max(fill_pct), 0) AS pct FROM bin_latest JOIN bin USING (bin_id)"
        " WHERE code = %s"
    )
    wait_until(lambda: round(one(stack, level, BIN)["pct"], 1) == 35.5, what="the level of the bin")
    page.get_by_role("button", name="Ke peta").click()
    expect(page.locator(f'.row[data-code="{BIN}"]')).to_contain_text("36%", timeout=SOON_MS)
    page.locator(f'.row[data-code="{BIN}"]').click()
    hung = page.get_by_role("region", name="Pemasangan sensor")
    expect(hung).to_contain_text("110,5 cm sampai dasar, 10,5 cm sampai garis penuh · Tutup")
    expect(hung.get_by_role("img")).to_be_visible()
    # But for the save that was made to fail.
    assert [error for error in visit.errors if "/api/claims" not in error] == []
    assert visit.strangers == []


def test_what_looks_wrong_is_asked_and_a_claim_is_taken_back(visit: Visit) -> None:
    stack = visit.stack
    page = visit.enter("?claim=", ADMIN)
    finder = page.get_by_role("region", name="1. Bak")
    finder.get_by_label("Kode bak").fill("0002-!")
    finder.get_by_role("button", name="Cari").click()
    expect(finder.get_by_role("alert")).to_have_text("Kode ini tidak cocok. Periksa labelnya.")
    finder.get_by_label("Kode bak").fill(MOVING.lower())
    finder.get_by_role("button", name="Cari").click()
    mounted = f"Terpasang sekarang: {stack.sensors[MOVING].device_id}"
    expect(finder).to_contain_text(mounted)

    device = page.get_by_role("region", name="2. Sensor")
    device.get_by_label("Nomor sensor").fill(stack.stock.device_id.upper())
    device.get_by_role("button", name="Cari").click()
    stand_at(page, stack, MOVING, north_m=250)
    page.get_by_role("button", name="Ambil posisi").click()
    # What was measured for the sensor that hangs there is where one begins.
    expect(page.get_by_label("Sampai dasar")).to_have_value("120")

    save = page.get_by_role("button", name="Simpan")
    bar = page.locator(".cautions")
    expect(bar).to_contain_text("Saya 250 m dari letak terdaftar")
    expect(bar).to_contain_text(f"Sensor {stack.sensors[MOVING].device_id} dilepas")
    expect(save).to_be_disabled()
    for box in bar.get_by_role("checkbox").all():
        box.check()
    save.click()
    expect(page.get_by_role("status").first).to_contain_text("Sensor terpasang")
    claim = one(stack, "SELECT confirmed FROM claim ORDER BY made_at DESC LIMIT 1")
    assert {"far", "replace"} <= set(claim["confirmed"])

    page.get_by_role("button", name="Batalkan").click()
    expect(page.get_by_role("status").first).to_contain_text("Dibatalkan")
    page.get_by_role("button", name="Bak berikutnya").click()
    expect(page.locator(".last-claims")).to_contain_text(MOVING)
    finder.get_by_label("Kode bak").fill(MOVING)
    finder.get_by_role("button", name="Cari").click()
    expect(finder).to_contain_text(mounted)
    assert visit.strangers == []


#: What Chrome has on Android and macOS and not on Linux: it sees a label once the camera runs.
DETECTOR = """
window.BarcodeDetector = class {
  async detect(video) {
    return video.videoWidth > 0 ? [{ rawValue: "https://elsewhere.example/?claim=%s" }] : [];
  }
};
// Kept, to see what becomes of it.
const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async (what) => (window.stream = await ask(what));
"""


def test_a_label_is_scanned_on_the_page_and_the_camera_is_let_go(visit: Visit) -> None:
    visit.page.add_init_script(DETECTOR % BIN)
    page = visit.enter("?claim=", TECHNICIAN)
    scan = page.get_by_role("button", name="Pindai")
    scan.click()
    expect(page.get_by_role("dialog")).to_contain_text("Kamera tidak dapat dibuka")
    page.get_by_role("button", name="Tutup").click()
    page.context.grant_permissions(["camera"])
    scan.click()
    expect(page.get_by_role("region", name="1. Bak")).to_contain_text(BIN)
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert page.evaluate("window.stream.getTracks().map((track) => track.readyState)") == ["ended"]


def test_what_was_filled_in_for_one_bin_is_not_saved_for_another(visit: Visit) -> None:
    page = visit.enter(f"?claim={BIN}", TECHNICIAN)
    device = page.get_by_role("region", name="2. Sensor")
    device.get_by_label("Nomor sensor").fill("1234")
    device.get_by_role("button", name="Cari").click()
    expect(device).to_contain_text(visit.stack.stock.device_id)
    page.goto(f"{visit.stack.url}/?claim={MOVING}")
    expect(page.get_by_role("region", name="1. Bak")).to_contain_text(MOVING)
    expect(device.get_by_label("Nomor sensor")).to_be_visible()


def test_a_technician_finds_the_way_from_the_map(visit: Visit) -> None:
    page = visit.sign_in(username=TECHNICIAN)
    assert page.evaluate("document.documentElement.scrollWidth") == SMALL_PHONE["width"]
    bell, button = (page.locator(name).bounding_box() for name in (".bell", ".mount-button"))
    assert bell is not None
    assert button is not None
    assert bell["x"] + bell["width"] <= button["x"]
    page.get_by_role("button", name="Pasang sensor").click()
    expect(page.get_by_role("heading", name="Pasang sensor")).to_be_visible()
    page.go_back()
    expect(page.locator(".list")).to_be_visible()


def test_a_dispatcher_is_offered_no_claim(visit: Visit) -> None:
    page = visit.sign_in(f"?bin={BIN}")
    expect(page.locator(".panel h2")).to_have_text(BIN)
    expect(page.locator(".mount")).to_have_count(0)
    page.goto(f"{visit.stack.url}/?claim={BIN}")
    expect(page.locator(".claim-card")).to_contain_text("Hanya teknisi dan admin")
