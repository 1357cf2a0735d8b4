"""What people do to bins besides throwing waste in."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from angkut_sim.places import MANNERS, Place
from angkut_sim.truth import TruthKind

Floats = NDArray[np.float64]

#: Bulky items a day and bin; median litres and sigma of the logarithm. Invented.
BULKY_A_DAY = 1 / 45
_BULKY_L, _BULKY_SIGMA = 90.0, 0.7
#: Pickers take this share of the waste (own knowledge of practitioners: 10 to 30 %).
_PICKED = (0.10, 0.30)
#: A person presses the waste down so often a day, to this share of its height. Invented.
PRESSED_A_DAY = 0.06
_PRESSED = (0.70, 0.92)
#: Bins on wheels are knocked over; this share falls out. Invented.
KNOCKED_A_DAY = 1 / 250
_SPILLED = (0.2, 0.6)
#: A lid stands open for some seconds at each bag, and now and then for hours. Invented.
LID_S = 10.0
LID_LEFT_A_DAY = 1 / 30
#: A bag leans towards the sensor until others bury it. Invented; with lids, leaning bags and the
#: sensor's own errors some percent of readings are spikes (practitioners: 0.5 to 2 %).
LEANED_PER_BAG = 0.0015
_LEANED_H = 2.0
_LEANED_PCT = (12.0, 60.0)


@dataclass(frozen=True, slots=True)
class Act:
    """Something a person does to one bin."""

    kind: TruthKind
    at_s: float
    until_s: float
    #: Litres of a bulky item; the share taken, spilled or left after pressing; % a bag stands up.
    amount: float


#: What people do in a day: the kind, the hours (WIB) in which they do it, how long it lasts (median
#: hours; 0 is a moment).
_DOINGS = (
    (TruthKind.BULKY, 6.0, 22.0, 0.0),
    (TruthKind.PICKED, 4.0, 20.0, 0.0),
    (TruthKind.PRESSED, 5.0, 21.0, 0.0),
    (TruthKind.LID_OPEN, 5.0, 22.0, 1.5),
    (TruthKind.KNOCKED_OVER, 0.0, 24.0, 5.0),
)


def acts_of(dice: Generator, a_day: Floats, start_s: int) -> list[Act]:
    """Draw what people do, given how often a day they do each of `_DOINGS`."""
    acts = []
    for (kind, first_h, last_h, median_h), count in zip(
        _DOINGS, dice.poisson(a_day).tolist(), strict=True
    ):
        for _ in range(count):
            at_s = start_s + 3600 * float(dice.uniform(first_h, last_h))
            until_s = at_s + (_lasting_s(dice, median_h) if median_h else 0.0)
            acts.append(Act(kind, at_s, until_s, _amount(dice, kind)))
    return acts


def _amount(dice: Generator, kind: TruthKind) -> float:
    match kind:
        case TruthKind.BULKY:
            return _BULKY_L * math.exp(_BULKY_SIGMA * float(dice.standard_normal()))
        case TruthKind.PICKED:
            return float(dice.uniform(*_PICKED))
        case TruthKind.PRESSED:
            return float(dice.uniform(*_PRESSED))
        case TruthKind.KNOCKED_OVER:
            return float(dice.uniform(*_SPILLED))
        case _:
            return 0.0


def doings_a_day(place: Place) -> Floats:
    lid = 1.0 if place.lidded else 0.0
    pickers = MANNERS[place.kind].pickers_a_day
    return np.array(
        [BULKY_A_DAY, pickers, PRESSED_A_DAY, lid * LID_LEFT_A_DAY, lid * KNOCKED_A_DAY]
    )


def leaning_bags(dice: Generator, bags_at_s: Floats) -> list[Act]:
    leaning = bags_at_s[dice.random(len(bags_at_s)) < LEANED_PER_BAG].tolist()
    return [
        Act(
            TruthKind.BAG_LEANED,
            at_s,
            at_s + _lasting_s(dice, _LEANED_H),
            float(dice.uniform(*_LEANED_PCT)),
        )
        for at_s in leaning
    ]


def _lasting_s(dice: Generator, median_h: float) -> float:
    return 3600.0 * median_h * math.exp(0.7 * float(dice.standard_normal()))
