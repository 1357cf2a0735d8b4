"""One reading's echoes: physics, then what is wrong with the sensor."""

import math
from dataclasses import dataclass, field
from functools import lru_cache

from angkut_sim.acoustics import Scene, hear, inner_radius_mm
from angkut_sim.dice import Dice
from angkut_sim.episodes import Episodes
from angkut_sim.fault_plan import FaultPlan
from angkut_sim.faults import Fault
from angkut_sim.fleet_file import FleetDevice
from angkut_sim.makes import Make
from angkut_sim.radio import Place
from angkut_sim.truth import Surface

#: While an absorber lies below, so many readings hear nothing.
_ABSORBED_SHARE = 0.95
#: Dirt grows in this time, and somebody wipes the membrane, s.
_DIRTY_AFTER_S = 60.0 * 86_400
#: A spike: an open lid (far), a bag at the sensor (near), a part of the pings only.
_SPIKE_FAR_SHARE = 0.4
_SPIKE_PART_SHARE = 0.15
#: Warmest at 13:00 WIB.
_WARMEST_S = 13 * 3600
_WIB_S = 7 * 3600
_DAY_S = 86_400
_RADIANS_PER_S = 2 * math.pi / _DAY_S


@dataclass(slots=True)
class Heard:
    """The echoes, and which faults made them what they are."""

    echoes_mm: list[int]
    faults: list[Fault] = field(default_factory=list)


class Head:
    """The measuring part of one device."""

    def __init__(self, seed: int, device: FleetDevice, make: Make, plan: FaultPlan) -> None:
        self._make = make
        habit = Dice.seeded(seed, device.id, "head")
        self._rim_mm = round(habit.uniform(60.0, 180.0))
        self._wiped_s = habit.uniform(0.0, _DIRTY_AFTER_S)
        self._stuck = Episodes(seed, device.id, Fault.STUCK, plan)
        self._film = Episodes(seed, device.id, Fault.FILM, plan)
        self._absorbed = Episodes(seed, device.id, Fault.NO_ECHO, plan)
        self._spike_share = plan.rate(Fault.SPIKE)
        self._stray_share = plan.rate(Fault.STRAY_ECHO)
        #: The value of a sensor that is stuck, and since when.
        self.held: list[int] = []
        self.held_from_s = 0.0

    @property
    def episodes(self) -> tuple[Episodes, ...]:
        """What may last here."""
        return self._stuck, self._film, self._absorbed

    def listen(self, dice: Dice, at_s: float, scene: Scene) -> Heard:
        """Measure once."""
        heard = self._hear(dice, at_s, scene)
        stuck = self._stuck.active(at_s)
        if stuck is None:
            return heard
        if self.held_from_s != stuck.from_s:
            # It keeps what it measured first in this state; nothing at all is no value to keep.
            self.held = heard.echoes_mm or [round(scene.surface_mm)]
            self.held_from_s = stuck.from_s
        return Heard(list(self.held), [Fault.STUCK])

    def film(self, at_s: float) -> float:
        """Return the dirt on the membrane, 0 to 1: it grows until somebody wipes it."""
        return (at_s + self._wiped_s) % _DIRTY_AFTER_S / _DIRTY_AFTER_S

    def _hear(self, dice: Dice, at_s: float, scene: Scene) -> Heard:
        ear = self._make.ear
        if self._film.active(at_s) is not None:
            shortest = [ear.blind_mm + int(dice.uniform(0.0, 4.0)) for _ in range(ear.pings)]
            return Heard(shortest[:1] if ear.single else shortest, [Fault.FILM])
        if self._absorbed.active(at_s) is not None and dice.chance(_ABSORBED_SHARE):
            return Heard([], [Fault.NO_ECHO])
        echoes = hear(dice, scene, ear)
        if not echoes:
            return Heard([], [Fault.NO_ECHO])
        return self._mistaken(dice, scene, echoes)

    def _mistaken(self, dice: Dice, scene: Scene, echoes: list[int]) -> Heard:
        """Let something else than the surface answer, now and then."""
        luck = dice.uniform()
        if luck < self._spike_share:
            return Heard(self._spike(dice, scene, echoes), [Fault.SPIKE])
        if luck <= 1.0 - self._stray_share:
            return Heard(echoes)
        # A second bounce, an insect, a rim that the mounting left in the beam.
        stray = dice.uniform(self._make.ear.blind_mm, 2.0 * scene.d_empty_mm)
        where = int(dice.uniform(0, len(echoes)))
        echoes[where] = self._rim_mm if dice.chance(0.5) else round(stray)
        return Heard(echoes, [Fault.SPIKE if len(echoes) == 1 else Fault.STRAY_ECHO])

    def _spike(self, dice: Dice, scene: Scene, echoes: list[int]) -> list[int]:
        far = dice.chance(_SPIKE_FAR_SHARE)
        target = scene.d_empty_mm * dice.uniform(0.97, 1.06) if far else dice.uniform(30.0, 170.0)
        wrong = [max(self._make.ear.blind_mm, round(target + 4.0 * dice.normal())) for _ in echoes]
        if len(echoes) > 2 and dice.chance(_SPIKE_PART_SHARE):
            return wrong[:2] + echoes[2:]
        return wrong


def scene_of(
    surface: Surface, mount: FleetDevice, place: Place, *, at_s: float, film: float
) -> Scene:
    """Turn what is true in a bin into what lies before the sensor that hangs in it."""
    span_mm = mount.d_empty_mm - mount.d_full_mm
    sun_c = place.sun_c * _sun(at_s) * (1.0 if surface.rain_mm_h == 0.0 else 0.2)
    near = surface.near_pct
    return Scene(
        surface_mm=mount.d_empty_mm - surface.fill_pct / 100.0 * span_mm,
        d_empty_mm=mount.d_empty_mm,
        radius_mm=inner_radius_mm(mount.volume_l, span_mm),
        rough_mm=surface.rough_pct / 100.0 * span_mm,
        soft=surface.soft,
        near_mm=None if near is None else mount.d_empty_mm - near / 100.0 * span_mm,
        lid_open=surface.lid_open,
        tilt_deg=surface.tilt_deg,
        # The probe sits below the hot lid; on the sound's way it is half as much warmer.
        air_c=surface.air_c + 0.5 * sun_c,
        probe_c=surface.air_c + sun_c,
        rain_mm_h=surface.rain_mm_h,
        film=film,
    )


def plain_surface(now_s: float, level_pct: float) -> Surface:
    """Return a flat surface at this level, in the air of an ordinary day in Bekasi."""
    air_c = 28.5 + 4.0 * math.cos((now_s + _WIB_S - _WARMEST_S) * _RADIANS_PER_S)
    return Surface(fill_pct=level_pct, air_c=air_c)


def _sun(at_s: float) -> float:
    """Return the height of the sun at the equator over a sky that differs by the day, 0 to 1."""
    height = math.cos((at_s + _WIB_S - _DAY_S / 2) * _RADIANS_PER_S)
    if height <= 0.0:
        return 0.0
    return height * _clearness(int((at_s + _WIB_S) // _DAY_S))


@lru_cache(maxsize=16)
def _clearness(day: int) -> float:
    return Dice.seeded("sky", day).uniform(0.4, 1.0)
