"""A reading tried against a geometry before anything is saved."""

import pytest

from angkut_backend.claims.trial import Trial, Verdict, judge
from angkut_backend.registry.hanging import Hanging

HANGING = Hanging(d_empty_mm=1200, d_full_mm=200)


@pytest.mark.parametrize(
    ("distances", "reported", "fill_pct", "verdict"),
    [
        ([700], None, 50.0, Verdict.PLAUSIBLE),
        ([1250], None, 0.0, Verdict.PLAUSIBLE),
        ([100], None, 110.0, Verdict.PLAUSIBLE),
        ([1400], None, None, Verdict.TOO_FAR),
        ([-50], None, None, Verdict.TOO_NEAR),
        ([20], None, None, Verdict.TOO_NEAR),
        ([], None, None, Verdict.NO_ECHO),
        (None, 42.0, 42.0, Verdict.PLAUSIBLE),
        (None, 300.0, None, Verdict.TOO_NEAR),
        (None, None, None, Verdict.NO_LEVEL),
    ],
)
def test_a_reading_is_judged_as_it_would_be_derived(
    distances: list[int] | None,
    reported: float | None,
    fill_pct: float | None,
    verdict: Verdict,
) -> None:
    trial = judge(
        HANGING,
        distances_mm=distances,
        distance_mm=distances[0] if distances else None,
        reported_fill_pct=reported,
    )
    assert trial == Trial(fill_pct, verdict)


def test_angle_and_offset_count() -> None:
    slanted = Hanging(d_empty_mm=1000, d_full_mm=0, offset_mm=10, angle_deg=60)
    trial = judge(slanted, distances_mm=[990], distance_mm=990, reported_fill_pct=None)
    assert trial.fill_pct == pytest.approx(50.0)
