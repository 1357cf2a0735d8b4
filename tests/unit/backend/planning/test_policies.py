"""What policies make of a bin: duties, prizes, loads."""

from dataclasses import replace

import pytest

from angkut_backend.planning.instance import MUST_PRIZE_RP
from angkut_backend.planning.outlook import load_of
from angkut_backend.planning.policies import Policy, PolicyParameters, Prospect, bins_of
from angkut_backend.planning.problem import MAX_FILL_PCT, Bin, MustReason, Problem

from .conftest import line_bin, line_shift

PARAMETERS = PolicyParameters()
HALF_FULL = Prospect(
    bin=line_bin(1),
    volume_l=660,
    fill_pct=50.0,
    overflow_probability=0.02,
    overflow_h=0.1,
    gap_h=30.0,
    is_due=False,
)


def made(policy: Policy, prospect: Prospect) -> Bin:
    (one,) = bins_of(policy, [prospect], PARAMETERS)
    return one


@pytest.mark.parametrize(
    ("gap_h", "is_must"), [(72.5, False), (83.9, False), (84.0, True), (95.0, True), (100.0, True)]
)
@pytest.mark.parametrize("policy", [Policy.THRESHOLD, Policy.INTEGRATED])
def test_the_shift_that_is_nearer_to_the_longest_gap_serves_a_bin(
    policy: Policy, gap_h: float, *, is_must: bool
) -> None:
    found = made(policy, replace(HALF_FULL, gap_h=gap_h)).must
    assert found == (MustReason.LONGEST_GAP if is_must else None)


def test_the_checker_is_told_the_longest_gap_but_of_fixed_rounds() -> None:
    told = {policy: made(policy, HALF_FULL).longest_gap_h for policy in Policy}
    assert told.pop(Policy.FIXED) is None
    assert set(told.values()) == {PARAMETERS.longest_gap_h}


def test_a_round_is_driven_whatever_the_level_and_no_other_bin_with_it() -> None:
    assert made(Policy.FIXED, replace(HALF_FULL, is_due=True)).must is MustReason.SCHEDULE
    assert made(Policy.FIXED, replace(HALF_FULL, gap_h=500.0)).forbidden


def test_a_prize_grows_with_the_risk_and_the_volume_and_never_beats_a_duty() -> None:
    def prize_rp(**changes: float) -> float:
        return made(Policy.INTEGRATED, replace(HALF_FULL, **changes)).prize_rp  # type: ignore[arg-type]

    assert prize_rp() < prize_rp(overflow_probability=0.1) < prize_rp(overflow_probability=0.5)
    assert prize_rp() < prize_rp(overflow_h=3.0)
    assert prize_rp() < prize_rp(volume_l=6_000)
    assert prize_rp(overflow_probability=0.9, overflow_h=20.0, volume_l=6_000) == MUST_PRIZE_RP


def test_only_the_integrated_policy_weighs_bins_that_no_rule_names() -> None:
    weighed = {policy: made(policy, HALF_FULL) for policy in Policy}
    assert weighed[Policy.INTEGRATED].prize_rp > 0
    assert not weighed[Policy.INTEGRATED].forbidden
    assert all(one.forbidden for policy, one in weighed.items() if policy != Policy.INTEGRATED)


def test_a_container_that_is_swapped_takes_the_room_of_a_whole_one() -> None:
    assert load_of(50.0, 660, "wheelie_660") == (330, 66)
    assert load_of(50.0, 6_000, "arm_roll_6m3") == (6_000, 600)
    assert load_of(150.0, 660, "wheelie_660") == (858, 172)


def test_a_bin_that_is_foretold_to_fill_ten_times_over_makes_a_problem_that_can_be_read() -> None:
    one = made(Policy.INTEGRATED, replace(HALF_FULL, fill_pct=1_500.0, gap_h=1e6))
    problem = line_shift(bins=(one,))

    assert one.fill_pct == MAX_FILL_PCT
    assert Problem.model_validate_json(problem.model_dump_json()) == problem


def test_what_a_problem_cannot_hold_is_refused_before_anything_is_kept() -> None:
    with pytest.raises(ValueError, match="overflow_probability"):
        made(Policy.INTEGRATED, replace(HALF_FULL, overflow_probability=1.5))
