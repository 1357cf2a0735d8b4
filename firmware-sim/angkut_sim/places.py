"""Where bins stand, and how people there throw things away.

What is measured is the fill rate between bins and its spread (Edinburgh, Enevo sensors on 335
litter bins, 2016, Open Government Licence). The shapes by kind of place are believable inventions:
no series of levels within a day was found for any city. docs/simulator.md lists what rests on what.
"""

from dataclasses import dataclass
from enum import StrEnum

#: Median of the mean fill rate of a bin, % of its volume an hour: Edinburgh 1.46. A little waste
#: leaves without a truck (pickers, settling), so a little more has to come.
RATE_MEDIAN_PCT_H = 1.56
#: Spread between bins of one kind, of the logarithm. All kinds and a season's luck together
#: make Edinburgh's 0.52.
RATE_SIGMA = 0.51


class PlaceKind(StrEnum):
    """What throws into a bin."""

    HOUSING = "housing"
    STREET = "street"
    MARKET = "market"
    #: Schools, offices, clinics.
    OFFICE = "office"
    #: A collection point that carts bring waste to.
    TPS = "tps"


@dataclass(frozen=True, slots=True)
class Place:
    """One bin and where it stands."""

    code: str
    volume_l: float
    kind: PlaceKind = PlaceKind.HOUSING
    #: Bins with the same site stand side by side; empty is a site of its own.
    site: str = ""
    #: Whether it has a lid (wheelie bins do; carts and arm-roll containers do not).
    lidded: bool = True
    #: Whether its street is known to go under water.
    floods: bool = False
    #: Mean litres an hour where they are known; else drawn, from the kind and the volume.
    rate_l_h: float | None = None


def _mean_one(*values: float) -> tuple[float, ...]:
    mean = sum(values) / len(values)
    return tuple(value / mean for value in values)


@dataclass(frozen=True, slots=True)
class Manners:
    """How one kind of place differs from the others. Factors are relative to an ordinary day."""

    #: Median fill rate over that of all bins.
    rate: float
    #: Mean size of what is thrown in at once, litres.
    bag_l: float
    #: By hour of the day from midnight WIB; the mean is one.
    hours: tuple[float, ...]
    #: Monday to Sunday; the mean is one.
    weekdays: tuple[float, ...]
    #: A public holiday instead of its weekday.
    holiday: float
    #: Days 4 to 1 before Idul Fitri; its two days; days 2 to 7 after its first.
    before_feast: float
    feast: float
    after_feast: float
    #: An hour of heavy rain.
    in_rain: float
    #: Visits of waste pickers a day.
    pickers_a_day: float
    #: Chance that an echo is swallowed.
    soft: float


#: Invented but for the totals around Idul Fitri: the landfill of Kabupaten Bekasi took in 1.3 times
#: the usual before it in 2025, Kota Bekasi 1.29 times until the seventh day after it in 2019,
#: markets first (press).
MANNERS = {
    PlaceKind.HOUSING: Manners(
        rate=0.97,
        bag_l=7.0,
        hours=_mean_one(
            0.60, 0.52, 0.44, 0.36, 0.38, 0.60, 0.90, 1.00, 1.05, 1.10, 1.15, 1.25,
            1.35, 1.35, 1.30, 1.35, 1.50, 1.60, 1.55, 1.45, 1.25, 1.05, 0.85, 0.65,
        ),
        weekdays=_mean_one(1.08, 0.92, 0.92, 0.92, 0.95, 1.08, 1.20),
        holiday=1.15, before_feast=1.25, feast=0.85, after_feast=1.15,
        in_rain=0.6, pickers_a_day=0.12, soft=0.03,
    ),
    PlaceKind.STREET: Manners(
        rate=0.95,
        bag_l=3.5,
        hours=_mean_one(
            0.70, 0.58, 0.46, 0.34, 0.32, 0.40, 0.65, 0.85, 0.95, 1.05, 1.20, 1.40,
            1.60, 1.60, 1.50, 1.50, 1.60, 1.65, 1.55, 1.45, 1.30, 1.15, 0.95, 0.75,
        ),
        weekdays=_mean_one(0.96, 0.95, 0.97, 0.99, 1.05, 1.12, 1.05),
        holiday=0.95, before_feast=1.25, feast=0.80, after_feast=1.10,
        in_rain=0.5, pickers_a_day=0.25, soft=0.02,
    ),
    PlaceKind.MARKET: Manners(
        rate=1.75,
        bag_l=15.0,
        hours=_mean_one(
            0.60, 0.60, 0.70, 0.80, 0.95, 1.10, 1.25, 1.30, 1.35, 1.40, 1.40, 1.45,
            1.45, 1.40, 1.35, 1.25, 1.10, 0.95, 0.85, 0.75, 0.65, 0.60, 0.60, 0.60,
        ),
        weekdays=_mean_one(0.93, 0.88, 0.92, 0.95, 1.00, 1.13, 1.22),
        holiday=1.10, before_feast=1.60, feast=0.35, after_feast=1.30,
        in_rain=0.7, pickers_a_day=0.40, soft=0.06,
    ),
    PlaceKind.OFFICE: Manners(
        rate=0.90,
        bag_l=6.0,
        hours=_mean_one(
            0.25, 0.22, 0.20, 0.20, 0.25, 0.40, 0.80, 1.10, 1.25, 1.45, 1.65, 1.85,
            2.10, 2.05, 1.95, 1.90, 1.65, 1.20, 0.85, 0.65, 0.50, 0.40, 0.35, 0.30,
        ),
        weekdays=_mean_one(1.22, 1.18, 1.16, 1.16, 1.12, 0.70, 0.46),
        holiday=0.35, before_feast=1.00, feast=0.15, after_feast=0.70,
        in_rain=0.9, pickers_a_day=0.08, soft=0.02,
    ),
    PlaceKind.TPS: Manners(
        rate=1.20,
        bag_l=180.0,
        hours=_mean_one(
            0.42, 0.36, 0.32, 0.30, 0.36, 0.60, 1.00, 1.25, 1.35, 1.40, 1.40, 1.45,
            1.40, 1.40, 1.45, 1.50, 1.50, 1.40, 1.20, 1.00, 0.80, 0.65, 0.50, 0.40,
        ),
        weekdays=_mean_one(1.20, 0.98, 0.97, 0.97, 0.98, 1.02, 0.88),
        holiday=0.80, before_feast=1.30, feast=0.50, after_feast=1.30,
        in_rain=0.5, pickers_a_day=0.60, soft=0.05,
    ),
}  # fmt: skip

#: One bag is seldom more than this share of its bin.
LARGEST_BAG_SHARE = 0.08
#: A market has two market days a week: that much more on them, the rest less.
MARKET_DAY_FACTOR = 1.35
