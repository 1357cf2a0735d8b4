"""Sheets of labels as a PDF."""

import io
from collections.abc import Iterable

from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from angkut_infra.labels.sheet import PAGE_MM, Sheet


def render(sheets: Iterable[Sheet]) -> bytes:
    """Draw the sheets, one a page; the same sheets give the same bytes."""
    out = io.BytesIO()
    width, height = PAGE_MM
    canvas = Canvas(out, pagesize=(width * mm, height * mm), invariant=1)
    canvas.setTitle("Angkut: label bak")
    for sheet in sheets:
        # From the top left and in millimetres, as the sheet is laid out; text stays upright.
        canvas.setLineWidth(0.3)
        canvas.setStrokeGray(0.6)
        for box in sheet.edges:
            canvas.roundRect(
                box.x * mm,
                (height - box.y - box.height) * mm,
                box.width * mm,
                box.height * mm,
                2 * mm,
            )
        canvas.setFillGray(0)
        modules = canvas.beginPath()
        for box in sheet.modules:
            modules.rect(
                box.x * mm, (height - box.y - box.height) * mm, box.width * mm, box.height * mm
            )
        canvas.drawPath(modules, stroke=0, fill=1)
        for text in sheet.texts:
            canvas.setFont("Helvetica-Bold" if text.bold else "Helvetica", text.size_pt)
            canvas.drawString(text.x * mm, (height - text.y) * mm, text.text)
        canvas.showPage()
    canvas.save()
    return out.getvalue()
