"""A sheet of labels as an SVG image."""

from collections.abc import Iterator
from html import escape

from angkut_infra.labels.sheet import PAGE_MM, Sheet

#: Millimetres in a point: the image's unit is the millimetre.
_MM_PER_PT = 25.4 / 72


def render(sheet: Sheet) -> str:
    """Draw one sheet."""
    return "\n".join(_lines(sheet)) + "\n"


def _lines(sheet: Sheet) -> Iterator[str]:
    width, height = PAGE_MM
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}mm" height="{height:g}mm" '
        f'viewBox="0 0 {width:g} {height:g}">'
    )
    yield f'<rect width="{width:g}" height="{height:g}" fill="#fff"/>'
    for box in sheet.edges:
        yield (
            f'<rect x="{box.x:.3f}" y="{box.y:.3f}" width="{box.width:g}" '
            f'height="{box.height:g}" rx="2" fill="none" stroke="#999" stroke-width="0.1"/>'
        )
    path = "".join(
        f"M{box.x:.3f} {box.y:.3f}h{box.width:.3f}v{box.height:.3f}h-{box.width:.3f}z"
        for box in sheet.modules
    )
    yield f'<path d="{path}" shape-rendering="crispEdges"/>'
    for text in sheet.texts:
        weight = ' font-weight="bold"' if text.bold else ""
        yield (
            f'<text x="{text.x:.2f}" y="{text.y:.2f}" font-family="Helvetica, Arial, sans-serif" '
            f'font-size="{text.size_pt * _MM_PER_PT:.2f}"{weight}>{escape(text.text)}</text>'
        )
    yield "</svg>"
