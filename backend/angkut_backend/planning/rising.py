"""Comparing the orders in which a vehicle serves its bins."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence


def rising(codes: Sequence[str], places: Mapping[str, int]) -> list[str]:
    """Return a longest part of the codes whose places rise, in their order.

    The others are the fewest of which one can say that they have moved. Patience sorting:
    Aldous and Diaconis (1999), "Longest increasing subsequences".
    """
    tails: list[int] = []
    ends: list[str] = []
    link: dict[str, str | None] = {}
    for code in codes:
        at = bisect_left(tails, places[code])
        link[code] = ends[at - 1] if at else None
        tails[at : at + 1] = [places[code]]
        ends[at : at + 1] = [code]
    found: list[str] = []
    code_or_none = ends[-1] if ends else None
    while code_or_none is not None:
        found.append(code_or_none)
        code_or_none = link[code_or_none]
    return found[::-1]
