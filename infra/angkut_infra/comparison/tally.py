"""Counting what happened: a row a day, and figures over many days.

Definitions: a bin overflows while its level is at 100 % or above. The service level is the share of
emptyings before which the bin had not overflowed (Wouda et al. 2024 count emptyings with a volume
within the capacity; ours also counts waste that sank again before the truck came).
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from angkut_backend.planning.district import KG_PER_LITRE
from angkut_infra.comparison.driven import Driven
from angkut_infra.comparison.office import Morning
from angkut_sim.stretch import Stretch
from angkut_sim.truth import TruthEvent, TruthKind

FULL_PCT = 100.0
_HOUR_S = 3600


@dataclass(frozen=True, slots=True)
class Day:
    """One counted day of one policy."""

    day: int
    bins: int
    km: float
    trips: int
    truck_h: float
    queue_h: float
    over_h: float
    stops: int
    tonnes: float
    emptyings: int
    #: Of them, those before which the bin had overflowed.
    late: int
    #: Sum of the levels before emptying, %.
    fill_pct: float
    #: Emptyings of bins below 40 %.
    wasted: int
    #: Hours that bins were full, and hours that waste lay beside them (bulky items, too).
    overflow_h: float
    beside_h: float
    #: Longest time between two emptyings that ended, or goes on, today; h.
    gap_h: float
    #: Bins that the rules wanted served and no vehicle had room or time for.
    missed_must: int
    #: Areas that kept their fixed round because too little was known.
    fixed_areas: int


class Tally:
    """Counts day by day; keeps what reaches over midnight."""

    def __init__(self) -> None:
        self._full: dict[str, bool] = {}
        self._emptied_s: dict[str, float] = {}

    def add(self, number: int, stretch: Stretch, morning: Morning, driven: Driven) -> Day:
        """Count a day, which is the `number`th."""
        taken = [one for one in stretch.happened if one.kind is TruthKind.COLLECTED]
        late, gap_h = self._emptied(stretch, taken)
        steps_h = stretch.step_s / _HOUR_S
        return Day(
            day=number,
            bins=len(stretch.places),
            km=driven.km,
            trips=driven.trips,
            truck_h=driven.truck_h,
            queue_h=driven.queue_h,
            over_h=driven.over_h,
            stops=driven.stops,
            tonnes=sum(one.amount_l for one in taken) * KG_PER_LITRE / 1000,
            emptyings=len(taken),
            late=late,
            fill_pct=sum(one.before_pct for one in taken),
            wasted=sum(one.before_pct < 40 for one in taken),
            overflow_h=float((stretch.level_pct[1:] >= FULL_PCT).sum() * steps_h),
            beside_h=float((stretch.beside_l[1:] > 0).sum() * steps_h),
            gap_h=gap_h,
            missed_must=sum(one.must is not None for one in morning.plan.left),
            fixed_areas=morning.fixed_areas,
        )

    def _emptied(self, stretch: Stretch, taken: Sequence[TruthEvent]) -> tuple[int, float]:
        """Return emptyings that came too late, and the longest gap, h."""
        late, gap_s, done = 0, 0.0, dict.fromkeys(stretch.codes, 1)
        rows = {code: row for row, code in enumerate(stretch.codes)}
        for event in sorted(taken, key=lambda one: one.at_s):
            code = event.bin_code
            until = 1 + int((event.at_s - stretch.start_s) // stretch.step_s)
            levels = stretch.level_pct[done[code] : until, rows[code]]
            was_full = self._full.get(code, False) or bool((levels >= FULL_PCT).any())
            late += was_full or event.before_pct >= FULL_PCT
            before_s = self._emptied_s.get(code, float(stretch.emptied_before_s[rows[code]]))
            gap_s = max(gap_s, event.at_s - before_s)
            self._full[code], self._emptied_s[code], done[code] = False, event.at_s, until
        end_s = stretch.span_s[1]
        for code, row in rows.items():
            full = bool((stretch.level_pct[done[code] :, row] >= FULL_PCT).any())
            self._full[code] = self._full.get(code, False) or full
            before_s = self._emptied_s.get(code, float(stretch.emptied_before_s[row]))
            gap_s = max(gap_s, end_s - before_s)
        return late, gap_s / _HOUR_S


@dataclass(frozen=True, slots=True)
class Figures:
    """What a policy came to, a day on average."""

    days: int
    km: float
    tonnes: float
    #: %, see above.
    service_pct: float
    #: Share of bin-hours in which the bin was not full, %.
    hours_pct: float
    fill_pct: float
    #: Per 100 bin-days.
    overflow_h: float
    beside_h: float
    longest_gap_h: float
    trips: float
    truck_h: float
    queue_h: float
    over_h: float
    stops: float
    emptyings: float
    wasted_pct: float
    missed_must: int
    #: Days on which at least one area kept its fixed round.
    fallback_days: int

    @classmethod
    def of(cls, days: Sequence[Day]) -> "Figures":
        """Sum up; days of several seeds may be mixed."""
        table = {
            one.name: np.array([getattr(day, one.name) for day in days]) for one in fields(Day)
        }
        count, total = len(days), {name: float(column.sum()) for name, column in table.items()}
        emptyings = max(total["emptyings"], 1.0)
        return cls(
            days=count,
            km=total["km"] / count,
            tonnes=total["tonnes"] / count,
            service_pct=100 * (1 - total["late"] / emptyings),
            hours_pct=100 * (1 - total["overflow_h"] / (24 * total["bins"])),
            fill_pct=total["fill_pct"] / emptyings,
            overflow_h=100 * total["overflow_h"] / total["bins"],
            beside_h=100 * total["beside_h"] / total["bins"],
            longest_gap_h=float(table["gap_h"].max()),
            trips=total["trips"] / count,
            truck_h=total["truck_h"] / count,
            queue_h=total["queue_h"] / count,
            over_h=total["over_h"] / count,
            stops=total["stops"] / count,
            emptyings=total["emptyings"] / count,
            wasted_pct=100 * total["wasted"] / emptyings,
            missed_must=int(total["missed_must"]),
            fallback_days=int((table["fixed_areas"] > 0).sum()),
        )
