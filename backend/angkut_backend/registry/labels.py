"""What is printed on a bin's label, and how what is scanned or typed from it is understood."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode, urlsplit

from angkut_backend.db import Connection, load_queries
from angkut_backend.errors import BackendError, NotFoundError

_SQL = load_queries("angkut_backend.registry")

#: The parameter of the page's address that opens the claim of a bin.
PARAMETER = "claim"
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#: Read aloud or written by hand, these are taken for each other.
_LOOKALIKES = str.maketrans("OI", "01")
#: The last part of a code and its check character.
_SHORT = re.compile(r"([0-9A-Z]+?)[- ]?([0-9A-Z])")


class MistypedError(BackendError):
    """This is no code of a bin here."""

    status = 404
    code = "mistyped"


@dataclass(frozen=True, slots=True)
class Label:
    """One label."""

    code: str
    site_name: str
    area_name: str

    @property
    def short_code(self) -> str:
        """What is typed where nothing can be scanned: `0241-K`."""
        return f"{_last(self.code)}-{check_character(self.code)}"

    def url(self, page_url: str) -> str:
        """Return the address that the label's QR code opens."""
        return f"{page_url.rstrip('/')}/?{urlencode({PARAMETER: self.code})}"


def check_character(code: str) -> str:
    """Return the check character of a bin's code, by ISO/IEC 7064 MOD 37,36.

    Over the letters and digits alone. It tells every single wrong character and nearly every
    exchange of two neighbours.
    """
    product = 36
    for character in re.sub(r"[^0-9A-Z]", "", code.upper()):
        total = (product + _ALPHABET.index(character)) % 36 or 36
        product = total * 2 % 37
    return _ALPHABET[(37 - product) % 36]


def labels(
    conn: Connection, *, area: str | None = None, codes: Sequence[str] | None = None
) -> list[Label]:
    """Return the labels of all bins by code, or of those of an area, or of those named.

    Raises
    ------
    NotFoundError
        There is no such area, or a bin named is not there.

    """
    wanted = None if codes is None else [code.upper() for code in codes]
    rows = conn.execute(_SQL["label_bins"], {"area": area, "codes": wanted}).fetchall()
    found = [Label(row["code"], row["site_name"], row["area_name"]) for row in rows]
    missing = sorted(set(wanted or ()) - {label.code for label in found})
    if missing:
        raise NotFoundError(f"no bin {', '.join(missing[:5])}: compare with the site pack")
    if not found:
        of_area = f" in an area {area!r}: use its name or Kemendagri code" if area else ""
        raise NotFoundError(f"there is no bin{of_area}")
    return found


def find_bin(conn: Connection, typed: str) -> str:
    """Return the code of the bin that was scanned (an address) or typed (long or short code).

    Raises
    ------
    MistypedError
        No bin has this code, or the check character does not fit.

    """
    text = _scanned(typed).strip().upper()
    short = _SHORT.fullmatch(text)
    last = short.group(1) if short else ""
    rows = conn.execute(_SQL["bins_like"], {"code": text, "ends": f"%-{last}"}).fetchall()
    codes: list[str] = [row["code"] for row in rows]
    if text in codes:
        return text
    if short is None or not codes:
        raise MistypedError(f"there is no bin {text[:40]!r}: type the code below the QR code")
    check = short.group(2).translate(_LOOKALIKES)
    fitting = [code for code in codes if check_character(code).translate(_LOOKALIKES) == check]
    if not fitting:
        raise MistypedError(f"{text!r}: the last character does not fit, a digit is mistyped")
    if len(fitting) > 1:
        raise MistypedError(f"{text!r} fits {' and '.join(fitting)}: type the whole code")
    return fitting[0]


def _scanned(typed: str) -> str:
    if "://" not in typed:
        return typed
    try:
        return parse_qs(urlsplit(typed).query).get(PARAMETER, [""])[0]
    except ValueError:
        return typed


def _last(code: str) -> str:
    return code.rpartition("-")[2]
