"""What a dispatcher sees of the bins: levels by the hour, with faults, and emptyings."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from angkut_sim.streams import stream
from angkut_sim.stretch import Stretch
from angkut_sim.truth import TruthKind

_HOUR_S = 3600
HOURS_A_DAY = 24
#: A level that does not move at all for so long comes from a sensor that is stuck.
_STUCK_H = 12
_STUCK_PCT = 0.05
#: So many hours are kept: what forecasts learn from.
KEPT_H = 28 * HOURS_A_DAY


class Sensors(StrEnum):
    """How good sensors are."""

    PERFECT = "perfect"
    #: As the simulated devices with their faults: 10 % of hours without a report, 2.5 % of
    #: bin-days stuck, 1.4 % of readings far off (docs/simulator.md, records of real bins).
    USUAL = "usual"
    #: A third of the hours silent, 8 % of bin-days stuck, a reading in 20 far off, half of the
    #: sensors report only twice a day.
    POOR = "poor"


@dataclass(frozen=True, slots=True)
class _Grade:
    noise_pct: float
    #: Share of bin-days, and how long it lasts on average, days.
    silent_share: float
    silent_days: float
    stuck_share: float
    stuck_days: float
    spike_share: float
    #: Share of bins whose newest hours have not come yet at 04:00, and how many hours.
    late_share: float
    late_h: int


_GRADES = {
    Sensors.PERFECT: _Grade(0, 0, 1, 0, 1, 0, 0, 0),
    Sensors.USUAL: _Grade(2.0, 0.10, 3, 0.025, 4, 0.014, 0.05, 3),
    Sensors.POOR: _Grade(5.0, 0.33, 5, 0.08, 10, 0.05, 0.5, 10),
}


class Record:
    """What was seen so far, the newest `KEPT_H` hours; an hour a column."""

    def __init__(self, bins: int, seed: int, sensors: Sensors) -> None:
        #: Mean level of the hour as reported, %; NaN: nothing came, or nothing to trust. [b, t]
        self.level_pct = np.zeros((bins, 0))
        self.emptied = np.zeros((bins, 0), dtype=bool)
        #: Bins whose visit of the last day did not happen.
        self.skipped: set[int] = set()
        self._grade, self._seed = _GRADES[sensors], seed
        self._day = 0
        self._silent = np.zeros(bins, dtype=bool)
        self._stuck_pct = np.full(bins, np.nan)
        #: As `level_pct`, with what is late and with what is held.
        self._reported = np.zeros((bins, 0))

    def add(self, stretch: Stretch) -> None:
        """Write down what sensors and crews told of a day."""
        steps = _HOUR_S // stretch.step_s
        truth = stretch.level_pct[steps::steps][:HOURS_A_DAY].astype(float).T
        seen = self._seen(truth)
        emptied = np.zeros(truth.shape, dtype=bool)
        rows = {code: row for row, code in enumerate(stretch.codes)}
        self.skipped = set()
        for event in sorted(stretch.happened, key=lambda one: one.at_s):
            row = rows[event.bin_code]
            if event.kind is TruthKind.COLLECTED:
                hour = int((event.at_s - stretch.start_s) // _HOUR_S)
                emptied[row, min(max(hour, 0), HOURS_A_DAY - 1)] = True
                self.skipped.discard(row)
            elif event.kind is TruthKind.SKIPPED:
                self.skipped.add(row)
        self._reported = np.hstack([self._reported, seen])[:, -KEPT_H:]
        level = _moving(self._reported) if self._grade.stuck_share else self._reported.copy()
        # What is late today has come by tomorrow.
        dice = stream(self._seed, "late", self._day)
        late = dice.random(len(level)) < self._grade.late_share
        level[late, level.shape[1] - self._grade.late_h :] = np.nan
        self.level_pct = level
        self.emptied = np.hstack([self.emptied, emptied])[:, -KEPT_H:]
        self._day += 1

    def _seen(self, truth: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what sensors report; the same seed and day err alike under every policy."""
        grade, dice = self._grade, stream(self._seed, "sensors", self._day)
        luck = dice.random((4, len(truth)))
        self._silent = np.where(
            self._silent,
            luck[0] >= 1 / grade.silent_days,
            luck[1] < _begins(grade.silent_share, grade.silent_days),
        )
        stuck = ~np.isnan(self._stuck_pct)
        begins = ~stuck & (luck[2] < _begins(grade.stuck_share, grade.stuck_days))
        ends = stuck & (luck[3] < 1 / grade.stuck_days)
        self._stuck_pct = np.where(begins, truth[:, 0], np.where(ends, np.nan, self._stuck_pct))
        noisy = truth + grade.noise_pct * dice.standard_normal(truth.shape)
        spike = dice.random(truth.shape) < grade.spike_share
        seen = np.where(spike, dice.uniform(0, 100, truth.shape), np.clip(noisy, 0, 105))
        held = self._stuck_pct[:, None]
        seen = np.where(np.isnan(held), seen, held)
        return np.where(self._silent[:, None], np.nan, seen)


def _begins(share: float, days: float) -> float:
    """Return the chance a day that an episode begins, for this share of days in episodes."""
    return share / (1 - share) / days


def _moving(level_pct: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return levels without those that have not moved for half a day. Empty bins rest, too."""
    still = np.zeros(level_pct.shape, dtype=bool)
    if level_pct.shape[1] >= _STUCK_H:
        windows = np.lib.stride_tricks.sliding_window_view(level_pct, _STUCK_H, axis=1)
        still[:, _STUCK_H - 1 :] = np.ptp(windows, axis=2) < _STUCK_PCT
        still &= level_pct > 1
    return np.where(still, np.nan, level_pct)
