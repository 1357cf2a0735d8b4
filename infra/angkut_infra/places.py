"""What the simulator needs to know of a site pack's bins."""

import csv
from collections.abc import Mapping
from pathlib import Path

from angkut_backend.registry.site.records import Bin, Site, SitePack
from angkut_sim.places import Place, PlaceKind

#: Where a site pack keeps the days on which waste differs.
CALENDAR = "calendar.csv"
#: Places known to go under water: `area` and part of a site's name, with a source each.
FLOOD_PLACES = "flood_places.csv"
#: Words in the names of streets where people live; other streets are thoroughfares.
_HOUSING = ("Gang ", "Jl. lingkungan", " RW ")
_KINDS = {
    "tps": PlaceKind.TPS,
    "tps3r": PlaceKind.TPS,
    "market": PlaceKind.MARKET,
    "public": PlaceKind.OFFICE,
}
#: A cart or an arm-roll container is open.
_LIDDED = "wheelie_"


def places_of(pack: SitePack, folder: Path) -> list[Place]:
    """Return the bins of a site pack as places where waste arrives."""
    sites = {site.code: site for site in pack.sites}
    flooded = _flood_places(folder / FLOOD_PLACES)
    return [_place(each, sites, flooded) for each in pack.bins]


def _place(each: Bin, sites: Mapping[str, Site], flooded: list[tuple[str, str]]) -> Place:
    site = sites[each.site]
    return Place(
        code=each.code,
        volume_l=float(each.volume_l),
        kind=_KINDS.get(site.kind) or _street_kind(site.name),
        site=site.code,
        lidded=each.container.startswith(_LIDDED),
        floods=any(area == site.area and place in site.name for area, place in flooded),
    )


def _street_kind(name: str) -> PlaceKind:
    return PlaceKind.HOUSING if any(word in name for word in _HOUSING) else PlaceKind.STREET


def _flood_places(path: Path) -> list[tuple[str, str]]:
    """Return (area, part of a name); a pack without the file has dry streets only."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return [(row["area"], row["place"]) for row in csv.DictReader(file)]
