"""One vehicle on its way, step by step."""

from copy import copy

from angkut_backend.planning.plan_document import StepKind
from angkut_backend.planning.points import bin_point, depot_point, disposal_point, start_point
from angkut_backend.planning.problem import Bin, DisposalSite, Vehicle
from angkut_backend.planning.rules import Rules
from angkut_backend.planning.timetable import Line, Visit
from angkut_backend.roads.travel import UNREACHABLE

#: Stops that a vehicle without a limit may make.
_MANY = 1_000_000


class Drive:
    """A vehicle on its way; each method does one step, or says why it cannot."""

    def __init__(self, rules: Rules, vehicle: Vehicle, begin_s: int) -> None:
        self._rules = rules
        self._vehicle = vehicle
        self.here = start_point(vehicle)
        on = vehicle.underway
        self.trip = 1 + (on.trips_made if on else 0)
        most = _MANY if vehicle.max_stops is None else vehicle.max_stops
        self.stops_left = most - (on.stops_made if on else 0)
        self.lines = [
            Line(
                StepKind.START,
                "" if on else vehicle.depot,
                begin_s,
                begin_s,
                begin_s,
                0,
                on.load_l if on else 0,
                on.load_kg if on else 0,
                self.trip,
            )
        ]

    def copy(self) -> "Drive":
        """Return the vehicle as it stands, to go on in another way."""
        other = copy(self)
        other.lines = list(self.lines)
        return other

    def do(self, visit: Visit) -> str | None:
        """Serve or unload."""
        if visit.kind is StepKind.STOP:
            return self.serve(self._rules.bins[visit.code])
        return self.unload(self._rules.sites[visit.code])

    def serve(self, one: Bin) -> str | None:
        """Drive to a bin and empty it."""
        distance_m, arrive_s = self._to(bin_point(one.code))
        last = self.lines[-1]
        load_l, load_kg = last.load_l + one.load_l, last.load_kg + one.load_kg
        begins_s = [max(arrive_s, w.from_s) for w in one.windows if arrive_s <= w.to_s]
        self.stops_left -= 1
        if self._vehicle.code not in self._rules.crew(one):
            return "access"
        if distance_m >= UNREACHABLE:
            return "unreachable"
        if one.windows and not begins_s:
            return "window"
        if (limit := self._limit(load_l, load_kg)) is not None:
            return limit
        begin_s = min(begins_s, default=arrive_s)
        leave_s = begin_s + one.service_s
        self.lines.append(
            Line(
                StepKind.STOP,
                one.code,
                arrive_s,
                begin_s,
                leave_s,
                distance_m,
                load_l,
                load_kg,
                self.trip,
            )
        )
        self.here = bin_point(one.code)
        return None

    def unload(self, site: DisposalSite) -> str | None:
        """Drive to a disposal site, queue and tip."""
        distance_m, arrive_s = self._to(disposal_point(site.code))
        if distance_m >= UNREACHABLE:
            return "unreachable"
        if arrive_s > site.opening.to_s:
            return "closed"
        open_s = max(arrive_s, site.opening.from_s)
        begin_s = open_s + self._rules.queue_s(site, open_s)
        leave_s = begin_s + site.tipping_s
        self.lines.append(
            Line(
                StepKind.UNLOAD, site.code, arrive_s, begin_s, leave_s, distance_m, 0, 0, self.trip
            )
        )
        self.trip += 1
        self.here = disposal_point(site.code)
        return None

    def rest(self) -> str | None:
        """Take the break where the vehicle stands."""
        pause, last = self._vehicle.breaks[0], self.lines[-1]
        begin_s = max(last.leave_s, pause.begin.from_s)
        if begin_s > pause.begin.to_s:
            return "break"
        self.lines.append(
            last._replace(
                kind=StepKind.BREAK,
                code="",
                arrive_s=last.leave_s,
                begin_s=begin_s,
                leave_s=begin_s + pause.duration_s,
                distance_m=0,
                trip=self.trip,
            )
        )
        return None

    def home(self, *, late: bool = False) -> str | None:
        """Drive to the depot, within the shift or, if it may be `late`, at any time."""
        distance_m, arrive_s = self._to(depot_point(self._vehicle.depot))
        if distance_m >= UNREACHABLE:
            return "unreachable"
        if arrive_s > self._vehicle.shift.to_s and not late:
            return "shift"
        last = self.lines[-1]
        self.lines.append(
            last._replace(
                kind=StepKind.END,
                code=self._vehicle.depot,
                arrive_s=arrive_s,
                begin_s=arrive_s,
                leave_s=arrive_s,
                distance_m=distance_m,
            )
        )
        return None

    def _limit(self, load_l: int, load_kg: int) -> str | None:
        """Return the limit of the vehicle that is broken with this load."""
        if load_l > self._vehicle.volume_l or load_kg > self._vehicle.payload_kg:
            return "load"
        if self.stops_left < 0:
            return "stops"
        return "trips" if self.trip > self._vehicle.max_trips else None

    def _to(self, there: str) -> tuple[int, int]:
        leave_s = self.lines[-1].leave_s
        distance_m, duration_s = self._rules.leg(self._vehicle, self.here, there, leave_s)
        return distance_m, leave_s + duration_s
