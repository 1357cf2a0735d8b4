"""Run sheets on paper, read back from the PDF."""

import io
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from pypdf import PdfReader

from angkut_backend.planning.exports.drawing import (
    MANY_STOPS,
    DrawingError,
    is_long,
    to_pdf_apart,
)
from angkut_backend.planning.exports.fonts import REPLACEMENT, printable, width_mm, wrapped
from angkut_backend.planning.exports.names import BinName, Names
from angkut_backend.planning.exports.navigation import run_links
from angkut_backend.planning.exports.note_words import HURDLES, note_words
from angkut_backend.planning.exports.run_sheet_pdf import to_pdf
from angkut_backend.planning.exports.runs import runs_of
from angkut_backend.planning.exports.service import export
from angkut_backend.planning.exports.words import CONTAINERS, IN, MUST, OUT, POLICIES, STATES
from angkut_backend.planning.notes import Hurdle, Note, NoteCode
from angkut_backend.planning.plan_document import InReason, OutReason, StepKind
from angkut_backend.planning.policies import Policy
from angkut_backend.planning.problem import Lock, MustReason, Problem, TimeWindow, Underway
from angkut_backend.planning.records import EventKind, PlanRecord
from angkut_backend.planning.violations import Breach, Violation
from angkut_backend.roads.service import Roads

from .conftest import line_bin, line_shift, truck
from .plans import kept, named, two_trips


def pages(record: PlanRecord, names: Names | None = None) -> list[str]:
    return texts(to_pdf(record, names or named(record.problem)))


def texts(pdf: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages]


def approximate(record: PlanRecord) -> PlanRecord:
    origin = record.plan.provenance.model_copy(update={"approximate": True})
    return replace(record, plan=record.plan.model_copy(update={"provenance": origin}))


def eighty(bins: int = 80, **changes: object) -> Problem:
    reasons = list(MustReason)
    return line_shift(
        bins=tuple(
            line_bin(
                number,
                code=f"BKS-BT-{number:04}",
                lat=-6.2 - 0.0005 * number,
                load_l=60,
                load_kg=20,
                fill_pct=20 + number,
                must=reasons[number % len(reasons)],
            )
            for number in range(1, bins + 1)
        ),
        **changes,
    )


@pytest.fixture(scope="module")
def long_record() -> PlanRecord:
    return kept(eighty())


def test_a_sheet_says_when_a_bin_can_be_emptied() -> None:
    hour = 3600
    windows = {
        1: (-5, 3),
        2: (1, 19),
        3: (1, 3),
        # As long as anybody drives.
        4: (-5, 19),
        5: None,
    }
    bins = tuple(
        line_bin(
            number,
            windows=()
            if span is None
            else (TimeWindow(from_s=span[0] * hour, to_s=span[1] * hour),),
        )
        for number, span in windows.items()
    )
    split = (TimeWindow(from_s=0, to_s=hour), TimeWindow(from_s=2 * hour, to_s=3 * hour))
    record = kept(line_shift(bins=(*bins, line_bin(6, windows=split)), vehicles=(truck("T1"),)))

    assert {one.bin for one in record.plan.served} == {f"B{number}" for number in range(1, 7)}
    text = " ".join(" ".join(pages(record)).split())
    assert text.count("hanya") == text.count("only ") == 4
    for said in (
        "hanya sampai 08:00", "only until 08:00", "hanya mulai 06:00", "only from 06:00",
        "hanya 06:00-08:00", "only 06:00-08:00", "hanya sampai 06:00, 07:00-08:00",
    ):  # fmt: skip
        assert said in text


