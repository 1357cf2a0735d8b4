"""Which bins a plan may or must serve: four policies that make the same kind of problem.

- `fixed`: the round's day decides; levels do not count. What the city does today.
- `threshold`: bins above a level are served, in the order of the nearest next: the usual rule of
  sensor vendors.
- `threshold_routed`: the same bins, with the route optimised.
- `integrated`: choice and route at once, by what leaving a bin costs.

The same solver, checker and record serve all of them, so that they can be compared.
"""

from dataclasses import dataclass
from enum import StrEnum

from angkut_backend.planning.instance import MUST_PRIZE_RP
from angkut_backend.planning.problem import MAX_FILL_PCT, MAX_GAP_H, Bin, MustReason

_HALF_A_DAY_H = 12


class Policy(StrEnum):
    """How bins are chosen."""

    FIXED = "fixed"
    THRESHOLD = "threshold"
    THRESHOLD_ROUTED = "threshold_routed"
    INTEGRATED = "integrated"

    @property
    def is_routed(self) -> bool:
        """Tell whether the order is optimised; else it is the greedy start's."""
        return self is not Policy.THRESHOLD


@dataclass(frozen=True, slots=True)
class PolicyParameters:
    """What a city may turn. Rupiah figures are believable, not measured."""

    #: `threshold`: served from this level on, %.
    threshold_pct: float = 70.0
    #: Cost of an overflow, rupiah: cleaning, complaint, health. Chosen on simulated weeks so that
    #: 99.5 % of emptyings come in time, of small bins as of large ones (docs/comparison.md).
    overflow_rp: float = 500_000.0
    #: Each litre taken now need not be fetched later, rupiah.
    litre_rp: float = 4.5
    #: From this probability of overflow before the next chance on a bin must be served.
    must_probability: float = 0.97
    #: A bin is served at least so often, hours: waste that rots is a nuisance before it is much.
    longest_gap_h: float = 96.0


@dataclass(frozen=True, slots=True)
class Prospect:
    """What is expected of a bin, as far as policies ask."""

    #: The bin with expected load; its prize and duty are not set yet.
    bin: Bin
    volume_l: int
    #: Expected level when a vehicle may come, %.
    fill_pct: float
    #: Probability that it overflows before the next chance after this shift.
    overflow_probability: float
    #: Expected hours of overflow until then.
    overflow_h: float
    #: Since it was last emptied, h; `None`: not known.
    gap_h: float | None
    #: Its round is due in this shift.
    is_due: bool
    #: A person or a citizen asked for it, or it was skipped.
    asked: MustReason | None = None


def bins_of(policy: Policy, prospects: list[Prospect], parameters: PolicyParameters) -> list[Bin]:
    """Return the bins of a problem, with duties and prizes as the policy sets them."""
    return [_bin(policy, one, parameters) for one in prospects]


def _bin(policy: Policy, one: Prospect, parameters: PolicyParameters) -> Bin:
    must = one.asked or _must(policy, one, parameters)
    prize_rp = _prize_rp(one, parameters) if policy is Policy.INTEGRATED else 0.0
    # What is not due by a rule is not there for it: it is left, not weighed.
    forbidden = one.bin.forbidden or (policy is not Policy.INTEGRATED and must is None)
    said = {
        "must": must,
        "prize_rp": round(prize_rp),
        "forbidden": forbidden,
        # A sensor that saws seems to fill without end.
        "fill_pct": round(min(one.fill_pct, MAX_FILL_PCT), 1),
        "overflow_probability": round(one.overflow_probability, 4),
        "gap_h": one.gap_h and min(one.gap_h, MAX_GAP_H),
        "longest_gap_h": None if policy is Policy.FIXED else parameters.longest_gap_h,
    }
    # Checked anew: what the record could not be read with must not get into it. `dict(one.bin)`
    # would take as long as all the rest.
    return Bin(**{**vars(one.bin), **said})


def _must(policy: Policy, one: Prospect, parameters: PolicyParameters) -> MustReason | None:
    if policy is Policy.FIXED:
        return MustReason.SCHEDULE if one.is_due else None
    # The next chance is a day off: the shift that is nearer to the limit serves it.
    if one.gap_h is not None and one.gap_h + _HALF_A_DAY_H >= parameters.longest_gap_h:
        return MustReason.LONGEST_GAP
    if policy is Policy.INTEGRATED:
        likely = one.overflow_probability >= parameters.must_probability
        return MustReason.OVERFLOW_RISK if likely else None
    return MustReason.THRESHOLD if one.fill_pct >= parameters.threshold_pct else None


def _prize_rp(one: Prospect, parameters: PolicyParameters) -> float:
    """Return the expected cost of leaving a bin until the next chance, rupiah.

    An overflow costs as much again for every twelve hours that it lasts. It is never worth more
    than a bin that must be served, or the search would rather overload a vehicle.
    """
    lasting = one.overflow_probability + one.overflow_h / 12
    litres = min(one.fill_pct, 100.0) / 100 * one.volume_l
    worth_rp = parameters.overflow_rp * lasting + parameters.litre_rp * litres
    return min(worth_rp, MUST_PRIZE_RP)
