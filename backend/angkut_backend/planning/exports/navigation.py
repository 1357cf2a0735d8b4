"""Links that open a phone's navigation. They hold coordinates only, and nothing is asked here.

Addresses as Google documents its Maps URLs; `geo:` as RFC 5870, with the mark that Android shows.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from angkut_backend.planning.exports.runs import Run, Stage
from angkut_backend.planning.plan_document import StepKind
from angkut_backend.roads.travel import Point

#: Between start and destination; the app takes nine, a phone's browser without it three.
MAX_WAYPOINTS = 9

_GONE_TO = {StepKind.STOP, StepKind.UNLOAD, StepKind.END}


@dataclass(frozen=True, slots=True)
class Link:
    """From where the phone is over several stages of one trip."""

    url: str
    stages: tuple[Stage, ...]


def trip_links(stages: Sequence[Stage], waypoints: int = MAX_WAYPOINTS) -> list[Link]:
    """Return links that lead through the stages of a trip, one after the other.

    A link has no origin: navigation starts from where the phone is. Bins that stand together
    are one place.
    """
    links = []
    group: list[Stage] = []
    for stage in stages:
        if stage.place is None or stage.step.kind not in _GONE_TO:
            continue
        if len(_places([*group, stage])) > waypoints + 1:
            links.append(_link(group))
            group = []
        group.append(stage)
    return [*links, _link(group)] if group else links


def run_links(run: Run, waypoints: int = MAX_WAYPOINTS) -> Iterator[tuple[int, list[Link]]]:
    """Return the links of each trip of a vehicle."""
    for trip, stages in run.trips().items():
        links = trip_links(stages, waypoints)
        if links:
            yield trip, links


def geo_uri(place: Point, label: str) -> str:
    """Return the address of a place; a phone offers it to whatever map program it has."""
    at = _coordinates(place)
    return f"geo:{at}?q={at}({quote(label, safe='')})"


def _link(stages: Sequence[Stage]) -> Link:
    *between, last = _places(stages)
    url = f"https://www.google.com/maps/dir/?api=1&destination={last}"
    if between:
        url += f"&waypoints={'%7C'.join(between)}"
    return Link(f"{url}&travelmode=driving&dir_action=navigate", tuple(stages))


def _places(stages: Sequence[Stage]) -> list[str]:
    found: list[str] = []
    for stage in stages:
        at = _coordinates(stage.place) if stage.place else ""
        if at and at not in found[-1:]:
            found.append(at)
    return found


def _coordinates(place: Point) -> str:
    """Return latitude and longitude to about a metre."""
    return f"{place.lat:.5f},{place.lon:.5f}"
