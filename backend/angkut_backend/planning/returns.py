"""When a vehicle is back, for every second at which it could be somewhere: exact, and at once.

Part of the checker: see `room`. Times are seconds since the vehicle begins; what is not possible,
or only after its shift, comes `never`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from angkut_backend.planning.problem import Bin, DisposalSite, Problem, Vehicle

_HOUR_S = 3600
#: Further away than any moment of a shift.
_FAR_S = 10**9

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Stops:
    """When bins may be served and how long that takes, [bin, 1]; windows, [bin, 1, window]."""

    from_s: Ints
    to_s: Ints
    service_s: Ints


class Clock:
    """What takes how long, over the seconds of a vehicle's shift."""

    def __init__(self, problem: Problem, vehicle: Vehicle) -> None:
        on, start = vehicle.underway, problem.moment(0)
        self._begin_s = on.free_at_s if on else vehicle.shift.from_s
        #: Behind its last second.
        self.never = max(vehicle.shift.to_s - self._begin_s + 1, 0)
        #: Each second, and `never`.
        self.every = np.arange(self.never + 1)
        clock_s = start.hour * _HOUR_S + start.minute * 60 + start.second + self._begin_s
        self._hours = (self.every + clock_s) // _HOUR_S % 24
        self._pace = np.array(problem.traffic_by_hour)[self._hours]
        #: The break that it may have to take.
        self._rule = vehicle.breaks[0] if vehicle.breaks and not (on and on.break_taken) else None

    def stops(self, bins: Sequence[Bin]) -> Stops:
        """Lay out bins."""
        most = max((len(one.windows) for one in bins), default=0) or 1
        from_s = np.full((len(bins), 1, most), _FAR_S)
        to_s = np.full((len(bins), 1, most), -_FAR_S)
        for row, one in enumerate(bins):
            if not one.windows:
                from_s[row, 0, 0], to_s[row, 0, 0] = -_FAR_S, _FAR_S
            for column, window in enumerate(one.windows):
                from_s[row, 0, column] = window.from_s - self._begin_s
                to_s[row, 0, column] = window.to_s - self._begin_s
        return Stops(from_s, to_s, np.array([[one.service_s] for one in bins]))

    def driven(self, leave_s: Ints, way_s: Ints | int) -> Ints:
        """Return when the end of a way is reached."""
        arrive_s = leave_s + np.ceil(way_s * self._pace[leave_s])
        return np.minimum(arrive_s, self.never).astype(np.int64)

    def served(self, arrive_s: Ints, stops: Stops) -> Ints:
        """Return when bins are served that are reached then, [bin, arrival]."""
        begin_s = np.full(np.broadcast_shapes(arrive_s.shape, stops.service_s.shape), self.never)
        for column in range(stops.from_s.shape[2]):
            from_s, to_s = stops.from_s[:, :, column], stops.to_s[:, :, column]
            inside_s = np.where(arrive_s <= to_s, np.maximum(arrive_s, from_s), self.never)
            begin_s = np.minimum(begin_s, inside_s)
        return np.minimum(begin_s + stops.service_s, self.never)

    def tipped(self, arrive_s: Ints, site: DisposalSite) -> Ints:
        """Return when a load is tipped that reaches the site then."""
        from_s, to_s = site.opening.from_s - self._begin_s, site.opening.to_s - self._begin_s
        open_s = np.clip(arrive_s, from_s, self.never)
        queue_s = np.array(site.queue_s_by_hour)[self._hours[open_s]]
        leave_s = np.minimum(open_s + queue_s + site.tipping_s, self.never)
        return np.where(arrive_s <= to_s, leave_s, self.never)

    def rested(self, leave_s: Ints) -> Ints:
        """Return when a break is over that is taken where the vehicle could leave then."""
        if self._rule is None:
            return np.full(leave_s.shape, self.never)
        window = self._rule.begin
        begin_s = np.maximum(leave_s, window.from_s - self._begin_s)
        end_s = np.minimum(begin_s + self._rule.duration_s, self.never)
        return np.where(begin_s <= window.to_s - self._begin_s, end_s, self.never)

    def is_due(self, back_s: Ints) -> Mask:
        """Tell whether a vehicle that is back then must have taken its break."""
        if self._rule is None or self._begin_s >= self._rule.begin.to_s:
            return np.zeros(back_s.shape, dtype=np.bool_)
        due: Mask = back_s > self._rule.begin.to_s - self._begin_s
        return due


@dataclass(frozen=True, slots=True)
class Backs:
    """When a vehicle is back at the soonest, by when it is at a place, for each second."""

    #: Without another break.
    plain_s: Ints
    #: With a break that it takes later.
    rested_s: Ints

    @classmethod
    def home(cls, clock: Clock) -> "Backs":
        """Return it for the end of all ways."""
        return cls(clock.every, np.full(clock.every.shape, clock.never))

    def before(self, clock: Clock, done_s: Ints, way_s: int) -> "Backs":
        """Return it for a visit before a way to here; `done_s`: when that is done, each second."""
        onward_s = clock.driven(done_s, way_s)
        rested_s = self.plain_s[clock.driven(clock.rested(done_s), way_s)]
        return Backs(self.plain_s[onward_s], np.minimum(rested_s, self.rested_s[onward_s]))

    def hold(self, clock: Clock, leave_s: Ints, stops: Stops, ways_s: tuple[Ints, Ints]) -> Mask:
        """Tell which bins can be served on the way to here.

        Parameters
        ----------
        leave_s
            When the vehicle may leave the place before: see `leaving`.
        ways_s
            From there to each bin, and on to here, [bin].
        """
        there_s, onward_s = (one[:, None] for one in ways_s)
        done_s = clock.served(clock.driven(leave_s[None, :], there_s), stops)
        here_s = clock.driven(done_s, onward_s)
        back_s = self.plain_s[here_s]
        rest_s = self.plain_s[clock.driven(clock.rested(done_s[:, :1]), onward_s)]
        later_s = self.rested_s[here_s[:, :1]]
        soonest_s = np.concatenate([back_s[:, 1:], rest_s, later_s], axis=1).min(axis=1)
        alone_s = back_s[:, 0]
        can: Mask = (alone_s < clock.never) & (~clock.is_due(alone_s) | (soonest_s < clock.never))
        return can


def leaving(clock: Clock, at_s: Ints) -> Ints:
    """Return when a vehicle may leave: first without a break, then behind one, here or before."""
    behind_s = np.append(at_s[1:], clock.rested(at_s[:1]))
    return np.append(at_s[:1], np.unique(behind_s[behind_s < clock.never]))
