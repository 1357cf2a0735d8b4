"""Sheets of devices, as spreadsheet programs write them and as people fill them in."""

import csv
import io
import string
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angkut_backend.registry.hanging import Hanging
from angkut_backend.registry.sheet import MAX_ROWS, Sheet, SheetError, normal_id, read_sheet

HEADER = "device_id,bin,empty_mm,full_mm,angle_deg,interval_s,model"
GOOD = "70b3d57ed0001234,BKS-BT-0001,1200,200,7.5,1800,EM400-MUD"


def read(*lines: str) -> Sheet:
    return read_sheet("\n".join(lines).encode())


def faults(*lines: str) -> list[tuple[int, str, str]]:
    return [(fault.line, fault.column, fault.text) for fault in read(*lines).faults]


def test_a_line_says_which_device_hangs_where_and_how() -> None:
    [row] = read(HEADER, GOOD).rows
    assert (row.line, row.device_id, row.bin_code) == (2, "70b3d57ed0001234", "BKS-BT-0001")
    assert row.hanging == Hanging(d_empty_mm=1200, d_full_mm=200, angle_deg=7.5)
    assert (row.interval_s, row.model) == (1800, "EM400-MUD")


def test_a_device_alone_is_in_stock() -> None:
    [row] = read("device_id", "AA-BB-CC-DD-EE-FF-00-11").rows
    assert (row.device_id, row.bin_code, row.hanging) == ("aabbccddeeff0011", None, None)


@pytest.mark.parametrize(
    "content",
    [
        f"{HEADER}\n{GOOD}\n".encode("utf-8-sig"),
        f"{HEADER}\r\n{GOOD}\r\n\r\n,,,,,,\r\n".encode(),
        f"{HEADER}\r{GOOD}".encode(),
        f"{HEADER}\n{GOOD}".replace(",", "\t").encode("utf-16"),
        f"sep=;\r\n{HEADER}\r\n{GOOD}".replace(",", ";").replace("7.5", "7,5").encode("utf-8-sig"),
        f"{HEADER}\n{GOOD}".replace("7.5", '"7,5"').replace("1200", '"1200,0"').encode(),
        HEADER.upper().replace("_", " ").encode() + f"\n  {GOOD.replace(',', ' , ')} ".encode(),
    ],
    ids=["bom", "blank lines", "old mac", "utf-16", "indonesian excel", "quoted", "by hand"],
)
def test_every_spreadsheet_program_is_understood(content: bytes) -> None:
    [row] = read_sheet(content).rows
    assert row.hanging == Hanging(d_empty_mm=1200, d_full_mm=200, angle_deg=7.5)
    assert row.interval_s == 1800


@pytest.mark.parametrize(
    ("old", "new", "column", "remedy"),
    [
        ("70b3d57ed0001234", "", "device_id", "write the DevEUI"),
        ("70b3d57ed0001234", "8.61234E+14", "device_id", "format the column as text"),
        ("70b3d57ed0001234", "a/b", "device_id", "use letters"),
        ("1200", "12o0", "empty_mm", "whole number"),
        ("1200", "1.200", "empty_mm", "without separators"),
        ("1200", "", "empty_mm", "is missing"),
        ("1200", "99999", "empty_mm", "1 to 20000 mm"),
        ("200,7.5", "1200,7.5", "empty_mm", "must be larger"),
        ("7.5", "90", "angle_deg", "0 to 60"),
        ("7.5", "nan", "angle_deg", "such as 7.5 or 7,5"),
        ("1800", "0", "interval_s", "1 to 2592000"),
        ("EM400-MUD", "a\x07b", "model", "one line of text"),
        ("BKS-BT-0001", "", "full_mm", "no bin is named"),
    ],
)
def test_a_fault_names_line_field_and_remedy(old: str, new: str, column: str, remedy: str) -> None:
    found = faults(HEADER, GOOD.replace(old, new, 1), GOOD.replace("1234", "9", 1))
    named = [text for line, name, text in found if (line, name) == (2, column)]
    assert any(remedy in text for text in named), found


