"""Exact times of a route: windows, queues by the hour, traffic, break, trips, loads.

The search works with simpler times; what it finds counts only once it has passed here.
"""

from collections.abc import Iterator, Sequence

from angkut_backend.planning.drive import Drive
from angkut_backend.planning.plan_document import StepKind
from angkut_backend.planning.problem import Vehicle
from angkut_backend.planning.rules import Rules
from angkut_backend.planning.timetable import Line, Misfit, Timetable, Visit


class Scheduler:
    """Works out timetables."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules

    def timetable(self, vehicle: Vehicle, visits: Sequence[Visit]) -> Timetable | Misfit:
        """Work out a route, with its last unloading, its break and a start as late as is free."""
        best: Timetable | Misfit | None = None
        for ending in self._endings(vehicle, visits):
            found = self._with_break(vehicle, ending)
            best = _earlier(best, found)
        assert best is not None  # noqa: S101 - a vehicle has at least one disposal site
        return best

    def way_home(self, vehicle: Vehicle) -> Timetable | None:
        """Return how a vehicle under way that can do nothing else gets home soonest.

        It unloads on the way where that is still open; its shift may be over, its break is not
        taken.

        Returns
        -------
        `None` if it is not under way, or no road leads home.
        """
        on = vehicle.underway
        if on is None:
            return None
        found: list[Timetable] = []
        for visits in [*self._endings(vehicle, []), []]:
            drive = Drive(self.rules, vehicle, on.free_at_s)
            can = all(drive.do(visit) is None for visit in visits)
            if can and drive.home(late=True) is None:
                found.append(Timetable(vehicle, tuple(drive.lines)))
        return min(
            found,
            key=lambda one: (one.lines[-1].load_l + one.lines[-1].load_kg, one.end_s),
            default=None,
        )

    def _endings(self, vehicle: Vehicle, visits: Sequence[Visit]) -> Iterator[list[Visit]]:
        """Yield the visits with each possible last unloading; as they are if nothing is loaded."""
        on = vehicle.underway
        loaded = bool(on and (on.load_l or on.load_kg))
        if visits:
            loaded = visits[-1].kind is StepKind.STOP
        if not loaded:
            yield list(visits)
            return
        for site in self.rules.disposal_sites(vehicle):
            yield [*visits, Visit(StepKind.UNLOAD, site.code)]

    def _with_break(self, vehicle: Vehicle, visits: Sequence[Visit]) -> Timetable | Misfit:
        on = vehicle.underway
        begin_s = on.free_at_s if on else vehicle.shift.from_s
        plain = self._drive(vehicle, visits, begin_s, None)
        if isinstance(plain, Misfit) or not needs_break(vehicle, plain.lines):
            return self._later(visits, plain, None)
        best: Timetable | Misfit | None = None
        place = None
        for after in _pauses(vehicle, plain):
            found = self._drive(vehicle, visits, begin_s, after)
            if _earlier(best, found) is found:
                best, place = found, after
        return self._later(visits, best or Misfit("break", 0), place)

    def _later(
        self, visits: Sequence[Visit], found: Timetable | Misfit, pause: int | None
    ) -> Timetable | Misfit:
        """Start later where that only takes away waiting."""
        if isinstance(found, Misfit) or found.vehicle.underway:
            return found
        end_s, low = found.end_s, found.begin_s
        high = low + sum(
            line.begin_s - line.arrive_s for line in found.lines if line.kind is StepKind.STOP
        )
        # Where hours do not matter the guess is right, and the second trial says that it is.
        guess = low + self._absorbed_s(found)
        while low < high:
            guesses = (one for one in (guess, guess + 1) if low < one <= high)
            middle = next(guesses, (low + high + 1) // 2)
            tried = self._drive(found.vehicle, visits, middle, pause)
            if (
                isinstance(tried, Timetable)
                and tried.end_s <= end_s
                and (pause is not None) == needs_break(tried.vehicle, tried.lines)
            ):
                low, found = middle, tried
            else:
                high = middle - 1
        return found

    def _absorbed_s(self, found: Timetable) -> int:
        """Return how much later a route may start for its waiting to take that up."""
        spare_s = 0
        for line in reversed(found.lines):
            wait_s, to_s = line.begin_s - line.arrive_s, None
            if line.kind is StepKind.STOP:
                windows = self.rules.bins[line.code].windows
                to_s = max((w.to_s for w in windows if w.from_s <= line.begin_s), default=None)
            elif line.kind is StepKind.UNLOAD:
                opening = self.rules.sites[line.code].opening
                wait_s, to_s = max(0, opening.from_s - line.arrive_s), opening.to_s
            elif line.kind is StepKind.BREAK:
                to_s = found.vehicle.breaks[0].begin.to_s
            spare_s += wait_s
            if to_s is not None:
                spare_s = min(spare_s, to_s - line.arrive_s)
        return spare_s

    def _drive(
        self, vehicle: Vehicle, visits: Sequence[Visit], begin_s: int, pause: int | None
    ) -> Timetable | Misfit:
        """Drive through the visits, each as early as possible, pausing after `pause` of them."""
        drive = Drive(self.rules, vehicle, begin_s)
        for at, visit in enumerate(visits):
            wrong = drive.rest() if at == pause else None
            wrong = wrong or drive.do(visit)
            if wrong is not None:
                return Misfit(wrong, at)
        wrong = drive.rest() if len(visits) == pause else None
        wrong = wrong or drive.home()
        if wrong is not None:
            return Misfit(wrong, len(visits))
        return Timetable(vehicle, tuple(drive.lines))


def needs_break(vehicle: Vehicle, lines: Sequence[Line]) -> bool:
    """Tell whether a route is under way when the window of its break closes."""
    if not vehicle.breaks or (vehicle.underway and vehicle.underway.break_taken):
        return False
    return lines[0].leave_s < vehicle.breaks[0].begin.to_s < lines[-1].arrive_s


def _pauses(vehicle: Vehicle, plain: Timetable) -> list[int]:
    """Return after how many visits the break may come."""
    window = vehicle.breaks[0].begin
    leaves = [line.leave_s for line in plain.lines[:-1]]
    inside = [at for at, leave_s in enumerate(leaves) if window.from_s <= leave_s <= window.to_s]
    before = [at for at, leave_s in enumerate(leaves) if leave_s < window.from_s]
    return before[-1:] + inside


def _earlier(best: Timetable | Misfit | None, found: Timetable | Misfit) -> Timetable | Misfit:
    """Return the route that is back first; a misfit only if there is no route."""
    if isinstance(best, Timetable) and (isinstance(found, Misfit) or best.end_s <= found.end_s):
        return best
    if isinstance(best, Misfit) and isinstance(found, Misfit):
        return best
    return found
