"""The printed sheets of a plan as a PDF: A4, a summary, then the run sheet of each vehicle."""

import io
from collections.abc import Iterator, Sequence

from reportlab import rl_config
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from angkut_backend.planning.exports.fonts import width_mm, wrapped
from angkut_backend.planning.exports.names import Names
from angkut_backend.planning.exports.paper import HEIGHT, WIDTH, Paper
from angkut_backend.planning.exports.plan_summary import VEHICLE_TABLE, summary
from angkut_backend.planning.exports.run_sheet import STOPS, run_sheet
from angkut_backend.planning.exports.runs import runs_of
from angkut_backend.planning.exports.sheet_parts import Code, Row, Sheet
from angkut_backend.planning.exports.words import Words
from angkut_backend.planning.records import PlanRecord

_MARGIN = 10.0
_FULL = WIDTH - 2 * _MARGIN
_BOTTOM = HEIGHT - 13.0
#: Widths of columns by the head of the table, mm; they fill a line.
_COLUMNS = {
    STOPS: (8.0, 12.0, 26.0, 46.0, 23.0, 18.0, 33.0, 8.0, 16.0),
    VEHICLE_TABLE: (38.0, 34.0, 40.0, 15.0, 15.0, 23.0, 25.0),
}
_TEXT, _SMALL = 7.5, 6.0
_LINE, _SMALL_LINE, _PADDING = 3.3, 2.7, 1.2
_TICK = 4.0
#: So many columns of a stop are bold.
_BOLD = 3
#: Side of a QR code and of its cell, mm: modules of half a millimetre for ten places.
_CODE, _CELL = (34.0, 38.0)
_CODES_A_LINE = 5


#: Streams of a PDF need not be text: a fifth of the bytes, and all the time that writing it takes.
rl_config.useA85 = 0


