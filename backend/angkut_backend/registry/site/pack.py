"""Read a site pack: the folder of plain files that describes one district."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from angkut_backend.registry.site import checks, validation
from angkut_backend.registry.site.files import PackReader, RawRow
from angkut_backend.registry.site.geometry import Boundary
from angkut_backend.registry.site.problems import SitePackError
from angkut_backend.registry.site.records import (
    Area,
    Bin,
    CalendarDay,
    Depot,
    DisposalSite,
    District,
    Outline,
    Round,
    Site,
    SitePack,
    Vehicle,
)

_SITE, _DISTRICT, _AREAS = "site.toml", "district.geojson", "areas.geojson"
_ROUNDS = "rounds.csv"


def read_pack(folder: Path) -> SitePack:
    """Read and check a site pack.

    Raises
    ------
    SitePackError
        Names every fault by file, line or feature, and field, and says what is expected.

    """
    reader = PackReader(folder)
    if not folder.is_dir():
        reader.say(str(folder), "there is no such folder")
        raise SitePackError(folder, reader.problems)
    district = _district(reader)
    tables = checks.Tables(
        areas=validation.records(reader, _AREAS, Area, reader.features(_AREAS)),
        sites=validation.table(reader, "sites.csv", Site),
        bins=validation.table(reader, "bins.csv", Bin),
        depots=validation.table(reader, "depots.csv", Depot),
        vehicles=validation.table(reader, "vehicles.csv", Vehicle),
        disposal_sites=validation.table(reader, "disposal_sites.csv", DisposalSite),
        calendar=validation.table(reader, "calendar.csv", CalendarDay),
        rounds=_rounds(reader),
    )
    checks.unique(reader, tables)
    checks.references(reader, tables)
    checks.hours(reader, tables)
    checks.rounds(reader, tables)
    if district is not None:
        checks.codes(reader, district, tables)
        checks.places(reader, district, tables)
    if district is None or reader.problems:
        raise SitePackError(folder, reader.problems)
    return SitePack(
        district=district,
        areas=tables.areas.records,
        sites=tables.sites.records,
        bins=tables.bins.records,
        depots=tables.depots.records,
        vehicles=tables.vehicles.records,
        disposal_sites=tables.disposal_sites.records,
        calendar=tables.calendar.records,
        rounds=tables.rounds.records,
        sha256=_fingerprint(reader.contents),
    )


def _rounds(reader: PackReader) -> validation.Checked[Round]:
    """Read the city's fixed rounds, a file that a pack may leave out."""
    if (reader.folder / _ROUNDS).exists():
        return validation.table(reader, _ROUNDS, Round)
    return validation.Checked(_ROUNDS, (), frozenset())


def _district(reader: PackReader) -> District | None:
    """Join `site.toml` and the outline of the district."""
    tables = reader.toml(_SITE)
    features = reader.features(_DISTRICT)
    outlines = validation.records(reader, _DISTRICT, Outline, features)
    if features is not None and len(features) != 1:
        reader.say(_DISTRICT, f"has {len(features)} features; expected one")
    if tables is None:
        return None
    city, district = tables.get("city"), tables.get("district")
    if not isinstance(city, dict) or not isinstance(district, dict) or len(tables) != 2:
        reader.say(_SITE, "expected the tables [city] and [district] and nothing else")
        return None
    values = {f"city_{key}": value for key, value in city.items()} | district
    names = {key: f"city.{key.removeprefix('city_')}" for key in ("city_slug", "city_name")}
    names |= {f"city_{key}": f"city.{key}" for key in city}
    names |= {key: f"district.{key}" for key in district}
    outline = outlines.records[0] if outlines.records else None
    row = RawRow(
        where="",
        values={key: value for key, value in values.items() if value != ""}
        | {"boundary": outline.boundary if outline else Boundary(())},
        columns=frozenset(values),
    )
    found = validation.record(reader, _SITE, District, row, names)
    if found is None or outline is None:
        return found
    if outline.code != found.code:
        text = f"is {outline.code}; expected {found.code} as in {_SITE}"
        reader.say(_DISTRICT, text, where="features[0]", name="code")
    return replace(
        found,
        source=f"{found.source}; {outline.source}",
        invented=(*found.invented, *(name for name in outline.invented if name == "boundary")),
    )


def _fingerprint(contents: Mapping[str, bytes]) -> str:
    """SHA-256 over names, lengths and bytes of the files, in the order of their names."""
    digest = hashlib.sha256()
    for name, content in sorted(contents.items()):
        digest.update(f"{name} {len(content)}\n".encode() + content)
    return digest.hexdigest()
