"""The font of printed plans: names of places are not Latin-1 only, as PDF's own fonts are.

DejaVu Sans knows Latin, Greek and Cyrillic letters and many signs; it comes with Matplotlib, which
the solver brings along. What it lacks, and what is written from the right, is replaced by a sign.
"""

import unicodedata
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path

from reportlab.pdfbase.pdfmetrics import registerFont, stringWidth
from reportlab.pdfbase.ttfonts import TTFont

REPLACEMENT = "\ufffd"
_FILES = {False: ("AngkutSans", "DejaVuSans.ttf"), True: ("AngkutSans-Bold", "DejaVuSans-Bold.ttf")}
#: Texts of which is known what becomes of them: rows say the same things.
_KEPT = 8_192
#: Points in a millimetre.
POINTS = 72 / 25.4


@cache
def font(*, bold: bool) -> str:
    """Return the name of the font for the canvas; it is embedded in what is drawn with it."""
    name, file = _FILES[bold]
    registerFont(TTFont(name, str(_folder() / file)))
    return name


@lru_cache(maxsize=_KEPT)
def printable(text: str) -> str:
    """Return a text with only what the font has; letters without a sign lose their accents."""
    if text.isascii() and text.isprintable():
        return text
    shown: list[str] = []
    for character in unicodedata.normalize("NFC", text):
        if _is_there(character):
            shown.append(character)
            continue
        plain = [c for c in unicodedata.normalize("NFKD", character) if _is_there(c)]
        letters = [c for c in plain if not unicodedata.combining(c)]
        if letters:
            shown += letters
        elif not unicodedata.combining(character) and shown[-1:] != [REPLACEMENT]:
            shown.append(REPLACEMENT)
    return "".join(shown)


def width_mm(text: str, size_pt: float, *, bold: bool = False) -> float:
    """Return how wide a text is drawn."""
    return _width_em(text, bold=bold) * size_pt / POINTS


@lru_cache(maxsize=_KEPT)
def _width_em(text: str, *, bold: bool) -> float:
    return float(stringWidth(text, font(bold=bold), 1))


@lru_cache(maxsize=_KEPT)
def wrapped(
    text: str, width: float, size_pt: float, *, lines: int, bold: bool = False
) -> tuple[str, ...]:
    """Break a text into lines of a width in mm; what does not fit into them ends with an ellipsis.

    A word that is wider than a line is broken.
    """
    found: list[str] = []
    rest = printable(text).split()
    space = width_mm(" ", size_pt, bold=bold)
    while rest and len(found) < lines:
        # Letters have no kerning in it: widths of words add up.
        line, left = "", width
        while rest:
            needed = width_mm(rest[0], size_pt, bold=bold) + (space if line else 0.0)
            if needed <= left:
                line, left = f"{line} {rest.pop(0)}" if line else rest.pop(0), left - needed
                continue
            if not line:
                line, rest[0] = _cut(rest[0], width, size_pt, bold=bold)
            break
        found.append(line)
    if rest:
        last = found[-1]
        while last and width_mm(f"{last}…", size_pt, bold=bold) > width:
            last = last[:-1].rstrip()
        found[-1] = f"{last}…"
    return tuple(found)


def _cut(word: str, width: float, size_pt: float, *, bold: bool) -> tuple[str, str]:
    end = 1
    while end < len(word) and width_mm(word[: end + 1], size_pt, bold=bold) <= width:
        end += 1
    return word[:end], word[end:]


@cache
def _glyphs() -> frozenset[int]:
    found = TTFont("AngkutSans-Glyphs", str(_folder() / _FILES[True][1])).face.charToGlyph
    return frozenset(found)


def _is_there(character: str) -> bool:
    # Letters written from the right would stand back to front, and Arabic ones apart.
    from_right = unicodedata.bidirectional(character) in {"R", "AL", "AN"}
    return ord(character) in _glyphs() and not from_right


@cache
def _folder() -> Path:
    found = find_spec("matplotlib")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("matplotlib is not installed", name="matplotlib")
    return Path(found.origin).parent / "mpl-data" / "fonts" / "ttf"
