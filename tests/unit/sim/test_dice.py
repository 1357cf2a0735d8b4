from statistics import fmean, stdev

import pytest

from angkut_sim.dice import Dice


def test_splitmix_gives_the_published_sequence() -> None:
    # First outputs for seed 1234567, as in the authors' reference and Rosetta Code.
    dice = Dice(1234567)
    assert [dice.bits() for _ in range(3)] == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
    ]


def test_a_saved_state_goes_on_with_the_same_draws() -> None:
    dice = Dice.seeded(1, "bin")
    dice.bits()
    copy = Dice(dice.state)
    assert [dice.uniform() for _ in range(5)] == [copy.uniform() for _ in range(5)]


def test_names_make_different_streams() -> None:
    firsts = {Dice.seeded(seed, name).bits() for seed in range(20) for name in ("a", "b")}
    assert len(firsts) == 40


def test_draws_have_the_mean_and_spread_they_promise() -> None:
    dice = Dice.seeded("draws")
    normals = [dice.normal() for _ in range(20_000)] + dice.normals(5)
    assert fmean(normals) == pytest.approx(0, abs=0.03)
    assert stdev(normals) == pytest.approx(1, abs=0.03)
    assert fmean(dice.uniform(2, 4) for _ in range(20_000)) == pytest.approx(3, abs=0.03)
    assert fmean(dice.exponential(7) for _ in range(20_000)) == pytest.approx(7, rel=0.03)
    assert fmean(dice.chance(0.2) for _ in range(20_000)) == pytest.approx(0.2, abs=0.01)
