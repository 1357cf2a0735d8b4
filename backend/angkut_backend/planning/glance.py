"""What would fit into a route, for many bins and places at once, by matrices alone.

It looks on the bright side: the shortest queues and the lightest traffic of what is left of the
shift. What does not fit at a glance does not fit; what does is tried with exact times.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from angkut_backend.planning.candidates import Candidates
from angkut_backend.planning.instance import ANY_TIME_S, NEVER_S, Ints
from angkut_backend.planning.plan_document import StepKind
from angkut_backend.planning.points import depot_point, disposal_point, start_point
from angkut_backend.planning.problem import DisposalSite, TimeWindow, Vehicle
from angkut_backend.planning.rules import Rules
from angkut_backend.planning.schedule import earliest_s, pause_s
from angkut_backend.planning.takeover import Takeover
from angkut_backend.planning.timetable import Visit
from angkut_backend.roads.travel import UNREACHABLE

_HOUR_S = 3600
#: What can be wrong, as in `Misfit.what`; the first is nothing.
WRONG = ("", "unreachable", "window", "load", "stops", "trips", "shift")
_CODE = {what: code for code, what in enumerate(WRONG)}


class Glance:
    """A route as it is at its earliest, and how late each visit may be reached; n visits.

    Parameters
    ----------
    visits
        Without the last unloading, or with it; behind it a bin has a trip of its own.
    """

    def __init__(self, rules: Rules, takeover: Takeover, visits: Sequence[Visit]) -> None:
        self._rules = rules
        self._vehicle = vehicle = takeover.vehicle
        self._leg = rules.travel.legs[vehicle.profile]
        index = rules.travel.index
        self._rows = np.array(
            [index[start_point(vehicle)], *(index[one.point] for one in visits)], dtype=np.intp
        )
        self._early(visits)
        self._pause_s = self._pause(vehicle)
        self._end_s = vehicle.shift.to_s - self._pause_s
        self._ends(vehicle)
        self._late(visits)
        self._rooms(vehicle, visits)
        on_route = sum(visit.kind is StepKind.STOP for visit in visits[len(takeover.visits) :])
        self._stops_left = takeover.stops_left - on_route

    def wrong(self, new: Candidates, at: Ints) -> NDArray[np.int8]:
        """Return what is wrong with putting bins in before visits, as places in `WRONG`.

        Parameters
        ----------
        at
            Places, [b, p] or [1, p]; n is after the last visit.
        """
        legs_s, rows = self._leg.duration_s, self._rows
        here = rows[at]
        there_s = legs_s[here, new.rows[:, None]].astype(np.int64)
        lost = there_s >= UNREACHABLE
        arrive_s = self._leave_s[at] + self._eased(there_s, at)
        begin_s = np.full(arrive_s.shape, NEVER_S)
        for column in range(new.from_s.shape[1]):
            from_s, to_s = new.from_s[:, column, None], new.to_s[:, column, None]
            inside = np.where(arrive_s <= to_s, np.maximum(arrive_s, from_s), NEVER_S)
            np.minimum(begin_s, inside, out=begin_s)
        # A break before it takes nothing of the time that the vehicle waits there.
        leave_s = begin_s - np.minimum(begin_s - arrive_s, self._pause_s) + new.service_s[:, None]
        last = len(rows) - 1
        after = rows[np.minimum(at + 1, last)]
        onward_s = legs_s[new.rows[:, None], after].astype(np.int64)
        lost |= (onward_s >= UNREACHABLE) & (at < last)
        late = leave_s + self._eased(onward_s, at) > self._latest_s[np.minimum(at, last)]
        if (ending := np.broadcast_to(at == last, late.shape)).any():
            sites_s = legs_s[np.ix_(new.rows, self._sites)].astype(np.int64)
            slack_s = self._site_latest_s - self._eased(sites_s, np.full((1, 1), last))
            late = np.where(ending, leave_s > slack_s.max(axis=1)[:, None], late)
        heavy = (new.load_l[:, None] > self._room_l[at]) | (
            new.load_kg[:, None] > self._room_kg[at]
        )
        told = np.where(late, _CODE["shift"], 0).astype(np.int8)
        told[np.broadcast_to(self._trips_left[at] < 1, told.shape)] = _CODE["trips"]
        if self._stops_left < 1:
            told[:] = _CODE["stops"]
        told[heavy] = _CODE["load"]
        told[begin_s >= NEVER_S] = _CODE["window"]
        told[lost] = _CODE["unreachable"]
        return told

    def _eased(self, seconds: Ints, at: Ints) -> Ints:
        """Return driving times in the lightest traffic after a visit."""
        if self._rules.steady:
            return seconds
        return np.asarray(np.floor(seconds * self._factor[at]), dtype=np.int64)

    def _early(self, visits: Sequence[Visit]) -> None:
        """Drive through the visits as early as can be."""
        rules, rows, now_s = self._rules, self._rows, earliest_s(self._vehicle)
        legs_s = self._leg.duration_s[rows[:-1], rows[1:]].tolist()
        leave_s, factor = [now_s], [self._lightest(now_s)]
        self._drive_s: list[int] = []
        self._wait_s: list[int] = []
        self._idle_s = 0
        for visit, leg_s in zip(visits, legs_s, strict=True):
            drive_s = leg_s if rules.steady else int(leg_s * factor[-1])
            now_s, wait_s = now_s + drive_s, 0
            if visit.kind is StepKind.STOP:
                one = rules.bins[visit.code]
                begins_s = [max(now_s, w.from_s) for w in one.windows if now_s <= w.to_s]
                begin_s = min(begins_s, default=now_s)
                self._idle_s += self._idle(now_s, begin_s)
                now_s = begin_s + one.service_s
            else:
                site = rules.sites[visit.code]
                open_s = max(now_s, site.opening.from_s)
                self._idle_s += self._idle(now_s, open_s)
                now_s = open_s
                wait_s = self._shortest_s(site, now_s)
                now_s += wait_s + site.tipping_s
            leave_s.append(now_s)
            factor.append(self._lightest(now_s))
            self._drive_s.append(drive_s)
            self._wait_s.append(wait_s)
        self._leave_s = np.array(leave_s, dtype=np.int64)
        self._factor = np.array(factor)

    def _idle(self, arrive_s: int, begin_s: int) -> int:
        """Return how much of a break a wait can take up: what is before its window, nothing."""
        breaks = self._vehicle.breaks
        return max(0, begin_s - max(arrive_s, breaks[0].begin.from_s)) if breaks else 0

    def _pause(self, vehicle: Vehicle) -> int:
        """Return what a break takes at least, beyond the time in which the vehicle waits."""
        due_s = pause_s(vehicle)
        if not due_s or self._leave_s[-1] < vehicle.breaks[0].begin.to_s:
            return 0
        return max(0, due_s - self._idle_s)

    def _ends(self, vehicle: Vehicle) -> None:
        """Work out how late each disposal site may be reached for the last unloading."""
        rules, index = self._rules, self._rules.travel.index
        sites = rules.disposal_sites(vehicle)
        self._sites = np.array([index[disposal_point(one.code)] for one in sites], dtype=np.intp)
        home_s = self._leg.duration_s[self._sites, index[depot_point(vehicle.depot)]]
        now_s = int(self._leave_s[-1])
        latest_s = []
        for site, leg_s in zip(sites, home_s.tolist(), strict=True):
            drive_s = leg_s if rules.steady else int(leg_s * self._factor[-1])
            wait_s = self._shortest_s(site, now_s)
            latest_s.append(_latest_at(site, self._end_s - drive_s, wait_s))
        self._site_latest_s = np.array(latest_s, dtype=np.int64)

    def _late(self, visits: Sequence[Visit]) -> None:
        """Go back from the end to find out how late each visit may be reached."""
        last = len(visits)
        if visits and visits[-1].kind is StepKind.UNLOAD:
            home = self._rules.travel.index[depot_point(self._vehicle.depot)]
            to_home = self._leg.duration_s[self._rows[-1:], home].astype(np.int64)
            leave_s = self._end_s - int(self._eased(to_home, np.full(1, last))[0])
        else:
            to_sites = self._leg.duration_s[self._rows[-1], self._sites].astype(np.int64)
            onward = self._site_latest_s - self._eased(to_sites, np.full(1, last))
            leave_s = int(onward.max())
        latest_s = [0] * (last + 1)
        for at in range(last - 1, -1, -1):
            visit = visits[at]
            if visit.kind is StepKind.STOP:
                one = self._rules.bins[visit.code]
                latest_s[at] = _latest_within(one.windows, leave_s - one.service_s)
            else:
                site = self._rules.sites[visit.code]
                latest_s[at] = _latest_at(site, leave_s, self._wait_s[at])
            leave_s = latest_s[at] - self._drive_s[at]
        self._latest_s = np.array(latest_s, dtype=np.int64)

    def _rooms(self, vehicle: Vehicle, visits: Sequence[Visit]) -> None:
        """Work out the room on the trip of each place."""
        on = vehicle.underway
        trips = [[on.load_l if on else 0, on.load_kg if on else 0]]
        trip_of = []
        for visit in visits:
            trip_of.append(len(trips) - 1)
            if visit.kind is StepKind.UNLOAD:
                trips.append([0, 0])
                continue
            one = self._rules.bins[visit.code]
            trips[-1][0] += one.load_l
            trips[-1][1] += one.load_kg
        trip_of.append(len(trips) - 1)
        loads = np.array(trips, dtype=np.int64)[trip_of]
        made = on.trips_made if on else 0
        self._trips_left = vehicle.max_trips - made - np.array(trip_of)
        self._room_l = vehicle.volume_l - loads[:, 0]
        self._room_kg = vehicle.payload_kg - loads[:, 1]

    def _lightest(self, at_s: int) -> float:
        if self._rules.steady:
            return 1.0
        return min(self._rules.problem.traffic_by_hour[hour] for hour in self._hours(at_s))

    def _shortest_s(self, site: DisposalSite, at_s: int) -> int:
        return min(site.queue_s_by_hour[hour] for hour in self._hours(at_s))

    def _hours(self, at_s: int) -> list[int]:
        """Return the hours of the day from now to the end of the shift."""
        end_s = max(self._vehicle.shift.to_s, at_s)
        hours = [self._rules.hour(one) for one in range(at_s, end_s, _HOUR_S)]
        return [*hours, self._rules.hour(end_s)]


def _latest_within(windows: Sequence[TimeWindow], begin_s: int) -> int:
    """Return how late a bin may be reached for service to begin by then."""
    if not windows:
        return begin_s
    ends_s = [min(w.to_s, begin_s) for w in windows if w.from_s <= begin_s]
    return max(ends_s, default=-ANY_TIME_S)


def _latest_at(site: DisposalSite, leave_s: int, wait_s: int) -> int:
    """Return how late a site may be reached for the vehicle to leave it by then."""
    begin_s = leave_s - site.tipping_s - wait_s
    return min(site.opening.to_s, begin_s) if begin_s >= site.opening.from_s else -ANY_TIME_S
