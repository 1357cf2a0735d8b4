"""Taking out of routes what costs more than it brings."""

from collections.abc import Callable, Iterator

from angkut_backend.planning.detours import savings_rp
from angkut_backend.planning.draft import Draft
from angkut_backend.planning.plan_document import StepKind
from angkut_backend.planning.timetable import Timetable, Visit

#: So many steps of all routes are few: each bin is tried, in a quarter of a second.
_SMALL = 400
#: Less than this is no gain, rupiah.
_LEAST_RP = 1.0


def trim(draft: Draft, burden_rp: Callable[[Draft], float]) -> None:
    """Take out bins that nobody needs served while that makes the burden smaller, by exact times.

    A bin may have been worth its cost beside others that left since.
    """
    for code in sorted(draft.routes):
        while _trimmed(draft, code, burden_rp):
            pass


def _trimmed(draft: Draft, code: str, burden_rp: Callable[[Draft], float]) -> bool:
    """Take out the first bin of a route that is worth it; tell whether there was one."""
    route = draft.routes.get(code)
    if route is None:
        return False
    visits = route.visits
    before_rp = burden_rp(draft)
    for at in _doubtful(draft, route):
        draft.put(route.vehicle, [*visits[:at], *visits[at + 1 :]])
        after = draft.routes.get(code)
        kept = set(after.bins) if after else set()
        is_same = kept == {*route.bins} - {visits[at].code}
        is_placed = after is None or draft.rules.in_place(after.bins)
        if is_same and is_placed and burden_rp(draft) <= before_rp - _LEAST_RP:
            return True
        draft.routes[code] = route
    return False


def _doubtful(draft: Draft, route: Timetable) -> Iterator[int]:
    """Yield the visits that may cost more than they bring.

    Where many are served, by their ways and waits alone: not seen is then what only another hour
    in a queue, or a day that ends before its break, would save.
    """
    rules, visits, vehicle = draft.rules, route.visits, route.vehicle
    first = len(draft.takeovers[vehicle.code].visits)
    slowest = max(1.0, *rules.problem.traffic_by_hour)
    is_small = sum(len(one.lines) for one in draft.routes.values()) <= _SMALL
    waits_s = [
        line.begin_s - line.arrive_s
        for line in route.lines
        if line.kind in {StepKind.STOP, StepKind.UNLOAD}
    ]
    ways_rp = savings_rp(rules, vehicle, visits)
    for at, (way_rp, wait_s) in enumerate(zip(ways_rp, waits_s, strict=True)):
        if at < first or visits[at].kind is not StepKind.STOP:
            continue
        one = rules.bins[visits[at].code]
        if one.must or rules.locked(one):
            continue
        most_rp = way_rp * slowest + vehicle.rp_per_hour / 3600 * wait_s
        if is_small or most_rp > one.prize_rp or _is_alone(visits, at):
            yield at


def _is_alone(visits: list[Visit], at: int) -> bool:
    """Tell whether a bin has a trip of its own: without it nothing is unloaded."""
    begins = at == 0 or visits[at - 1].kind is StepKind.UNLOAD
    return begins and at + 1 < len(visits) and visits[at + 1].kind is StepKind.UNLOAD
