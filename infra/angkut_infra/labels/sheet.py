"""Labels on A4 sheets: where each part of each label lies. Lengths in mm from the top left."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import segno
from reportlab.pdfbase.pdfmetrics import stringWidth

from angkut_backend.registry.labels import Label

PAGE_MM = (210.0, 297.0)
#: Two columns of five fill the sheet; the gaps between them are for the scissors.
LABEL_MM = (92.0, 52.0)
_COLUMNS, _ROWS = 2, 5
_GAP_MM = (4.0, 3.0)
PER_SHEET = _COLUMNS * _ROWS
_PADDING_MM = 4.0
#: At an arm's length a phone reads modules of 0.8 mm and more; 33 of them and the quiet zone.
_CODE_MM = 44.0
#: Modules that must stay white around a QR code (ISO/IEC 18004).
_QUIET = 4
#: Points in a millimetre.
_PT = 72 / 25.4
_CODE_PT = 17.0


@dataclass(frozen=True, slots=True)
class Box:
    """A filled rectangle."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Text:
    """A line of text; `y` is its base line."""

    x: float
    y: float
    size_pt: float
    text: str
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """One page."""

    #: The labels' edges, drawn thin.
    edges: tuple[Box, ...]
    #: Dark modules of the QR codes.
    modules: tuple[Box, ...]
    texts: tuple[Text, ...]


def sheets(labels: Sequence[Label], page_url: str) -> Iterator[Sheet]:
    """Lay labels out, ten on a page."""
    for start in range(0, len(labels), PER_SHEET):
        edges: list[Box] = []
        modules: list[Box] = []
        texts: list[Text] = []
        for place, label in enumerate(labels[start : start + PER_SHEET]):
            edge = _edge(place)
            edges.append(edge)
            modules += _modules(edge, label.url(page_url))
            texts += _texts(edge, label)
        yield Sheet(tuple(edges), tuple(modules), tuple(texts))


def _edge(place: int) -> Box:
    width, height = LABEL_MM
    row, column = divmod(place, _COLUMNS)
    left = (PAGE_MM[0] - _COLUMNS * width - (_COLUMNS - 1) * _GAP_MM[0]) / 2
    top = (PAGE_MM[1] - _ROWS * height - (_ROWS - 1) * _GAP_MM[1]) / 2
    return Box(
        left + column * (width + _GAP_MM[0]), top + row * (height + _GAP_MM[1]), width, height
    )


def _modules(edge: Box, url: str) -> Iterator[Box]:
    # Quartile: a quarter of the code may be scratched off or dirty.
    matrix = segno.make_qr(url, error="q").matrix
    side = _CODE_MM / (len(matrix) + 2 * _QUIET)
    x0 = edge.x + _PADDING_MM / 2 + _QUIET * side
    y0 = edge.y + (edge.height - _CODE_MM) / 2 + _QUIET * side
    for y, line in enumerate(matrix):
        for x, length in _runs(line):
            yield Box(x0 + x * side, y0 + y * side, length * side, side)


def _runs(line: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Return start and length of each run of dark modules: fewer boxes, and no seams in them."""
    start = None
    for x, dark in enumerate([*line, 0]):
        if dark and start is None:
            start = x
        elif not dark and start is not None:
            yield start, x - start
            start = None


def _texts(edge: Box, label: Label) -> Iterator[Text]:
    x = edge.x + _PADDING_MM / 2 + _CODE_MM
    width = edge.x + edge.width - _PADDING_MM - x
    y = edge.y
    yield Text(x, y + 9, 8, "ANGKUT", bold=True)
    code_pt = _CODE_PT * min(1, width / _width(label.code, _CODE_PT, bold=True))
    yield Text(x, y + 20, code_pt, label.code, bold=True)
    yield Text(x, y + 28, 7.5, _cut(label.site_name, width, 7.5))
    yield Text(x, y + 32, 7.5, _cut(label.area_name, width, 7.5))
    yield Text(x, y + 41, 7, "Kode singkat / short code")
    yield Text(x, y + 47, 13, label.short_code, bold=True)


def _cut(text: str, width_mm: float, size_pt: float) -> str:
    if _width(text, size_pt) <= width_mm:
        return text
    while text and _width(f"{text}…", size_pt) > width_mm:
        text = text[:-1].rstrip()
    return f"{text}…"


def _width(text: str, size_pt: float, *, bold: bool = False) -> float:
    font = "Helvetica-Bold" if bold else "Helvetica"
    return float(stringWidth(text, font, size_pt)) / _PT
