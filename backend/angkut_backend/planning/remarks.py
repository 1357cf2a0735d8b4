"""What a plan cannot keep to, remarked for people."""

from collections.abc import Iterable, Iterator

from angkut_backend.planning.draft import Draft
from angkut_backend.planning.notes import Hurdle, Note, NoteCode
from angkut_backend.planning.plan_document import StepKind
from angkut_backend.planning.problem import Underway, Vehicle
from angkut_backend.planning.schedule import needs_break
from angkut_backend.planning.takeover import Takeover


def remarks(draft: Draft, takeovers: Iterable[Takeover]) -> Iterator[Note]:
    """Say which vehicles under way, first stops and locked places are not as they should be."""
    for takeover in takeovers:
        vehicle = takeover.vehicle
        if vehicle.underway:
            yield from _overload(vehicle, vehicle.underway)
            yield from _homeward(draft, vehicle)
        for code, what in takeover.failed.items():
            yield Note(
                code=NoteCode.NOT_FIRST,
                text=f"{code} cannot be among the first bins of {vehicle.code}: {what}",
                vehicle=vehicle.code,
                bin=code,
                hurdle=Hurdle(what),
            )
    for lock in draft.rules.problem.locks:
        route = draft.routes.get(lock.vehicle)
        if lock.position and route and lock.bin in route.bins[: lock.position - 1]:
            yield Note(
                code=NoteCode.AT_THE_END,
                text=(
                    f"{lock.bin} is locked to place {lock.position} of {lock.vehicle}, which makes "
                    "fewer stops: it comes at the end"
                ),
                vehicle=lock.vehicle,
                bin=lock.bin,
                position=lock.position,
            )


def _overload(vehicle: Vehicle, on: Underway) -> Iterator[Note]:
    """Say that a vehicle was taken over with more than it holds."""
    if on.load_l <= vehicle.volume_l and on.load_kg <= vehicle.payload_kg:
        return
    yield Note(
        code=NoteCode.OVERLOADED,
        text=(
            f"{vehicle.code} carries {on.load_l} l, {on.load_kg} kg and holds {vehicle.volume_l} "
            f"l, {vehicle.payload_kg} kg: it serves nothing before it has unloaded"
        ),
        vehicle=vehicle.code,
        load_l=on.load_l,
        load_kg=on.load_kg,
        most_l=vehicle.volume_l,
        most_kg=vehicle.payload_kg,
    )


def _homeward(draft: Draft, vehicle: Vehicle) -> Iterator[Note]:
    """Say what a vehicle under way cannot keep to on its way home."""
    code = vehicle.code
    route = draft.routes.get(code)
    if route is None:
        text = f"{code} has no route: no road leads it home"
        yield Note(code=NoteCode.NO_WAY_HOME, text=text, vehicle=code)
        return
    last, moment = route.lines[-1], draft.rules.problem.moment
    if route.end_s > vehicle.shift.to_s:
        yield Note(
            code=NoteCode.LATE_HOME,
            text=(
                f"{code} cannot be back by {moment(vehicle.shift.to_s):%H:%M}: it goes home at "
                f"once and is there at {moment(route.end_s):%H:%M}"
            ),
            vehicle=code,
            due_s=vehicle.shift.to_s,
            at_s=route.end_s,
        )
    if last.load_l or last.load_kg:
        yield Note(
            code=NoteCode.LOADED_HOME,
            text=(
                f"{code} comes home with {last.load_l} l, {last.load_kg} kg: it reaches no "
                "disposal site before it closes"
            ),
            vehicle=code,
            load_l=last.load_l,
            load_kg=last.load_kg,
        )
    has_break = any(line.kind is StepKind.BREAK for line in route.lines)
    if needs_break(vehicle, route.lines) and not has_break:
        text = f"{code} goes home without its break: there is no time for it"
        yield Note(code=NoteCode.NO_BREAK, text=text, vehicle=code)
