"""Cells of a sheet of devices: what each column holds, and what to do about one that does not."""

import re
from collections.abc import Callable, Mapping
from typing import get_args

from angkut_backend.registry.hanging import MountingKind

MAX_CHARACTERS = 200

_INTEGER = re.compile(r"[+-]?\d{1,9}")
_DECIMAL = re.compile(r"[+-]?\d{1,9}(?:[.,]\d{1,9})?")
#: What might be a thousand or a decimal.
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:[.,]\d{3})+")


def shown(text: str) -> str:
    """Return a cell as an error quotes it."""
    return repr(text if len(text) <= 40 else text[:40] + "…")


def _whole(low: int, high: int, unit: str) -> Callable[[str], int]:
    def convert(text: str) -> int:
        # 1200,0 is what some programs write for a whole number.
        plain = re.sub(r"[.,]0{1,2}$", "", text)
        if _GROUPED.fullmatch(text):
            raise ValueError(f"{text} may be read in two ways; write it without separators")
        if not _INTEGER.fullmatch(plain):
            raise ValueError(f"{shown(text)} is not a whole number; write {unit}, such as 1200")
        value = int(plain)
        if not low <= value <= high:
            raise ValueError(f"{value} is out of bounds; expected {low} to {high} {unit}")
        return value

    return convert


def _degrees(text: str) -> float:
    if not _DECIMAL.fullmatch(text):
        raise ValueError(f"{shown(text)} is not a number; write degrees, such as 7.5 or 7,5")
    value = float(text.replace(",", "."))
    if not 0 <= value <= 60:
        raise ValueError(f"{text} is out of bounds; expected 0 to 60 degrees off the vertical")
    return value


def _plain(text: str) -> str:
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"has {len(text)} characters; {MAX_CHARACTERS} at most")
    if not text.isprintable():
        raise ValueError("holds a character that cannot be printed; write one line of text")
    return text


def _code(text: str) -> str:
    return _plain(text).upper()


def _kind(text: str) -> str:
    kinds = get_args(MountingKind)
    if text.lower() not in kinds:
        raise ValueError(f"{shown(text)} is unknown; write one of {', '.join(kinds)}")
    return text.lower()


#: Column to what reads its cells; None: read apart.
COLUMNS: Mapping[str, Callable[[str], object] | None] = {
    "device_id": None,
    "bin": _code,
    "empty_mm": _whole(1, 20_000, "mm"),
    "full_mm": _whole(0, 20_000, "mm"),
    "offset_mm": _whole(-5_000, 5_000, "mm"),
    "angle_deg": _degrees,
    "kind": _kind,
    "depth_mm": _whole(50, 20_000, "mm"),
    "height_mm": _whole(-5_000, 5_000, "mm"),
    "interval_s": _whole(1, 30 * 86_400, "seconds"),
    "model": _plain,
}
