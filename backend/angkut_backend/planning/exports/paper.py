"""Pages to be drawn on: text, lines, boxes and QR codes, in mm from the top left of A4."""

from collections.abc import Callable, Sequence
from itertools import groupby

import segno
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from angkut_backend.planning.exports.fonts import POINTS, REPLACEMENT, font, printable, width_mm

WIDTH, HEIGHT = 210.0, 297.0
#: Modules that must stay white around a QR code (ISO/IEC 18004).
_QUIET = 4
#: Of the patterns that break up a QR code, always this one.
_MASK = 2

#: Operators of a page (ISO 32000, 8 and 9), which cost a tenth of the canvas' calls; or what needs
#: its fonts.
_Piece = str | Callable[[Canvas], None]


class Paper:
    """Pages of one sheet; drawn when all of them are known."""

    def __init__(self) -> None:
        self._pages: list[list[_Piece]] = []
        self._is_whole = True

    def __len__(self) -> int:
        return len(self._pages)

    def new_page(self) -> None:
        """Begin a page; what follows is drawn on it."""
        self._pages.append([])

    def text(
        self, x: float, y: float, text: str, size: float, *, bold: bool = False, grey: float = 0
    ) -> None:
        """Put a line of text; `y` is its base line, the size is in points."""
        shown = printable(text)
        self._is_whole &= REPLACEMENT not in shown

        def draw(canvas: Canvas) -> None:
            canvas.setFillGray(grey)
            canvas.setFont(font(bold=bold), size)
            canvas.drawString(x * mm, (HEIGHT - y) * mm, shown)

        self._pages[-1].append(draw)

    def text_to(self, x: float, y: float, text: str, size: float, *, bold: bool = False) -> None:
        """Put a line of text that ends at `x`."""
        self.text(x - width_mm(printable(text), size, bold=bold), y, text, size, bold=bold)

    def line(self, x0: float, y0: float, x1: float, y1: float) -> None:
        """Draw a thin line."""
        self._pages[-1].append(f".4 G .3 w {_at(x0, y0)} m {_at(x1, y1)} l S")

    def box(
        self, x: float, y: float, width: float, height: float, *,
        fill: float | None = None, edge_pt: float = 0.0,
    ) -> None:  # fmt: skip
        """Draw a rectangle; `fill` is a grey from 0 (black) to 1."""
        paint = ("B" if edge_pt else "f") if fill is not None else "S"
        shade = "" if fill is None else f"{fill} g "
        self._pages[-1].append(
            f"{shade}.3 G {edge_pt} w {_at(x, y + height)} {_pt(width)} {_pt(height)} re {paint}"
        )

    def cells(self, x: float, y: float, widths: Sequence[float], height: float) -> None:
        """Draw rectangles beside one another, with thin edges."""
        parts = [f".3 G .3 w {_at(x, y + height)} {_pt(sum(widths))} {_pt(height)} re"]
        for width in widths[:-1]:
            x += width
            parts.append(f"{_at(x, y)} m {_at(x, y + height)} l")
        self._pages[-1].append(" ".join([*parts, "S"]))

    def code(self, x: float, y: float, side: float, url: str) -> None:
        """Draw a QR code, which is a link on a screen too."""
        # Looking for the best of eight masks takes longer than all else on the sheet; readers
        # take any. One module is the unit, counted from the top left.
        matrix = segno.make_qr(url, error="m", mask=_MASK).matrix
        module = _pt(side / (len(matrix) + 2 * _QUIET))
        parts = [f"q 0 g {module} 0 0 -{module} {_at(x, y)} cm"]
        for row, line in enumerate(matrix, start=_QUIET):
            column = _QUIET
            # A box for a run of dark modules: fewer boxes, and no seams in them.
            for dark, run in groupby(line):
                length = len(list(run))
                if dark:
                    parts.append(f"{column} {row} {length} 1 re")
                column += length
        self._pages[-1].append(" ".join([*parts, "f Q"]))
        corners = (x * mm, (HEIGHT - y - side) * mm, (x + side) * mm, (HEIGHT - y) * mm)
        self._pages[-1].append(lambda canvas: canvas.linkURL(url, corners))

    def draw(self, canvas: Canvas, foot: Callable[[int], str]) -> None:
        """Draw all pages, with a line at the foot of each by its number from 1."""
        legend = "" if self._is_whole else f"   {REPLACEMENT} = huruf lain / other letters"
        for number, page in enumerate(self._pages, start=1):
            for piece in page:
                if isinstance(piece, str):
                    canvas.addLiteral(piece)
                else:
                    piece(canvas)
            canvas.setFillGray(0.35)
            canvas.setFont(font(bold=False), 6.5)
            canvas.drawString(10 * mm, 7 * mm, printable(foot(number)) + legend)
            canvas.showPage()


def _pt(length: float) -> str:
    return f"{length * POINTS:.3f}"


def _at(x: float, y: float) -> str:
    return f"{x * POINTS:.2f} {(HEIGHT - y) * POINTS:.2f}"
