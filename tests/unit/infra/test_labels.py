"""Labels laid out and drawn."""

import xml.etree.ElementTree as ET

import pytest
from reportlab.pdfbase.pdfmetrics import stringWidth

from angkut_backend.registry.labels import Label
from angkut_infra.labels import pdf, svg
from angkut_infra.labels.sheet import LABEL_MM, PAGE_MM, PER_SHEET, sheets

URL = "https://angkut.example.go.id"
LABELS = [
    Label(f"BKS-BT-{n:04}", "TPS <RW 04> & a very long name of a place that goes on", "Aren Jaya")
    for n in range(1, PER_SHEET + 2)
]


def test_labels_fill_sheets_without_overlap_and_all_stays_on_its_label() -> None:
    full, last = sheets(LABELS, URL)
    assert (len(full.edges), len(last.edges)) == (PER_SHEET, 1)
    for n, edge in enumerate(full.edges):
        assert 0 <= edge.x <= PAGE_MM[0] - LABEL_MM[0]
        assert 0 <= edge.y <= PAGE_MM[1] - LABEL_MM[1]
        for other in full.edges[n + 1 :]:
            assert abs(edge.x - other.x) >= LABEL_MM[0] or abs(edge.y - other.y) >= LABEL_MM[1]
    [edge] = last.edges
    for box in last.modules:
        assert edge.x < box.x < box.x + box.width < edge.x + edge.width
        assert edge.y < box.y < box.y + box.height < edge.y + edge.height
    assert {"BKS-BT-0011", LABELS[-1].short_code} < {text.text for text in last.texts}
    assert all(edge.x < text.x and edge.y < text.y < edge.y + edge.height for text in last.texts)


def test_modules_are_large_enough_for_a_phone_and_leave_the_quiet_zone() -> None:
    [sheet] = sheets(LABELS[:1], URL)
    side = min(box.height for box in sheet.modules)
    assert side >= 0.8
    [edge] = sheet.edges
    assert min(box.x for box in sheet.modules) - edge.x >= 4 * side
    right = max(box.x + box.width for box in sheet.modules)
    assert min(text.x for text in sheet.texts) - right >= 4 * side - 0.01


def test_a_pdf_has_a_page_a_sheet_and_is_the_same_each_time() -> None:
    pages = list(sheets(LABELS, URL))
    drawn = pdf.render(pages)
    assert drawn.startswith(b"%PDF-")
    assert drawn.count(b"/Type /Page\n") == 2
    assert drawn == pdf.render(pages)


def test_an_svg_is_an_a4_page_with_all_text_escaped() -> None:
    [sheet] = sheets(LABELS[:2], URL)
    root = ET.fromstring(svg.render(sheet))  # noqa: S314 - our own
    assert (root.get("width"), root.get("height")) == ("210mm", "297mm")
    texts = [node.text for node in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "BKS-BT-0001" in texts
    assert any(text and text.startswith("TPS <RW 04> &") for text in texts)


@pytest.mark.parametrize("length", [1, 11, 32])
def test_codes_of_any_length_fit(length: int) -> None:
    [sheet] = sheets([Label("A" * length, "", "")], URL)
    [edge] = sheet.edges
    [code] = [text for text in sheet.texts if text.text == "A" * length]
    width_mm = stringWidth(code.text, "Helvetica-Bold", code.size_pt) * 25.4 / 72
    assert code.x + width_mm < edge.x + edge.width
