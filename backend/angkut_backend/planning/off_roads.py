"""Depots and disposal sites that no road leads to: named, before every bin seems unreachable."""

from collections.abc import Collection, Iterable, Mapping

from angkut_backend.planning.assembly import NothingToPlanError
from angkut_backend.planning.notes import Note, NoteCode
from angkut_backend.planning.points import depot_point, disposal_point
from angkut_backend.planning.problem import Problem, Vehicle

_REMEDY = (
    "correct the coordinates in the site pack, or build the road network from an extract that "
    "covers them"
)


def places_off_roads(problem: Problem, off: Mapping[str, Collection[str]]) -> tuple[Note, ...]:
    """Remark the depots and disposal sites off the roads without which there is a plan still.

    Parameters
    ----------
    off
        Names of points off the roads, by profile.

    Raises
    ------
    NothingToPlanError
        The depots of all vehicles are, or all disposal sites of one; names them.
    """
    stranded = [one for one in problem.vehicles if _has_lost_depot(one, off)]
    depots = sorted({one.depot for one in stranded})
    if stranded and len(stranded) == len(problem.vehicles):
        raise _refusal("depot", depots, "no vehicle can leave")
    sites: set[str] = set()
    for one in problem.vehicles:
        own = one.disposal_sites or tuple(site.code for site in problem.disposal_sites)
        lost = {code for code in own if disposal_point(code) in off.get(one.profile, ())}
        if len(lost) == len({*own}):
            raise _refusal("disposal site", sorted(lost), f"{one.code} can unload nowhere")
        sites |= lost
    return (
        *(_remark(NoteCode.DEPOT_OFF_ROADS, "depot", one) for one in depots),
        *(_remark(NoteCode.DISPOSAL_OFF_ROADS, "disposal site", one) for one in sorted(sites)),
    )


def _has_lost_depot(vehicle: Vehicle, off: Mapping[str, Collection[str]]) -> bool:
    return depot_point(vehicle.depot) in off.get(vehicle.profile, ())


def _refusal(what: str, codes: Iterable[str], then: str) -> NothingToPlanError:
    return NothingToPlanError(
        f"there is no road within 50 m of {what} {', '.join(codes)}: {then}; {_REMEDY}"
    )


def _remark(code: NoteCode, what: str, place: str) -> Note:
    then = "its vehicles stay" if code is NoteCode.DEPOT_OFF_ROADS else "vehicles unload elsewhere"
    text = f"there is no road within 50 m of {what} {place}: {then}; {_REMEDY}"
    return Note(code=code, text=text, place=place)
