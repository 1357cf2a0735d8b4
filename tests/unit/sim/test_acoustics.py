"""The physics, held to figures that were computed apart from the code."""

from dataclasses import replace
from statistics import fmean, median, stdev

import pytest

from angkut_sim.acoustics import (
    NOISE_MM,
    Scene,
    Transducer,
    apparent_mm,
    footprint_mm,
    hear,
    inner_radius_mm,
    speed_of_sound_m_s,
)
from angkut_sim.dice import Dice

FLAT = Scene(surface_mm=900, d_empty_mm=1200, radius_mm=500)


def readings(scene: Scene, ear: Transducer | None = None, count: int = 4000) -> list[list[int]]:
    dice = Dice(1)
    return [hear(dice, scene, ear or Transducer()) for _ in range(count)]


@pytest.mark.parametrize(
    ("temp_c", "speed"),
    [(0, 331.3), (20, 343.2), (25, 346.1), (35, 351.9), (45, 357.6), (55, 363.1)],
)
def test_sound_is_faster_in_warm_air(temp_c: float, speed: float) -> None:
    assert speed_of_sound_m_s(temp_c) == pytest.approx(speed, abs=0.1)


@pytest.mark.parametrize(("air_c", "shown_mm"), [(25, 1200), (35, 1180), (45, 1162), (55, 1144)])
def test_a_sensor_that_assumes_25_degrees_reads_short_in_the_heat(
    air_c: float, shown_mm: float
) -> None:
    assert apparent_mm(1200, air_c=air_c, assumed_c=25) == pytest.approx(shown_mm, abs=0.6)


def test_a_hot_probe_over_corrects_and_an_absent_correction_under_corrects() -> None:
    hot = replace(FLAT, air_c=35.0, probe_c=45.0)
    corrected = [median(echoes) for echoes in readings(hot) if echoes]
    plain = [median(echoes) for echoes in readings(hot, Transducer(compensated=False)) if echoes]
    assert fmean(corrected) == pytest.approx(900 * 357.6 / 351.9, abs=2)
    assert fmean(plain) == pytest.approx(900 * 346.1 / 351.9, abs=2)


def test_the_beam_widens_as_the_maker_says() -> None:
    assert footprint_mm(880, 15) == pytest.approx(236, abs=1)  # EM400-MUD: 24 cm at 88 cm
    assert footprint_mm(440, 15) == pytest.approx(118, abs=1)


def test_the_radius_follows_from_volume_and_depth() -> None:
    assert inner_radius_mm(660, 1050) == pytest.approx(447, abs=1)
    assert inner_radius_mm(120, 850) == pytest.approx(212, abs=1)


def test_a_narrow_bin_gives_echoes_of_its_wall() -> None:
    narrow = Scene(surface_mm=1000, d_empty_mm=1000, radius_mm=180)
    walls = [e for echoes in readings(narrow) for e in echoes if abs(e - 180 / 0.2588) < 40]
    wide = [e for echoes in readings(FLAT) for e in echoes if abs(e - 900) > 60]
    assert len(walls) > 200
    assert not wide


def test_echoes_of_a_flat_surface_scatter_by_the_timing_noise() -> None:
    echoes = [echo for heard in readings(FLAT) for echo in heard]
    assert fmean(echoes) == pytest.approx(900, abs=0.5)
    assert stdev(echoes) == pytest.approx(NOISE_MM, abs=0.5)


def test_bags_scatter_readings_more_than_pings() -> None:
    bags = replace(FLAT, rough_mm=80.0)
    heard = [echoes for echoes in readings(bags) if len(echoes) > 1]
    within = fmean(stdev(echoes) for echoes in heard)
    assert within < 10
    assert 15 < stdev(median(echoes) for echoes in heard) < 40
    # The hills answer first.
    assert fmean(median(echoes) for echoes in heard) < 890


def test_a_reading_has_none_to_four_echoes_and_foam_swallows_all() -> None:
    foggy = replace(FLAT, soft=0.02)
    assert {len(echoes) for echoes in readings(foggy)} == {0, 1, 2, 3, 4}
    foam = replace(FLAT, soft=0.8)
    assert fmean(not echoes for echoes in readings(foam)) == pytest.approx(0.8, abs=0.03)


def test_nothing_is_heard_nearer_than_the_blind_zone() -> None:
    full = replace(FLAT, surface_mm=0.0)
    assert {e for echoes in readings(full) for e in echoes} == {30}


def test_a_near_surface_bounces_and_comes_twice() -> None:
    near = replace(FLAT, surface_mm=150.0)
    echoes = [e for heard in readings(near) for e in heard]
    assert 0.015 < fmean(abs(e - 300) < 40 for e in echoes) < 0.05


def test_nothing_is_heard_beyond_the_range() -> None:
    assert not any(readings(Scene(surface_mm=4600, d_empty_mm=5000, radius_mm=2000)))


def test_an_open_lid_gives_far_echoes_or_none_but_never_the_waste() -> None:
    opened = readings(replace(FLAT, lid_open=True))
    assert fmean(not echoes for echoes in opened) == pytest.approx(0.7, abs=0.03)
    assert min(e for echoes in opened for e in echoes) > 1200


def test_a_bag_in_the_beam_hides_what_is_behind() -> None:
    leaning = readings(replace(FLAT, near_mm=200.0))
    near = [abs(median(echoes) - 200) < 40 for echoes in leaning if echoes]
    assert 0.8 < fmean(near) < 0.9


def test_a_coarse_sensor_shows_whole_centimetres_and_a_single_one_its_median() -> None:
    coarse = readings(FLAT, Transducer(resolution_mm=10))
    assert {e % 10 for echoes in coarse for e in echoes} == {0}
    single = readings(FLAT, Transducer(single=True))
    assert {len(echoes) for echoes in single} <= {0, 1}
    assert stdev(echoes[0] for echoes in single if echoes) < 0.75 * NOISE_MM


def test_dirt_weakens_echoes() -> None:
    dirty = replace(FLAT, film=1.0)
    assert fmean(map(len, readings(dirty))) < fmean(map(len, readings(FLAT))) - 0.4