def test_a_sheet_tells_a_crew_the_whole_shift_in_order() -> None:
    record = kept(two_trips(), state=EventKind.PUBLISHED)
    summary, sheet = pages(record)
    [run] = runs_of(record)
    places = [
        sheet.index(f"\n{stage.step.code}\n") for stage in run.stages if stage.bin is not None
    ]
    assert places == sorted(places)
    for stage in run.stages:
        if stage.bin is not None:
            at = record.problem.moment(stage.step.begin_s)
            assert f"{stage.position}\n{at:%H:%M}\n{stage.step.code}" in sheet
    queue_min = {
        (stage.step.begin_s - stage.step.arrive_s) // 60
        for stage in run.stages
        if stage.step.kind is StepKind.UNLOAD
    }
    assert queue_min == {15}
    loads = re.findall(
        r"BONGKAR di TPA Sumur Batu sekitar ([\d.]+) kg; antre sekitar 15 menit", sheet
    )
    assert len(loads) == 2
    assert sum(int(one.replace(".", "")) for one in loads) == 1_800
    trips = re.findall(r"RITASE (\d): (\d) titik, sekitar ([\d.]+) kg", sheet)
    assert [(trip, kg) for trip, _, kg in trips] == list(zip("12", loads, strict=True))
    assert sum(int(stops) for _, stops, _ in trips) == 6
    assert sheet.count("300 kg") >= 6
    assert sheet.count("1.000 l") == 6
    assert "05:00-13:00 WIB" in sheet
    assert "ISTIRAHAT sampai 06:53" in sheet
    for text in (
        "Kamis, 15 Januari 2026",
        "2026-01-15 04:30 WIB",
        "6b1f3a52",
        "20,0 km",
        "1.800 kg",
    ):
        assert text in sheet
    assert "Bekasi Timur, Kota Bekasi" in sheet
    assert "page 1 of 1" in sheet
    for mark in ("DRAFT", "APPROXIMATE", "BREAKS"):
        assert mark not in sheet + summary
    assert "tidak bertugas" in summary  # the second truck


def test_what_a_crew_must_not_rely_on_is_marked_on_every_page(long_record: PlanRecord) -> None:
    record = replace(
        approximate(long_record),
        violations=[Violation(Breach.LOAD, "T1", "too much")],
        is_treated=False,
    )
    found = pages(record)
    assert len(found) > 3
    for page in found:
        for mark in ("DRAFT, NOT IN FORCE", "APPROXIMATE: straight lines", "BREAKS 1 RULES"):
            assert mark in page
        assert "some areas keep their fixed round" in page
    withdrawn = pages(kept(two_trips(), state=EventKind.WITHDRAWN))
    assert all("DITARIK, JANGAN DIPAKAI" in page for page in withdrawn)


def test_eighty_stops_with_long_names_all_get_their_row_and_pages_are_counted(
    long_record: PlanRecord,
) -> None:
    record = long_record
    long = "TPS RW 04 belakang Masjid Agung Al-Barkah dekat Gang Haji Muhammad Thamrin " * 3
    names = replace(
        named(record.problem),
        bins={one.code: BinName(long + "x" * 60, "Bekasi Jaya") for one in record.problem.bins},
    )
    _, *sheet = pages(record, names)
    whole = "\n".join(sheet)
    stops = [code for route in record.plan.routes for code in route.bins]
    assert len(stops) == 80
    assert all(whole.count(f"\n{code}\n") == 1 for code in stops)
    for number, page in enumerate(sheet, start=1):
        assert f"Halaman {number} dari {len(sheet)}" in page
    # Each page has the head of the table but for those with codes only.
    assert sum("Lokasi" in page for page in sheet) >= len(sheet) - 1
    for reason in MustReason:
        assert MUST[reason].en in whole


def test_every_vehicle_begins_on_a_page_of_its_own() -> None:
    problem = eighty(
        8, vehicles=tuple(truck(f"T{n}", max_stops=2, max_trips=1) for n in range(1, 5))
    )
    record = kept(problem)
    assert len(record.plan.routes) == 4
    found = pages(record)
    firsts = [page for page in found[1:] if "page 1 of" in page]
    assert len(firsts) == 4
    for route, page in zip(record.plan.routes, firsts, strict=True):
        assert f"{route.vehicle} (dump truk)" in page


