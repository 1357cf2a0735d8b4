"""What an ultrasonic sensor under a lid hears: times of flight, turned into distances.

Figures without a source beside them are practitioners' knowledge, not measurements of ours.
"""

import math
from dataclasses import dataclass

from angkut_sim.dice import Dice

#: A sensor without a thermometer assumes this, °C.
ASSUMED_C = 25.0
#: Timing noise of one echo of a flat surface, mm (5 to 10 usual).
NOISE_MM = 7.0
#: The surface taken for the whole differs from the mean height by this share of its roughness.
_POSE_SHARE = 0.35
#: The first echo comes from the highest hill in the beam: nearer by this share of the roughness.
_FIRST_RETURN_SHARE = 0.3
#: At an open lid the sensor looks aside: the chance that it hears something at all.
_LID_ECHO_SHARE = 0.3
#: A bag that leans into the beam hides what is behind it this often.
_BAG_HIDES_SHARE = 0.85
#: A loud echo of a near surface bounces from the lid and comes a second time.
_BOUNCE_WITHIN_MM = 300.0
_BOUNCE_SHARE = 0.03
_WALL_SHARE = 0.15
#: Pings that come back too weak from a clean membrane.
_WEAK_SHARE = 0.12
#: Chance that rain of 20 mm/h and more (drops on the membrane) swallows a reading.
_RAIN_LOST = 0.08
_FILM_LOST = 0.06


@dataclass(frozen=True, slots=True)
class Transducer:
    """A make of sensor."""

    #: Half the opening angle of the beam. 15 degrees reach 24 cm to the side at 88 cm: the
    #: radius that the maker of the EM400-MUD asks for at that depth.
    half_angle_deg: float = 15.0
    #: It hears nothing nearer than this (EM class: 30 mm).
    blind_mm: int = 30
    #: It hears nothing farther than this.
    range_mm: int = 4500
    #: Distances are multiples of this.
    resolution_mm: int = 1
    #: Pings of one reading: at most so many echoes; four at most.
    pings: int = 4
    #: It reports only the median of its echoes.
    single: bool = False
    #: It corrects for the temperature that its own probe shows.
    compensated: bool = True


@dataclass(frozen=True, slots=True)
class Scene:
    """What lies before the sensor. Lengths are mm from its face."""

    surface_mm: float
    d_empty_mm: float
    #: Inner radius of the container.
    radius_mm: float
    rough_mm: float = 0.0
    #: Chance that the waste swallows the sound.
    soft: float = 0.0
    #: The top of a bag that leans into the beam.
    near_mm: float | None = None
    lid_open: bool = False
    tilt_deg: float = 0.0
    #: Air on the way of the sound, and what the sensor's probe shows.
    air_c: float = ASSUMED_C
    probe_c: float = ASSUMED_C
    rain_mm_h: float = 0.0
    #: Dirt on the membrane, 0 to 1.
    film: float = 0.0


def speed_of_sound_m_s(temp_c: float) -> float:
    """Return the speed of sound in dry air, m/s.

    331.3 sqrt(1 + T/273.15), the ideal-gas law about 331.3 m/s at 0 °C (Cramer, "The variation
    of the specific heat ratio and the speed of sound in air", JASA 93, 1993, gives 331.3 to
    331.5). Humidity would add up to 0.3 % at 35 °C and is left out.
    """
    return 331.3 * math.sqrt(1.0 + temp_c / 273.15)


def apparent_mm(true_mm: float, *, air_c: float, assumed_c: float) -> float:
    """Return the distance that a sensor shows: time of flight times the speed that it assumes."""
    return true_mm * speed_of_sound_m_s(assumed_c) / speed_of_sound_m_s(air_c)


def footprint_mm(distance_mm: float, half_angle_deg: float) -> float:
    """Return the radius of the spot that the beam covers at a distance."""
    return distance_mm * math.tan(math.radians(half_angle_deg))


def inner_radius_mm(volume_l: float, depth_mm: float) -> float:
    """Return the radius of a round container of this volume and depth."""
    return math.sqrt(volume_l * 1e6 / (math.pi * depth_mm))


def hear(dice: Dice, scene: Scene, ear: Transducer) -> list[int]:
    """Return the echoes of one reading, mm, at most `ear.pings`; none at all is an empty list."""
    target_mm = _target(dice, scene)
    if target_mm is None:
        return []
    scale = apparent_mm(
        1.0, air_c=scene.air_c, assumed_c=scene.probe_c if ear.compensated else ASSUMED_C
    )
    spread_mm = NOISE_MM * (1.0 + 0.5 * scene.film)
    too_weak = _WEAK_SHARE + 0.15 * scene.film
    luck = dice.bits()  # a share of it for each ping: draws are what this costs
    heard = []
    for ping, noise in enumerate(dice.normals(ear.pings)):
        if (luck >> (16 * ping)) & 0xFFFF < too_weak * 0x10000:
            continue
        path_mm = _path(dice, scene, target_mm, ear)
        shown = round((path_mm * scale + spread_mm * noise) / ear.resolution_mm)
        shown_mm = shown * ear.resolution_mm
        if shown_mm <= ear.range_mm:
            heard.append(max(ear.blind_mm, shown_mm))
    if ear.single and heard:
        # As firmware does it: the lower of the two in the middle.
        return [sorted(heard)[(len(heard) - 1) // 2]]
    return heard


def _target(dice: Dice, scene: Scene) -> float | None:
    """Return how far the thing is that answers; None when nothing does."""
    if scene.lid_open:
        if dice.chance(_LID_ECHO_SHARE):
            return dice.uniform(1.3, 4.0) * scene.d_empty_mm
        return None
    if scene.tilt_deg >= 45.0:
        # It lies on the street: its own wall, a kerb, nothing.
        return dice.uniform(0.2, 2.0) * scene.d_empty_mm if dice.chance(0.5) else None
    if scene.near_mm is not None and dice.chance(_BAG_HIDES_SHARE):
        return scene.near_mm
    lost = scene.soft + _RAIN_LOST * min(1.0, scene.rain_mm_h / 20.0) + _FILM_LOST * scene.film
    if dice.chance(lost):
        return None
    pose = _POSE_SHARE * dice.normal() - _FIRST_RETURN_SHARE
    return (scene.surface_mm + pose * scene.rough_mm) / math.cos(math.radians(scene.tilt_deg))


def _path(dice: Dice, scene: Scene, target_mm: float, ear: Transducer) -> float:
    """Return the way of one ping's first echo."""
    foot_mm = footprint_mm(target_mm, ear.half_angle_deg)
    if foot_mm > scene.radius_mm:
        # The edge of the beam meets the wall before the middle meets the waste.
        if dice.chance(_WALL_SHARE * (1.0 - scene.radius_mm / foot_mm)):
            return scene.radius_mm / math.sin(math.radians(ear.half_angle_deg))
    elif target_mm < _BOUNCE_WITHIN_MM and dice.chance(_BOUNCE_SHARE):
        return 2.0 * target_mm
    return target_mm
