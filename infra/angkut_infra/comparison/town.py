"""The district of a comparison: a site pack whose containers suit their users, or not."""

from dataclasses import replace
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from angkut_backend.registry.site.pack import read_pack
from angkut_backend.registry.site.records import SitePack
from angkut_infra.places import CALENDAR, places_of
from angkut_sim.daybook import Daybook
from angkut_sim.days import Calendar
from angkut_sim.places import Place

#: A container holds the waste of two days at least: the Indonesian guideline for sizing them
#: (criteria for containers, SK SNI T-13-1990-F).
HOLD_DAYS = 2
#: What Groningen's mean container gains in a day, % of its volume: emptied at 48.9 % on average,
#: 250 of 850 clusters a day (Wouda et al. 2024, arXiv 2409.13386, today's rule).
GRONINGEN_PCT_DAY = 48.9 * 250 / 850


class Containers(StrEnum):
    """How the containers of a town suit the waste that comes."""

    #: Fill rates as drawn from Edinburgh's litter bins: 2 to 7 % of them are full within a day.
    DRAWN = "drawn"
    #: Where more comes than a container holds in two days, the rest goes elsewhere.
    TWO_DAYS = "two-days"
    #: The same, and the mean container fills as fast as Groningen's.
    GRONINGEN = "groningen"


class Town:
    """A site pack with the people that one seed gives it."""

    def __init__(self, folder: Path, containers: Containers, seed: int) -> None:
        self.pack: SitePack = read_pack(folder)
        self.calendar = Calendar.read(folder / CALENDAR)
        drawn = places_of(self.pack, folder)
        volume_l = np.array([place.volume_l for place in drawn])
        rate_l_h = Daybook(drawn, seed=seed, calendar=self.calendar).rate_l_h
        #: Mean fill rate, % of the volume an hour, [b].
        self.rate_pct_h = suited(100 * rate_l_h / volume_l, containers)
        self.places = tuple(
            replace(place, rate_l_h=float(rate * place.volume_l / 100))
            for place, rate in zip(drawn, self.rate_pct_h, strict=True)
        )

    @property
    def sites(self) -> dict[str, list[Place]]:
        """Return the bins of each site."""
        found: dict[str, list[Place]] = {}
        for place in self.places:
            found.setdefault(place.site, []).append(place)
        return found


def suited(rate_pct_h: NDArray[np.float64], containers: Containers) -> NDArray[np.float64]:
    """Return fill rates, % an hour, when containers are chosen in this way."""
    if containers is Containers.DRAWN:
        return rate_pct_h
    rate = np.minimum(rate_pct_h, 100 / (24 * HOLD_DAYS))
    if containers is Containers.GRONINGEN:
        rate = rate * min(1.0, GRONINGEN_PCT_DAY / 24 / float(rate.mean()))
    return rate
