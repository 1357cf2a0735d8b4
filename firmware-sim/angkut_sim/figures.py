"""What a policy made of a world: service and effort, from the truth."""

from dataclasses import dataclass

import numpy as np

from angkut_sim.days import DAY_S
from angkut_sim.truth import TruthKind
from angkut_sim.truth_file import TruthFile
from angkut_sim.world import World

#: Emptying a bin below this was too early.
_EARLY_PCT = 50.0


@dataclass(frozen=True, slots=True)
class Figures:
    """Totals of one run. Waste in cubic metres as thrown away."""

    bin_days: float
    arrived_m3: float
    collected_m3: float
    picked_m3: float
    #: In the bins and beside them at the end.
    left_m3: float
    emptyings: int
    partial: int
    skipped: int
    #: Median level at emptying, %; and the share of emptyings below half, %.
    fill_pct: float
    early_pct: float
    #: Hours with waste at the rim or beside the bin, per 100 bin-days.
    overflow_h: float
    #: Litres beside a bin, mean over bins and time.
    beside_l: float

    @classmethod
    def of(cls, truth: TruthFile, world: World) -> "Figures":
        """Sum a run up; `world` is the one that it leaves behind."""
        bin_days = len(truth.codes) * len(truth.at_s) * truth.step_s / DAY_S
        fills = [e.before_pct for e in truth.events if e.kind is TruthKind.COLLECTED]
        over = (truth.level_pct >= 100) | (truth.beside_l > 0)
        waste = world.waste
        return cls(
            bin_days=bin_days,
            arrived_m3=float(waste.arrived_l.sum()) / 1000,
            collected_m3=float(waste.collected_l.sum()) / 1000,
            picked_m3=float(waste.picked_l.sum()) / 1000,
            left_m3=float((waste.content_l + waste.beside_l).sum()) / 1000,
            emptyings=len(fills),
            partial=sum(e.share_left > 0 for e in truth.events),
            skipped=sum(e.kind is TruthKind.SKIPPED for e in truth.events),
            fill_pct=float(np.median(fills)) if fills else 0.0,
            early_pct=100 * float(np.mean([fill < _EARLY_PCT for fill in fills])) if fills else 0.0,
            overflow_h=float(over.sum()) * truth.step_s / 3600 / bin_days * 100,
            beside_l=float(truth.beside_l.mean()),
        )