def test_the_sheet_of_one_vehicle_is_that_of_the_whole_and_has_no_other() -> None:
    vehicles = tuple(truck(f"T{n}", max_stops=2, max_trips=1) for n in range(1, 5))
    record = kept(eighty(8, vehicles=vehicles))
    notes = tuple(Note(code=NoteCode.NO_BREAK, text="", vehicle=one) for one in ("T1", "T2"))
    record = replace(record, plan=record.plan.model_copy(update={"notes": notes}))
    names = named(record.problem)
    whole = pages(record)
    for route in record.plan.routes:
        found = texts(export(record, names, "pdf", Roads(Path("none"), None), route.vehicle))
        assert found == [page for page in whole[1:] if f"{route.vehicle} (dump truk)" in page]
        assert len(found) == 1


def test_links_of_the_sheet_are_those_of_the_plan_and_can_be_tapped(
    long_record: PlanRecord,
) -> None:
    record = long_record
    reader = PdfReader(io.BytesIO(to_pdf(record, named(record.problem))))
    links = [
        annotation.get_object()["/A"]["/URI"]
        for page in reader.pages
        for annotation in page.get("/Annots", [])
    ]
    assert links == [one.url for run in runs_of(record) for _, ls in run_links(run) for one in ls]
    assert len(links) == 9


def test_names_in_other_letters_are_printed_or_marked_never_lost() -> None:
    record = kept(line_shift(bins=(line_bin(1), line_bin(2), line_bin(3))))
    names = replace(
        named(record.problem),
        bins={
            "B1": BinName("Łódź Ψ Жук", "Bekasi Jaya"),
            "B2": BinName("Masjid مسجد النور", "青年"),
            "B3": BinName("\x00\u200f", "ﬁ"),
        },
    )
    _, sheet = pages(record, names)
    assert "Łódź Ψ Жук" in sheet
    assert f"Masjid {REPLACEMENT}" in sheet
    assert "huruf lain / other letters" in sheet


def test_remarks_on_a_vehicle_stand_on_its_sheet_and_all_on_the_summary() -> None:
    record = kept(two_trips())
    notes = (
        Note(
            code=NoteCode.LATE_HOME,
            text="T1 cannot be back by 13:00",
            vehicle="T1",
            due_s=8 * 3600,
            at_s=9 * 3600,
        ),
        Note(code=NoteCode.NO_WAY_HOME, text="T2 has no route", vehicle="T2"),
        Note(text="as it was said before there were codes"),
    )
    noted = replace(record, plan=record.plan.model_copy(update={"notes": notes}))
    summary, sheet = pages(noted)
    late = "CATATAN: T1 tidak dapat kembali pukul 13:00: langsung pulang, tiba pukul 14:00"
    assert late in sheet
    assert "T2 tidak punya rute" not in sheet
    for text in (late, "T1 cannot be back", "T2 tidak punya rute", "CATATAN: as it was said"):
        assert text in summary


def test_an_overload_is_told_with_both_figures() -> None:
    load = {"load_l": 5_200, "load_kg": 3_300, "most_l": 5_000, "most_kg": 3_000}
    note = Note(code=NoteCode.OVERLOADED, text="English", vehicle="T1", **load)

    assert note_words(note, str).id == (
        "T1 membawa 3.300 kg, 5.200 l, padahal muatannya 3.000 kg, 5.000 l: "
        "membongkar dulu sebelum mengangkut lagi"
    )


def test_every_remark_has_words_on_paper() -> None:
    for code in NoteCode:
        about = {"vehicle": "T1", "bin": "B1", "place": "TPA", "position": 3, "hurdle": "closed"}
        note = Note.model_validate({"code": code, "text": "English"} | about)
        said = note_words(note, str)
        assert re.search(r"\b(T1|TPA)\b", said.id)
        assert "None" not in said.id
        assert said.en == "English"
    assert set(HURDLES) == set(Hurdle)


