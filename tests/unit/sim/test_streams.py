import numpy as np
import pytest

from angkut_sim.streams import DayNoise, stream


def test_one_name_gives_one_stream() -> None:
    assert (
        stream(7, "a", "day", 3).random(4).tolist() == stream(7, "a", "day", 3).random(4).tolist()
    )


@pytest.mark.parametrize("other", [(8, "a", 3), (7, "b", 3), (7, "a", 4)])
def test_another_seed_name_or_day_gives_another_stream(other: tuple[int, str, int]) -> None:
    assert stream(7, "a", 3).random() != stream(*other).random()


def test_a_stream_is_the_same_on_every_python_and_numpy() -> None:
    # PCG64 and SeedSequence are promised to stay; if this fails, all worlds have changed.
    assert stream(1, "BKS-BT-0001", "day", 20_000).bit_generator.random_raw(2).tolist() == [
        14357594193221209500,
        12832457394121586313,
    ]


def test_the_noise_of_a_day_needs_no_days_before_it() -> None:
    names = ["a", "b"]
    forward = DayNoise(1, names, "mood", memory=0.6)
    all_days = [forward.of(day).tolist() for day in range(100, 180)]
    assert DayNoise(1, names, "mood", memory=0.6).of(150).tolist() == all_days[50]


def test_the_noise_of_a_name_does_not_depend_on_other_names() -> None:
    alone = DayNoise(1, ["b"], "mood", memory=0.6)
    among = DayNoise(1, ["a", "b", "c"], "mood", memory=0.6)
    assert [alone.of(day)[0] for day in range(50)] == [among.of(day)[1] for day in range(50)]


@pytest.mark.parametrize("memory", [0.0, 0.55, 0.8])
def test_noise_is_standard_normal_and_resembles_the_day_before(memory: float) -> None:
    noise = DayNoise(1, [str(n) for n in range(400)], "mood", memory=memory)
    days = np.array([noise.of(day) for day in range(60)])
    assert days.mean() == pytest.approx(0, abs=0.03)
    assert days.std() == pytest.approx(1, abs=0.03)
    follows = np.corrcoef(days[:-1].ravel(), days[1:].ravel())[0, 1]
    assert follows == pytest.approx(memory, abs=0.03)
