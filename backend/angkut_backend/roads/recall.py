"""Travel that a process worked out or read is there for its next plan at once."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from concurrent.futures import Future

from angkut_backend.roads.travel import Point, Travel

#: So many ways, [from, to], are remembered: some 3,400 places of one district, or 1,000 each of
#: ten; up to 16 bytes each. What was asked for last always is.
MOST_WAYS = 12_000_000

Off = dict[str, list[str]]


class Recall:
    """The travel asked for last; threads that ask for the same wait for the first of them.

    Parameters
    ----------
    most_ways
        See `MOST_WAYS`.
    """

    def __init__(self, most_ways: int = MOST_WAYS) -> None:
        self._most_ways = most_ways
        self._lock = threading.Lock()
        self._known: OrderedDict[Hashable, Future[tuple[Travel, Off]]] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], tuple[Travel, Off]]) -> tuple[Travel, Off]:
        """Return what `make` returned for this key; what it raises is raised and not kept."""
        with self._lock:
            found = self._known.get(key)
            is_new = found is None
            if found is None:
                found = self._known[key] = Future()
            self._known.move_to_end(key)
        if not is_new:
            return found.result()
        try:
            made = make()
        except BaseException as exc:
            with self._lock:
                self._known.pop(key, None)
            found.set_exception(exc)
            raise
        for leg in made[0].legs.values():
            # Others will have the same matrices.
            leg.distance_m.setflags(write=False)
            leg.duration_s.setflags(write=False)
        found.set_result(made)
        with self._lock:
            self._forget(key)
        return made

    def what_fits(self, sets: Iterable[Sequence[Point]]) -> Iterator[Sequence[Point]]:
        """Yield the first of some sets of points, and others as far as there is room for all."""
        ways = 0
        for points in sets:
            if ways and ways + len(points) ** 2 > self._most_ways:
                return
            ways += len(points) ** 2
            yield points

    def _forget(self, newest: Hashable) -> None:
        """Let go of what was asked for longest ago, until the rest is not too much."""
        done = {key: one.result()[0] for key, one in self._known.items() if one.done()}
        ways = {key: len(travel.index) ** 2 for key, travel in done.items()}
        over = sum(ways.values()) - self._most_ways
        for key, count in ways.items():
            if over > 0 and key != newest:
                del self._known[key]
                over -= count