def to_pdf(record: PlanRecord, names: Names, *, has_summary: bool = True) -> bytes:
    """Draw the sheets; the same plan gives the same bytes."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(WIDTH * mm, HEIGHT * mm), invariant=1)
    canvas.setTitle(f"Angkut: lembar rute {record.problem.moment(0):%Y-%m-%d}")
    runs = runs_of(record)
    sheets = [run_sheet(record, names, run) for run in runs]
    if has_summary:
        sheets.insert(0, summary(record, names, runs))
    for sheet in sheets:
        paper = _Flow(sheet).paper

        def foot(number: int, sheet: Sheet = sheet, paper: Paper = paper) -> str:
            return (
                f"{sheet.subject}   {record.problem.moment(0):%Y-%m-%d}   Angkut {record.plan_id}"
                f"   Halaman {number} dari {len(paper)} / page {number} of {len(paper)}"
            )

        paper.draw(canvas, foot)
    canvas.save()
    return out.getvalue()


class _Flow:
    """Fills pages from top to bottom; lengths in mm from the top left."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        self._widths = _COLUMNS[sheet.header]
        self.paper = Paper()
        self._y = 0.0
        self._new_page()
        self._table_head()
        for row in sheet.rows:
            self._row(row)
        self._totals()
        self._codes()
        self._signatures()

    def _new_page(self) -> None:
        self.paper.new_page()
        sheet, y = self._sheet, _MARGIN
        is_first = len(self.paper) == 1
        size = 15 if is_first else 10
        title = f"{sheet.title.id} / {sheet.title.en}"
        self.paper.text(_MARGIN, y + 5, title, size, bold=True)
        subject = wrapped(sheet.subject, 80, size, lines=1, bold=True)
        self.paper.text_to(WIDTH - _MARGIN, y + 5, subject[0] if subject else "", size, bold=True)
        self._y = y + 8
        if is_first:
            self._facts()
        for mark in sheet.marks:
            self._mark(mark, is_first=is_first)

    def _facts(self) -> None:
        column = _FULL / 3
        for start in range(0, len(self._sheet.facts), 3):
            for place, (label, value) in enumerate(self._sheet.facts[start : start + 3]):
                x = _MARGIN + place * column
                self.paper.text(x, self._y + 2.5, f"{label.id} / {label.en}", _SMALL, grey=0.35)
                for line in wrapped(value.id, column - 3, 9, lines=1, bold=True):
                    self.paper.text(x, self._y + 7, line, 9, bold=True)
                    at = width_mm(line, 9, bold=True) + 1.5
                    if at + width_mm(value.en, _SMALL) <= column - 3 and value.en != value.id:
                        self.paper.text(x + at, self._y + 7, value.en, _SMALL, grey=0.35)
                self.paper.line(x, self._y + 8.3, x + column - 3, self._y + 8.3)
            self._y += 11
        self._y += 1

    def _mark(self, mark: Words, *, is_first: bool) -> None:
        size = 8.0 if is_first else 7.0
        height = 6.0 if is_first else 4.5
        self.paper.box(_MARGIN, self._y, _FULL, height, fill=0.85, edge_pt=0.3)
        lines = wrapped(f"{mark.id} / {mark.en}", _FULL - 4, size, lines=1, bold=True)
        self.paper.text(_MARGIN + 2, self._y + height - 1.6, lines[0], size, bold=True)
        self._y += height + 1

    def _table_head(self) -> None:
        height = 7.0
        self.paper.box(_MARGIN, self._y, _FULL, height, fill=0.2)
        for x, width, words in self._cells(self._sheet.header):
            for line in wrapped(words.id, width - 1, _TEXT, lines=1, bold=True):
                self.paper.text(x + 0.8, self._y + 3.2, line, _TEXT, bold=True, grey=1)
            for line in wrapped(words.en, width - 1, _SMALL, lines=1):
                self.paper.text(x + 0.8, self._y + 6, line, _SMALL, grey=1)
        self._y += height

    def _row(self, row: Row) -> None:
        if not row.is_stop:
            self._remark(row)
            return
        # What a crew looks for from the street: number, time, code.
        bold = _BOLD if self._sheet.header is STOPS else 1
        cells = [
            (
                x,
                wrapped(words.id, width - 1.6, _TEXT, lines=4, bold=place < bold),
                wrapped(words.en, width - 1.6, _SMALL, lines=2),
            )
            for place, (x, width, words) in enumerate(self._cells(row.cells))
        ]
        height = max(len(a) * _LINE + len(b) * _SMALL_LINE for _, a, b in cells)
        height = max(height + 2 * _PADDING, _TICK + 2 * _PADDING)
        self._room(height)
        self.paper.cells(_MARGIN, self._y, self._widths, height)
        for place, (x, lines, small) in enumerate(cells):
            self._lines(x + 0.8, lines, small, bold=place < bold)
        if self._sheet.header is STOPS:
            x, width, _ = list(self._cells(row.cells))[-2]
            side = (width - _TICK) / 2
            self.paper.box(x + side, self._y + (height - _TICK) / 2, _TICK, _TICK, edge_pt=0.8)
        self._y += height

    def _remark(self, row: Row) -> None:
        at, words = row.cells
        indent = sum(self._widths[:2]) if self._sheet.header is STOPS else 0.0
        width = _FULL - indent - 1.6
        lines = wrapped(words.id, width, _TEXT, lines=4, bold=True)
        small = wrapped(words.en, width, _SMALL, lines=2)
        height = len(lines) * _LINE + len(small) * _SMALL_LINE + 2 * _PADDING
        self._room(height)
        self.paper.box(_MARGIN, self._y, _FULL, height, fill=0.92, edge_pt=0.3)
        if indent:
            self.paper.text(_MARGIN + self._widths[0] + 0.8, self._y + 3.6, at.id, _TEXT, bold=True)
        self._lines(_MARGIN + indent + 0.8, lines, small, bold=True)
        self._y += height

    def _totals(self) -> None:
        self._room(13, with_head=False)
        self._y += 2
        width = _FULL / len(self._sheet.totals)
        self.paper.box(_MARGIN, self._y, _FULL, 10, edge_pt=0.8)
        for place, (label, value) in enumerate(self._sheet.totals):
            x = _MARGIN + place * width + 1.5
            self.paper.text(x, self._y + 3.5, f"{label.id} / {label.en}", _SMALL, grey=0.35)
            self.paper.text(x, self._y + 8.3, value, 10, bold=True)
        self._y += 11

    def _codes(self) -> None:
        codes = self._sheet.codes
        for start in range(0, len(codes), _CODES_A_LINE):
            self._room(_CELL + 10, with_head=False)
            if start == 0:
                self._y += 2
                head = (
                    "Navigasi ponsel: pindai berurutan (aplikasi Google Maps) / "
                    "phone navigation: scan one after the other (Google Maps app)"
                )
                self.paper.text(_MARGIN, self._y + 3, head, _TEXT, bold=True)
                self._y += 4
            for place, code in enumerate(codes[start : start + _CODES_A_LINE]):
                self._code(_MARGIN + place * _CELL, code)
            self._y += _CELL + 4

    def _code(self, x: float, code: Code) -> None:
        self.paper.code(x, self._y, _CODE, code.url)
        caption = f"{code.caption.id} / {code.caption.en}"
        for line in wrapped(caption, _CELL - 1, _SMALL, lines=1):
            self.paper.text(x + 2, self._y + _CODE + 2, line, _SMALL)

    def _signatures(self) -> None:
        signatures = self._sheet.signatures
        self._room(24, with_head=False)
        width = _FULL / len(signatures)
        for place, words in enumerate(signatures):
            x = _MARGIN + place * width
            self.paper.text(x, self._y + 5, f"{words.id} / {words.en}", _TEXT)
            self.paper.line(x, self._y + 19, x + width - 6, self._y + 19)
            self.paper.text(
                x, self._y + 22, "Nama, tanda tangan / name, signature", _SMALL, grey=0.35
            )
        self._y += 24

    def _room(self, height: float, *, with_head: bool = True) -> None:
        """Begin another page where this one is full."""
        if self._y + height > _BOTTOM:
            self._new_page()
            if with_head:
                self._table_head()

    def _cells(self, cells: Sequence[Words]) -> Iterator[tuple[float, float, Words]]:
        x = _MARGIN
        for width, words in zip(self._widths, cells, strict=True):
            yield x, width, words
            x += width

    def _lines(
        self, x: float, lines: Sequence[str], small: Sequence[str], *, bold: bool = False
    ) -> None:
        y = self._y + _PADDING
        for line in lines:
            self.paper.text(x, y + 2.5, line, _TEXT, bold=bold)
            y += _LINE
        for line in small:
            self.paper.text(x, y + 2.1, line, _SMALL, grey=0.35)
            y += _SMALL_LINE
