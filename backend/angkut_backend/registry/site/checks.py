"""What must hold between the rows of a pack: unique codes, references, places that make sense."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from angkut_backend.registry.site.files import PackReader
from angkut_backend.registry.site.geometry import SLIVER_M, Position, distance_m
from angkut_backend.registry.site.records import (
    Area,
    Bin,
    CalendarDay,
    Depot,
    DisposalSite,
    District,
    Round,
    Site,
    Vehicle,
)
from angkut_backend.registry.site.validation import Checked

#: Nothing of a district lies farther from it; a farther point is a slip of the pen.
FARTHEST_KM = 100
#: A bin stands at its site; beyond this the bin or the site has a wrong digit.
FARTHEST_BIN_M = 250


@dataclass(frozen=True, slots=True)
class Tables:
    """The rows of a pack that are right in themselves."""

    areas: Checked[Area]
    sites: Checked[Site]
    bins: Checked[Bin]
    depots: Checked[Depot]
    vehicles: Checked[Vehicle]
    disposal_sites: Checked[DisposalSite]
    calendar: Checked[CalendarDay]
    rounds: Checked[Round]


def unique(reader: PackReader, tables: Tables) -> None:
    """Each code stands once in its file."""
    every: tuple[Checked[Any], ...] = (
        tables.areas,
        tables.sites,
        tables.bins,
        tables.depots,
        tables.vehicles,
        tables.disposal_sites,
        tables.calendar,
        tables.rounds,
    )
    for table in every:
        first: dict[str, str] = {}
        for where, record in table.rows:
            seen = first.setdefault(record.code, where)
            if seen != where:
                text = f"{record.code} stands on {seen} already; expected each once"
                reader.say(table.file, text, where=where, name="code")


def references(reader: PackReader, tables: Tables) -> None:
    """Each code that a row refers to exists."""
    links: tuple[tuple[Checked[Any], str, Checked[Any]], ...] = (
        (tables.sites, "area", tables.areas),
        (tables.bins, "site", tables.sites),
        (tables.vehicles, "depot", tables.depots),
        (tables.rounds, "site", tables.sites),
        (tables.rounds, "bin", tables.bins),
        (tables.rounds, "vehicle", tables.vehicles),
    )
    for table, name, target in links:
        if target.codes is None:
            continue
        for where, record in table.rows:
            code = getattr(record, name)
            if code is not None and code not in target.codes:
                text = f"{code} is not in {target.file}; expected a code from there"
                reader.say(table.file, text, where=where, name=name)


def codes(reader: PackReader, district: District, tables: Tables) -> None:
    """Codes show where a thing belongs."""
    if tables.areas.codes is not None and not tables.areas.codes:
        reader.say(tables.areas.file, "has no feature; expected at least one area")
    for where, area in tables.areas.rows:
        if not area.code.startswith(district.code + "."):
            text = f"{area.code} is not in the district; expected {district.code}.NNNN"
            reader.say(tables.areas.file, text, where=where, name="code")
    for where, item in tables.bins.rows:
        if not item.code.startswith(district.bin_prefix):
            text = f"is {item.code}; expected it to start with {district.bin_prefix}"
            reader.say(tables.bins.file, text, where=where, name="code")


def hours(reader: PackReader, tables: Tables) -> None:
    """A disposal site opens before it closes."""
    for where, item in tables.disposal_sites.rows:
        if item.opens_at >= item.closes_at:
            text = (
                f"closes at {item.closes_at:%H:%M} but opens at {item.opens_at:%H:%M}; "
                "expected a later hour (00:00 to 23:59 for always open)"
            )
            reader.say(tables.disposal_sites.file, text, where=where, name="closes_at")


def rounds(reader: PackReader, tables: Tables) -> None:
    """A round is of a site or of a bin."""
    for where, item in tables.rounds.rows:
        if (item.site is None) == (item.bin is None):
            there = "both are empty" if item.site is None else f"{item.site} and {item.bin} stand"
            text = f"{there}; expected a site, for all its bins, or one bin"
            reader.say(tables.rounds.file, text, where=where, name="site, bin")


def places(reader: PackReader, district: District, tables: Tables) -> None:
    """Every point is near the district, each site in its area, each bin at its site."""
    if not district.boundary.polygons:
        return
    centre = district.boundary.centre
    for file, where, name, point in _points(tables):
        text = _misplaced(point, centre)
        if text:
            reader.say(file, text, where=where, name=name)
    # What lies elsewhere altogether has been said; now the near misses.
    areas = {
        area.code: area.boundary
        for area in tables.areas.records
        if area.boundary.polygons and _near(area.boundary.centre, centre)
    }
    homes = {
        site.code: (site.lon, site.lat)
        for site in tables.sites.records
        if _near((site.lon, site.lat), centre)
    }
    for where, site in tables.sites.rows:
        if site.code not in homes or site.area not in areas:
            continue
        away_m = areas[site.area].distance_m((site.lon, site.lat))
        if away_m > SLIVER_M:
            text = (
                f"{site.lon}, {site.lat} is {away_m:.0f} m outside area {site.area}; "
                f"expected it inside, or {SLIVER_M:.0f} m from it at most"
            )
            reader.say(tables.sites.file, text, where=where, name="lon, lat")
            # Its bins are not at fault.
            del homes[site.code]
    for where, item in tables.bins.rows:
        point = (item.lon, item.lat)
        if item.site not in homes or not _near(point, centre):
            continue
        away_m = distance_m(point, homes[item.site])
        if away_m > FARTHEST_BIN_M:
            text = (
                f"{item.lon}, {item.lat} is {away_m:.0f} m from site {item.site}; "
                f"expected {FARTHEST_BIN_M} m at most"
            )
            reader.say(tables.bins.file, text, where=where, name="lon, lat")


def _points(tables: Tables) -> Iterator[tuple[str, str, str, Position]]:
    for where, area in tables.areas.rows:
        if area.boundary.polygons:
            yield tables.areas.file, where, "geometry", area.boundary.centre
    points: tuple[Checked[Any], ...] = (
        tables.sites,
        tables.bins,
        tables.depots,
        tables.disposal_sites,
    )
    for table in points:
        for where, record in table.rows:
            yield table.file, where, "lon, lat", (record.lon, record.lat)


def _misplaced(point: Position, centre: Position) -> str:
    """Say what is wrong with a point, or nothing."""
    lon, lat = point
    if _near(point, centre):
        return ""
    if _near((lat, lon), centre):
        return f"{lon}, {lat} look swapped; expected lon {lat}, lat {lon}"
    if abs(lon) > 180 or abs(lat) > 90:
        return f"{lon}, {lat} is not on the globe; expected lon -180 to 180, lat -90 to 90"
    km = distance_m(point, centre) / 1000
    return (
        f"{lon}, {lat} is {km:.0f} km from the district; "
        f"expected a point within {FARTHEST_KM} km of {centre[0]:.4f}, {centre[1]:.4f}"
    )


def _near(point: Position, centre: Position) -> bool:
    on_globe = abs(point[0]) <= 180 and abs(point[1]) <= 90
    return on_globe and distance_m(point, centre) <= FARTHEST_KM * 1000