def test_all_faults_of_all_lines_are_told_and_the_good_lines_stay() -> None:
    sheet = read(HEADER, "a,B1,x,y,,,", "b,B2,1000,100,,,", "c,B3,1,,,,")
    assert [(f.line, f.column) for f in sheet.faults] == [
        (2, "empty_mm"),
        (2, "full_mm"),
        (4, "full_mm"),
    ]
    assert [row.device_id for row in sheet.rows] == ["b"]


def test_a_device_or_bin_stands_once() -> None:
    found = faults(HEADER, GOOD, GOOD.upper(), GOOD.replace("1234", "9", 1))
    assert [(line, column) for line, column, _ in found] == [(3, "device_id"), (4, "bin")]
    assert "line 2" in found[0][2]


def test_measures_that_contradict_each_other_are_told() -> None:
    header = "device_id;bin;empty_mm;full_mm;depth_mm;height_mm;kind"
    [fault] = read(header, "a;B1;1200;200;800;100;lid").faults
    assert "900 mm to the bottom" in fault.text
    [row] = read(header, "a;B1;1200;200;1050;120;LID").rows
    assert row.hanging
    assert (row.hanging.kind, row.hanging.sensor_height_mm) == ("lid", 120)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"id,bin\nx,y", "device_id"),
        (b"device_id,colour\nx,y", "colour"),
        (b"device_id,bin,bin\nx,y,z", "twice"),
        (b"device_id\nx\n\xff\n", "line 3"),
        (b"PK\x03\x04\x00\x00", "CSV UTF-8"),
        (b'device_id,model\nx,"unended', "quotation"),
        (b"device_id\n" + b"".join(b"d%d\n" % n for n in range(MAX_ROWS + 1)), "split"),
        (b"x" * 4_000_001, "split"),
    ],
)
def test_what_is_no_sheet_is_refused_as_a_whole(content: bytes, words: str) -> None:
    with pytest.raises(SheetError, match=words):
        read_sheet(content)


def test_more_cells_than_columns_are_a_fault_of_their_line() -> None:
    assert faults("device_id,bin", "a,,,x")[0][:2] == (2, "device_id")
    assert not faults("device_id,bin", "a,,,")


def test_lines_are_counted_as_a_text_editor_does() -> None:
    sheet = read("sep=,", "", "device_id,model", '"a","two', 'lines"', "", "b,", "c/d,")
    assert [(fault.line, fault.column) for fault in sheet.faults] == [
        (4, "model"),
        (8, "device_id"),
    ]
    assert [row.line for row in sheet.rows] == [7]


IDS = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=20)
ROWS = st.dictionaries(
    IDS,
    st.tuples(st.integers(500, 20_000), st.integers(0, 499), st.integers(0, 600)),
    max_size=20,
)


@given(
    ROWS,
    st.sampled_from(",;\t"),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(".,"),
)
def test_what_a_spreadsheet_writes_is_what_is_read(
    devices: dict[str, tuple[int, int, int]], delimiter: str, encoding: str, end: str, point: str
) -> None:
    text = io.StringIO(newline="")
    lines = csv.writer(text, delimiter=delimiter, lineterminator=end)
    lines.writerow(["angle_deg", "device_id", "bin", "empty_mm", "full_mm"])
    for n, (name, (empty, full, tenths)) in enumerate(devices.items()):
        angle = f"{tenths / 10}".replace(".", point)
        lines.writerow([angle, name.upper(), f"bks-{n}", empty, full])
    sheet = read_sheet(text.getvalue().encode(encoding))
    assert not sheet.faults
    assert [(row.device_id, row.bin_code, row.hanging) for row in sheet.rows] == [
        (
            name,
            f"BKS-{n}",
            Hanging(d_empty_mm=empty, d_full_mm=full, angle_deg=tenths / 10),
        )
        for n, (name, (empty, full, tenths)) in enumerate(devices.items())
    ]


@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda text: text.encode()))
def test_no_bytes_lead_to_anything_but_a_sheet_or_a_refusal(content: bytes) -> None:
    for start in (b"", b"device_id;bin;empty_mm;full_mm\n"):
        with suppress(SheetError):
            sheet = read_sheet(start + content)
            assert all(fault.text and fault.line > 0 for fault in sheet.faults)


@given(st.text(max_size=40))
def test_an_id_is_normal_once_it_was_made_normal(text: str) -> None:
    assert normal_id(normal_id(text)) == normal_id(text)
