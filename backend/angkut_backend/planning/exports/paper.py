"""Pages to be drawn on: text, lines, boxes and QR codes, in mm from the top left of A4."""

from collections.abc import Callable
from itertools import groupby

import segno
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from angkut_backend.planning.exports.fonts import REPLACEMENT, font, printable, width_mm

WIDTH, HEIGHT = 210.0, 297.0
#: Modules that must stay white around a QR code (ISO/IEC 18004).
_QUIET = 4

_Draw = Callable[[Canvas], None]


class Paper:
    """Pages of one sheet; drawn when all of them are known."""

    def __init__(self) -> None:
        self._pages: list[list[_Draw]] = []
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

        def draw(canvas: Canvas) -> None:
            canvas.setStrokeGray(0.4)
            canvas.setLineWidth(0.3)
            canvas.line(x0 * mm, (HEIGHT - y0) * mm, x1 * mm, (HEIGHT - y1) * mm)

        self._pages[-1].append(draw)

    def box(
        self, x: float, y: float, width: float, height: float, *,
        fill: float | None = None, edge_pt: float = 0.0,
    ) -> None:  # fmt: skip
        """Draw a rectangle; `fill` is a grey from 0 (black) to 1."""

        def draw(canvas: Canvas) -> None:
            if fill is not None:
                canvas.setFillGray(fill)
            canvas.setStrokeGray(0.3)
            canvas.setLineWidth(edge_pt)
            corner = (x * mm, (HEIGHT - y - height) * mm)
            canvas.rect(
                *corner,
                width * mm,
                height * mm,
                stroke=int(edge_pt > 0),
                fill=int(fill is not None),
            )

        self._pages[-1].append(draw)

    def code(self, x: float, y: float, side: float, url: str) -> None:
        """Draw a QR code, which is a link on a screen too."""
        matrix = segno.make_qr(url, error="m").matrix
        module = side / (len(matrix) + 2 * _QUIET)

        def draw(canvas: Canvas) -> None:
            path = canvas.beginPath()
            for row, line in enumerate(matrix):
                bottom = HEIGHT - y - (row + _QUIET + 1) * module
                column = _QUIET
                # A box for a run of dark modules: fewer boxes, and no seams in them.
                for dark, run in groupby(line):
                    length = len(list(run))
                    if dark:
                        left = x + column * module
                        path.rect(left * mm, bottom * mm, length * module * mm, module * mm)
                    column += length
            canvas.setFillGray(0)
            canvas.drawPath(path, stroke=0, fill=1)
            corners = (x * mm, (HEIGHT - y - side) * mm, (x + side) * mm, (HEIGHT - y) * mm)
            canvas.linkURL(url, corners)

        self._pages[-1].append(draw)

    def draw(self, canvas: Canvas, foot: Callable[[int], str]) -> None:
        """Draw all pages, with a line at the foot of each by its number from 1."""
        legend = "" if self._is_whole else f"   {REPLACEMENT} = huruf lain / other letters"
        for number, page in enumerate(self._pages, start=1):
            for draw in page:
                draw(canvas)
            canvas.setFillGray(0.35)
            canvas.setFont(font(bold=False), 6.5)
            canvas.drawString(10 * mm, 7 * mm, printable(foot(number)) + legend)
            canvas.showPage()
