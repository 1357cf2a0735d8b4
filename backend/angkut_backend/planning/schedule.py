"""Exact times of a route: windows, queues by the hour, traffic, break, trips, loads.

The search works with simpler times; what it finds counts only once it has passed here.
"""

from collections.abc import Sequence

from angkut_backend.planning.drive import Drive
from angkut_backend.planning.plan_document import StepKind
from angkut_backend.planning.problem import Vehicle
from angkut_backend.planning.rules import Rules
from angkut_backend.planning.timetable import Line, Misfit, Timetable, Visit


class Scheduler:
    """Works out timetables."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        #: By disposal site: the shortest queue of any hour.
        self._queue_s = {site.code: min(site.queue_s_by_hour) for site in rules.sites.values()}

    def timetable(self, vehicle: Vehicle, visits: Sequence[Visit]) -> Timetable | Misfit:
        """Work out a route, with its last unloading, its break and a start as late as is free."""
        trial = _Trial(self.rules, vehicle, visits)
        best: Timetable | Misfit | None = None
        how: tuple[int | None, list[Visit]] = None, []
        for ending in self._endings(vehicle, visits):
            found, pause = self._with_break(trial, ending)
            if _earlier(best, found) is found:
                best, how = found, (pause, ending)
        assert best is not None  # noqa: S101 - a vehicle has at least one disposal site
        return self._later(trial, best, *how)

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

    def _endings(self, vehicle: Vehicle, visits: Sequence[Visit]) -> list[list[Visit]]:
        """Return each possible last unloading; nothing if nothing is loaded."""
        on = vehicle.underway
        loaded = bool(on and (on.load_l or on.load_kg))
        if visits:
            loaded = visits[-1].kind is StepKind.STOP
        if not loaded:
            return [[]]
        sites = self.rules.disposal_sites(vehicle)
        return [[Visit(StepKind.UNLOAD, site.code)] for site in sites]

    def _with_break(
        self, trial: "_Trial", ending: list[Visit]
    ) -> tuple[Timetable | Misfit, int | None]:
        """Return a route and after how many visits its break comes; `None`: without one."""
        vehicle = trial.vehicle
        early_s = earliest_s(vehicle)
        plain = trial.drive(early_s, None, ending)
        if isinstance(plain, Misfit) or not needs_break(vehicle, plain.lines):
            return plain, None
        best: Timetable | Misfit | None = None
        place = None
        for after in _pauses(vehicle, plain):
            least_s = self._least_s(plain, after)
            if isinstance(best, Timetable) and best.end_s <= least_s:
                break
            found = trial.drive(early_s, after, ending)
            if _earlier(best, found) is found:
                best, place = found, after
            if least_s > vehicle.shift.to_s:
                break
        return best or Misfit("break", 0), place

    def _least_s(self, plain: Timetable, after: int) -> int:
        """Return when a route with its break after so many visits, or more, is back at least.

        A break only takes up waiting behind it, and that of a queue only down to the shortest of
        any hour. Where ways take longer at some hours, nothing is known.
        """
        if not self.rules.steady:
            return 0
        idle_s = 0
        for line in plain.lines[after + 1 :]:
            if line.kind is StepKind.STOP:
                idle_s += line.begin_s - line.arrive_s
            elif line.kind is StepKind.UNLOAD:
                idle_s += line.begin_s - line.arrive_s - self._queue_s[line.code]
        return plain.end_s + max(0, plain.vehicle.breaks[0].duration_s - idle_s)

    def _later(
        self,
        trial: "_Trial",
        found: Timetable | Misfit,
        pause: int | None,
        ending: list[Visit],
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
            tried = trial.drive(middle, pause, ending)
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


class _Trial:
    """Drives through visits as early as possible; what endings have in common is driven once."""

    def __init__(self, rules: Rules, vehicle: Vehicle, visits: Sequence[Visit]) -> None:
        self.vehicle = vehicle
        self._rules = rules
        self._visits = visits
        #: By begin and pause: the vehicle behind all visits.
        self._stems: dict[tuple[int, int | None], Drive | Misfit] = {}
        #: The vehicle before the pause asked for last, with its begin and how many visits it made.
        self._before: tuple[int, int, Drive] | None = None

    def drive(self, begin_s: int, pause: int | None, ending: Sequence[Visit]) -> Timetable | Misfit:
        """Drive home behind an ending, pausing after `pause` of all visits."""
        inside = pause if pause is not None and pause < len(self._visits) else None
        if (begin_s, inside) not in self._stems:
            self._stems[begin_s, inside] = self._stem(begin_s, inside)
        stem = self._stems[begin_s, inside]
        if isinstance(stem, Misfit):
            return stem
        drive, last = stem.copy(), len(self._visits) + len(ending)
        wrong = _driven(drive, ending, len(self._visits), pause)
        if wrong is None:
            what = drive.rest() if last == pause else None
            what = what or drive.home()
            wrong = None if what is None else Misfit(what, last)
        return wrong or Timetable(self.vehicle, tuple(drive.lines))

    def _stem(self, begin_s: int, pause: int | None) -> Drive | Misfit:
        """Drive through all visits; pauses are asked for in order, each goes on from the last."""
        made, drive = 0, Drive(self._rules, self.vehicle, begin_s)
        if pause is not None:
            if self._before and self._before[0] == begin_s and self._before[1] <= pause:
                _, made, drive = self._before
            wrong = _driven(drive, self._visits[made:pause], made, None)
            self._before = None if wrong else (begin_s, pause, drive)
            if wrong:
                return wrong
            made, drive = pause, drive.copy()
        return _driven(drive, self._visits[made:], made, pause) or drive


def _driven(drive: Drive, visits: Sequence[Visit], first: int, pause: int | None) -> Misfit | None:
    """Drive through visits, the first of which has that number in its route."""
    for at, visit in enumerate(visits, start=first):
        what = drive.rest() if at == pause else None
        what = what or drive.do(visit)
        if what is not None:
            return Misfit(what, at)
    return None


def needs_break(vehicle: Vehicle, lines: Sequence[Line]) -> bool:
    """Tell whether a route is under way when the window of its break closes."""
    if not pause_s(vehicle):
        return False
    return lines[0].leave_s < vehicle.breaks[0].begin.to_s < lines[-1].arrive_s


def earliest_s(vehicle: Vehicle) -> int:
    """Return when a vehicle begins at the earliest: its shift, or where it is taken over."""
    return vehicle.underway.free_at_s if vehicle.underway else vehicle.shift.from_s


def pause_s(vehicle: Vehicle) -> int:
    """Return how long the break takes that a vehicle may have to make; 0: it will make none.

    None is due once it was taken, nor where the vehicle begins when its window has closed.
    """
    if vehicle.underway and vehicle.underway.break_taken:
        return 0
    return sum(one.duration_s for one in vehicle.breaks if earliest_s(vehicle) < one.begin.to_s)


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