def test_a_lock_is_told_beside_the_reason() -> None:
    bins = (line_bin(1, must=MustReason.COMPLAINT), line_bin(2))
    locks = (Lock(bin="B1", vehicle="T1"), Lock(bin="B2", vehicle="T1"))
    _, sheet = pages(kept(line_shift(bins=bins, locks=locks)))
    assert "dikunci petugas" in sheet
    assert " ".join(sheet.split()).count("dikunci petugas") == 2
    assert "WAJIB: aduan warga;" in " ".join(sheet.split())


def test_a_process_of_its_own_draws_the_same_and_says_so_when_it_fails() -> None:
    record = kept(two_trips())
    names = named(record.problem)
    assert to_pdf_apart(record, names) == to_pdf(record, names)
    with pytest.raises(DrawingError, match="take the csv form"):
        to_pdf_apart(record, replace(names, places=None))  # type: ignore[arg-type]


def test_a_plan_is_long_by_its_stops() -> None:
    record = kept(two_trips())
    assert not is_long(record)
    many = record.plan.totals.model_copy(update={"stops": MANY_STOPS + 1})
    assert is_long(replace(record, plan=record.plan.model_copy(update={"totals": many})))


def test_invented_rounds_are_marked_where_they_decided() -> None:
    trust = [{"area": "1", "name": "A", "bins": 6, "trusted": 0, "is_fixed": True}]
    record = kept(two_trips(), parameters={"rounds": "invented"}, data_trust=trust)
    assert all("rounds are INVENTED" in page for page in pages(record))
    known = replace(record, parameters={"rounds": "registry"})
    assert not any("INVENTED" in page for page in pages(known))


def test_a_plan_without_routes_has_a_summary_that_says_so() -> None:
    [summary] = pages(kept(line_shift(bins=())))
    assert summary.count("tidak bertugas") == 2
    assert "0,0 km" in summary
    [nothing] = pages(kept(line_shift(bins=(), vehicles=())))
    assert "RINGKASAN RENCANA" in nothing


def test_a_vehicle_that_only_drives_home_gets_a_proper_sheet() -> None:
    here = Underway(lon=107.0, lat=-6.25, free_at_s=600, load_l=500, load_kg=100)
    record = kept(line_shift(bins=(), vehicles=(truck("T1", underway=here),)))
    assert len(record.plan.routes) == 1
    _, sheet = pages(record)
    assert "Tidak ada titik angkut" in sheet
    assert "leave where it is" in sheet
    assert "back at Pool UPTD" in sheet


def test_what_must_be_served_and_stays_is_named_with_both_reasons() -> None:
    problem = line_shift(
        bins=(line_bin(1, must=MustReason.COMPLAINT, load_l=90_000), line_bin(2)),
    )
    [summary, _] = pages(kept(problem))
    assert "WAJIB TETAPI TIDAK TERANGKUT (1)" in summary
    assert "aduan warga; melebihi muatan kendaraan" in summary


def test_the_same_plan_gives_the_same_bytes() -> None:
    record = kept(two_trips())
    names = named(record.problem)
    assert to_pdf(record, names) == to_pdf(record, names)
    later = replace(record, readings_as_of=record.readings_as_of + timedelta(hours=1))
    assert to_pdf(later, names) != to_pdf(record, names)


@pytest.mark.parametrize("text", ["", "a", "kata " * 40, "x" * 200, "日本", "e\u0301 \u0301"])
def test_wrapped_lines_fit_their_width(text: str) -> None:
    for width in (3.0, 20.0, 50.0):
        lines = wrapped(text, width, 7.5, lines=3)
        assert len(lines) <= 3
        assert all(width_mm(line, 7.5) <= width for line in lines)
    assert "".join(wrapped(text, 10_000, 7.5, lines=1)) == " ".join(printable(text).split())


def test_every_word_of_a_plan_is_said_in_both_languages() -> None:
    assert set(MUST) == set(MustReason)
    assert set(IN) == set(InReason)
    assert set(OUT) == set(OutReason)
    assert set(POLICIES) == set(Policy)
    assert set(STATES) == {None, *EventKind}
    assert all(words.id and words.en for words in CONTAINERS.values())
