"""What would fit into a route, for many bins and places at once, by matrices alone.

It looks on the bright side: what a break costs is not told to the minute, nor in which hours what
comes behind it is done. What does not fit at a glance does not fit; what does is tried with exact
times.
"""

from collections.abc import Sequence
from itertools import pairwise
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from angkut_backend.planning.candidates import Candidates
from angkut_backend.planning.hours import Hours, hours_of
from angkut_backend.planning.instance import ANY_TIME_S, NEVER_S, Ints
from angkut_backend.planning.plan_document import StepKind
from angkut_backend.planning.points import depot_point, disposal_point, start_point
from angkut_backend.planning.problem import DisposalSite, TimeWindow, Vehicle
from angkut_backend.planning.rules import Rules
from angkut_backend.planning.schedule import earliest_s, pause_s
from angkut_backend.planning.takeover import Takeover
from angkut_backend.planning.timetable import Visit
from angkut_backend.roads.travel import UNREACHABLE

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
        self._traffic = self._hours(rules.problem.traffic_by_hour)
        self._leg = rules.travel.legs[vehicle.profile]
        index = rules.travel.index
        self._rows = np.array(
            [index[start_point(vehicle)], *(index[one.point] for one in visits)], dtype=np.intp
        )
        self._early(visits)
        self._end(rules.disposal_sites(vehicle))
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
        arrive_s = self._traffic.all_end_s(self._leave_s[at], there_s)
        begin_s = np.full(arrive_s.shape, NEVER_S)
        for column in range(new.from_s.shape[1]):
            from_s, to_s = new.from_s[:, column, None], new.to_s[:, column, None]
            inside = np.where(arrive_s <= to_s, np.maximum(arrive_s, from_s), NEVER_S)
            np.minimum(begin_s, inside, out=begin_s)
        # A break before it takes nothing of the time that the vehicle waits there.
        leave_s = begin_s + new.service_s[:, None]
        if self._pause_s:
            spare_s = begin_s - np.maximum(arrive_s, self._vehicle.breaks[0].begin.from_s)
            leave_s -= np.clip(spare_s, 0, self._pause_s)
        last = len(rows) - 1
        after = rows[np.minimum(at + 1, last)]
        onward_s = legs_s[new.rows[:, None], after].astype(np.int64)
        lost |= (onward_s >= UNREACHABLE) & (at < last)
        late = self._traffic.all_end_s(leave_s, onward_s) > self._latest_s[np.minimum(at, last)]
        ending = np.nonzero(np.broadcast_to(at == last, late.shape))
        sites_s = legs_s[np.ix_(new.rows[ending[0]], self._sites)].astype(np.int64)
        reach_s = self._traffic.all_end_s(leave_s[ending][:, None], sites_s)
        late[ending] = (reach_s > self._site_latest_s).all(axis=1)
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

    def _early(self, visits: Sequence[Visit]) -> None:
        """Drive through the visits as early as can be."""
        rules, rows, now_s = self._rules, self._rows, earliest_s(self._vehicle)
        self._legs_s = self._leg.duration_s[rows[:-1], rows[1:]].tolist()
        leave_s = [now_s]
        self._idle_s = 0
        for visit, leg_s in zip(visits, self._legs_s, strict=True):
            now_s = self._traffic.ends_s(now_s, leg_s)
            if visit.kind is StepKind.STOP:
                one = rules.bins[visit.code]
                begins_s = [max(now_s, w.from_s) for w in one.windows if now_s <= w.to_s]
                begin_s = min(begins_s, default=now_s)
                # Reached later it may have to wait for a later window, and longer.
                windows = sorted(one.windows, key=attrgetter("from_s"))
                later_s = [self._idle(a.to_s, b.from_s) for a, b in pairwise(windows)]
                self._idle_s += max([self._idle(now_s, begin_s), *later_s])
                now_s = begin_s + one.service_s
            else:
                site = rules.sites[visit.code]
                open_s = max(now_s, site.opening.from_s)
                self._idle_s += self._idle(now_s, open_s)
                now_s = self._queue(site).ends_s(open_s, 1) + site.tipping_s
            leave_s.append(now_s)
        self._leave_s = np.array(leave_s, dtype=np.int64)

    def _idle(self, arrive_s: int, begin_s: int) -> int:
        """Return how much of a break a wait can take up: what is before its window, nothing."""
        breaks = self._vehicle.breaks
        return max(0, begin_s - max(arrive_s, breaks[0].begin.from_s)) if breaks else 0

    def _end(self, sites: Sequence[DisposalSite]) -> None:
        """Work out how late each disposal site may be reached for the last unloading."""
        vehicle, index, leave_s = self._vehicle, self._rules.travel.index, int(self._leave_s[-1])
        idle_s = self._idle_s + max(self._idle(leave_s, one.opening.from_s) for one in sites)
        # What a break takes at least, beyond the time in which the vehicle waits.
        self._pause_s = max(0, pause_s(vehicle) - idle_s)
        self._end_s = vehicle.shift.to_s - self._pause_s
        if self._pause_s and leave_s < (none_s := vehicle.breaks[0].begin.to_s):
            # Back by then it takes none.
            self._end_s = max(self._end_s, min(vehicle.shift.to_s, none_s))
        self._sites = np.array([index[disposal_point(one.code)] for one in sites], dtype=np.intp)
        home_s = self._leg.duration_s[self._sites, index[depot_point(vehicle.depot)]]
        self._site_latest_s = np.array(
            [
                self._latest_at(site, self._traffic.begins_s(self._end_s, leg_s))
                for site, leg_s in zip(sites, home_s.tolist(), strict=True)
            ],
            dtype=np.int64,
        )

    def _late(self, visits: Sequence[Visit]) -> None:
        """Go back from the end to find out how late each visit may be reached."""
        last = len(visits)
        if visits and visits[-1].kind is StepKind.UNLOAD:
            home = self._rules.travel.index[depot_point(self._vehicle.depot)]
            to_home_s = int(self._leg.duration_s[self._rows[-1], home])
            leave_s = self._traffic.begins_s(self._end_s, to_home_s)
        else:
            to_sites_s = self._leg.duration_s[self._rows[-1], self._sites].tolist()
            leave_s = max(map(self._traffic.begins_s, self._site_latest_s.tolist(), to_sites_s))
        latest_s = [0] * (last + 1)
        for at in range(last - 1, -1, -1):
            visit = visits[at]
            if visit.kind is StepKind.STOP:
                one = self._rules.bins[visit.code]
                latest_s[at] = _latest_within(one.windows, leave_s - one.service_s)
            else:
                latest_s[at] = self._latest_at(self._rules.sites[visit.code], leave_s)
            leave_s = self._traffic.begins_s(latest_s[at], self._legs_s[at])
        self._latest_s = np.array(latest_s, dtype=np.int64)

    def _latest_at(self, site: DisposalSite, leave_s: int) -> int:
        """Return how late a site may be reached for the vehicle to leave it by then."""
        begin_s = self._queue(site).begins_s(leave_s - site.tipping_s, 1)
        return min(site.opening.to_s, begin_s) if begin_s >= site.opening.from_s else -ANY_TIME_S

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

    def _queue(self, site: DisposalSite) -> Hours:
        return self._hours(site.queue_s_by_hour)

    def _hours(self, by_hour: tuple[float, ...]) -> Hours:
        vehicle, midnight_s = self._vehicle, self._rules.time_of_day_s
        span_s = earliest_s(vehicle), vehicle.shift.to_s
        pause_from_s = vehicle.breaks[0].begin.from_s if vehicle.breaks else 0
        return hours_of(by_hour, midnight_s, *span_s, pause_s(vehicle), pause_from_s)


def _latest_within(windows: Sequence[TimeWindow], begin_s: int) -> int:
    """Return how late a bin may be reached for service to begin by then."""
    if not windows:
        return begin_s
    ends_s = [min(w.to_s, begin_s) for w in windows if w.from_s <= begin_s]
    return max(ends_s, default=-ANY_TIME_S)
