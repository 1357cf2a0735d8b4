"""Reading a site pack: what is refused, and in which words."""

import shutil
from collections.abc import Callable
from datetime import time
from pathlib import Path

import pytest

from angkut_backend.registry.site.files import MAX_BYTES
from angkut_backend.registry.site.pack import read_pack
from angkut_backend.registry.site.problems import SHOWN, SitePackError

CONTOH = Path(__file__).parents[3] / "instances/sites/kota-contoh"


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """A copy of the small pack, to be spoilt."""
    return Path(shutil.copytree(CONTOH, tmp_path / "pack"))


def edit(pack: Path, file: str, old: str, new: str) -> None:
    text = (pack / file).read_text()
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
    (pack / file).write_text(text.replace(old, new))


def faults(pack: Path) -> list[str]:
    with pytest.raises(SitePackError) as caught:
        read_pack(pack)
    return [str(problem) for problem in caught.value.problems]


def test_another_city_needs_only_another_pack() -> None:
    pack = read_pack(CONTOH)
    assert (pack.district.city_slug, pack.district.timezone) == ("contoh", "Asia/Makassar")
    assert pack.district.operational_day_starts_at == time(3, 30)
    assert [area.code for area in pack.areas] == ["99.01.02.1001", "99.01.02.1002"]
    assert [item.volume_l for item in pack.bins] == [6000, 660, 1000]
    assert pack.bins[0].invented == ("lon", "lat")


def with_windows(pack: Path, windows: str) -> None:
    """Say when the second bin of the pack can be emptied."""
    header, *rows = (pack / "bins.csv").read_text().splitlines()
    cells = [windows if row.startswith("CTH-0002") else "" for row in rows]
    lines = [f"{row},{cell}" for row, cell in zip(rows, cells, strict=True)]
    (pack / "bins.csv").write_text("\n".join([f"{header},collection_windows", *lines]))


def test_windows_of_a_bin_are_kept_in_one_form(pack: Path) -> None:
    with_windows(pack, "5:00-7:00;13:00-")
    found = [item.collection_windows for item in read_pack(pack).bins]
    assert found == [None, "05:00-07:00;13:00-24:00", None]


@pytest.mark.parametrize("windows", ["10:00", "10:00-;5 13:00-", "10 pagi-", "07:00-07:00"])
def test_windows_that_are_not_clear_are_refused(pack: Path, windows: str) -> None:
    with_windows(pack, windows)
    (said,) = faults(pack)
    assert said == (
        f"bins.csv line 3, collection_windows: is {windows!r}; expected local times such as "
        "05:00-07:00;13:00-24:00, each window once, at most 3 a day; if one names days of the "
        "week, such as 1 2 3 4 5 00:00-07:00, all do; or empty: at any time"
    )


def test_windows_that_somebody_invented_are_marked(pack: Path) -> None:
    with_windows(pack, "10:00-")
    edit(pack, "bins.csv", "lon lat,10:00-", "lon lat collection_windows,10:00-")
    assert read_pack(pack).bins[1].invented == ("lon", "lat", "collection_windows")


# Each: file, what stands there, what is put in its place, the only fault expected.
ONE_FAULT = {
    "a number that is none": (
        "bins.csv",
        "660,road,90",
        "66O,road,90",
        "bins.csv line 3, volume_l: is '66O'; expected litres, a whole number from 1 to 100000",
    ),
    "an infinite coordinate": (
        "depots.csv",
        "120.002000",
        "inf",
        (
            "depots.csv line 2, lon: is 'inf'; expected degrees WGS84 with a decimal point, "
            "such as 107.013500"
        ),
    ),
    "a word that is not one of the known": (
        "bins.csv",
        "cart",
        "basket",
        (
            "bins.csv line 4, container: is 'basket'; expected one of wheelie_120, wheelie_240, "
            "wheelie_660, cart, arm_roll_6m3"
        ),
    ),
    "a bad code": (
        "vehicles.csv",
        "CTH-V2",
        "truck 2",
        (
            "vehicles.csv line 3, code: is 'truck 2'; expected capital letters, digits and "
            "hyphens, 2 to 32, such as BKS-BT-0001"
        ),
    ),
    "an empty source": (
        "sites.csv",
        "-4.995000,made up",
        "-4.995000,",
        (
            "sites.csv line 2, source: is empty; expected where the row's values come from, "
            "1000 characters at most"
        ),
    ),
    "a source of blanks": (
        "sites.csv",
        "-4.995000,made up",
        "-4.995000,  ",
        (
            "sites.csv line 2, source: is empty; expected where the row's values come from, "
            "1000 characters at most"
        ),
    ),
    "an invented name that is no column": (
        "depots.csv",
        "name lon lat\n",
        "name lon latt\n",
        "depots.csv line 2, invented: names latt; expected names of columns of this file",
    ),
    "an unknown column": (
        "depots.csv",
        "source,invented\nCTH-POOL,Pool Contoh,120.002000,-4.998000,",
        "source,invented,luas\nCTH-POOL,Pool Contoh,120.002000,-4.998000,,",
        "depots.csv line 1, luas: unknown column; expected code, invented, lat, lon, name, source",
    ),
    "a row with a cell too many": (
        "bins.csv",
        "120.004970,",
        "120,004970,",
        (
            "bins.csv line 3: has 11 cells, the header has 10; a text with a comma needs quotes, "
            "a number a decimal point"
        ),
    ),
    "an open quote": (
        "sites.csv",
        "TPS Lor",
        '"TPS Lor',
        "sites.csv line 3: is not CSV: ',' expected after '\"'",
    ),
    "a date that is none": (
        "calendar.csv",
        "2026-08-17",
        "17/08/2026",
        "calendar.csv line 2, day: is '17/08/2026'; expected a date as YYYY-MM-DD",
    ),
    "a time that is none": (
        "disposal_sites.csv",
        "06:00",
        "6 pagi",
        "disposal_sites.csv line 2, opens_at: is '6 pagi'; expected local time as HH:MM",
    ),
    "a time with a zone": (
        "disposal_sites.csv",
        "06:00",
        "06:00+07:00",
        "disposal_sites.csv line 2, opens_at: is '06:00+07:00'; expected local time as HH:MM",
    ),
    "hours in the wrong order": (
        "disposal_sites.csv",
        "18:00",
        "05:00",
        (
            "disposal_sites.csv line 2, closes_at: closes at 05:00 but opens at 06:00; "
            "expected a later hour (00:00 to 23:59 for always open)"
        ),
    ),
    "a queue of 23 hours": (
        "disposal_sites.csv",
        "0 0 0 0 0 0 10 10 20",
        "0 0 0 0 0 10 10 20",
        (
            "disposal_sites.csv line 2, queue_min: is '0 0 0 0 0 10 10 20 30 30 20 10 10 10 10 5 5 "
            "0 0 0 0 0 0'; expected 24 numbers separated by spaces: minutes of waiting by hour "
            "of arrival"
        ),
    ),
    "a negative queue": (
        "disposal_sites.csv",
        "5 5 0 0 0 0 0 0",
        "5 -5 0 0 0 0 0 0",
        (
            "disposal_sites.csv line 2, queue_min: is '0 0 0 0 0 0 10 10 20 30 30 20 10 10 10 10 5 "
            "-5 0 0 0 0 0 0'; expected 24 numbers separated by spaces: minutes of waiting by hour "
            "of arrival"
        ),
    ),
    "a code twice": (
        "bins.csv",
        "CTH-0003",
        "CTH-0001",
        "bins.csv line 4, code: CTH-0001 stands on line 2 already; expected each once",
    ),
    "a day twice": (
        "calendar.csv",
        "2026-09-09,city_event",
        "2026-08-17,public_holiday",
        (
            "calendar.csv line 3, code: 2026-08-17 public_holiday stands on line 2 already; "
            "expected each once"
        ),
    ),
    "a bin at no site": (
        "bins.csv",
        "CTH-L2",
        "CTH-L9",
        "bins.csv line 4, site: CTH-L9 is not in sites.csv; expected a code from there",
    ),
    "a site in no area": (
        "sites.csv",
        "99.01.02.1002",
        "99.01.02.1009",
        "sites.csv line 3, area: 99.01.02.1009 is not in areas.geojson; expected a code from there",
    ),
    "a vehicle of no depot": (
        "vehicles.csv",
        "CTH-V2,CTH-POOL",
        "CTH-V2,CTH-POOL2",
        "vehicles.csv line 3, depot: CTH-POOL2 is not in depots.csv; expected a code from there",
    ),
    "a bin with another prefix": (
        "bins.csv",
        "CTH-0003",
        "CTX-0003",
        "bins.csv line 4, code: is CTX-0003; expected it to start with CTH-",
    ),
    "a swapped pair of coordinates": (
        "depots.csv",
        "120.002000,-4.998000",
        "-4.998000,120.002000",
        (
            "depots.csv line 2, lon, lat: -4.998, 120.002 look swapped; "
            "expected lon 120.002, lat -4.998"
        ),
    ),
    "a point far away": (
        "depots.csv",
        "120.002000",
        "107.002000",
        (
            "depots.csv line 2, lon, lat: 107.002, -4.998 is 1441 km from the district; "
            "expected a point within 100 km of 120.0100, -4.9950"
        ),
    ),
    "a point off the globe": (
        "depots.csv",
        "120.002000",
        "1200.02000",
        (
            "depots.csv line 2, lon, lat: 1200.02, -4.998 is not on the globe; "
            "expected lon -180 to 180, lat -90 to 90"
        ),
    ),
    "a site outside its area": (
        "sites.csv",
        "120.005000",
        "119.999200",
        (
            "sites.csv line 2, lon, lat: 119.9992, -4.995 is 89 m outside area 99.01.02.1001; "
            "expected it inside, or 50 m from it at most"
        ),
    ),
    "a bin away from its site": (
        "bins.csv",
        "120.015010",
        "120.018010",
        (
            "bins.csv line 4, lon, lat: 120.01801, -4.99701 is 333 m from site CTH-L2; "
            "expected 250 m at most"
        ),
    ),
    "a ring that is open": (
        "district.geojson",
        "[120.0,-4.99],[120.0,-5.0]]",
        "[120.0,-4.99]]",
        (
            "district.geojson features[0], geometry: the ring that starts at [120.0, -5.0] is not "
            "closed; expected its last position to repeat its first"
        ),
    ),
    "a ring without area": (
        "district.geojson",
        "[120.02,-5.0],[120.02,-4.99],[120.0,-4.99],",
        "[120.02,-5.0],",
        (
            "district.geojson features[0], geometry: the ring that starts at [120.0, -5.0] has "
            "fewer than 3 corners"
        ),
    ),
    "a boundary with lat first": (
        "district.geojson",
        "[[120.0,-5.0],[120.02,-5.0],[120.02,-4.99],[120.0,-4.99],[120.0,-5.0]]",
        "[[-5.0,120.0],[-5.0,120.02],[-4.99,120.02],[-4.99,120.0],[-5.0,120.0]]",
        (
            "district.geojson features[0], geometry: [-5.0, 120.0] looks swapped; GeoJSON writes "
            "[lon, lat], so expected [120.0, -5.0]"
        ),
    ),
    "a position with a height": (
        "district.geojson",
        "[120.02,-4.99]",
        "[120.02,-4.99,12]",
        (
            "district.geojson features[0], geometry: expected a position [lon, lat] in degrees, "
            "found [120.02, -4.99, 12]"
        ),
    ),
    "a position that is not finite": (
        "district.geojson",
        "[120.02,-4.99]",
        "[NaN,-4.99]",
        (
            "district.geojson features[0], geometry: expected a position [lon, lat] in degrees, "
            "found [nan, -4.99]"
        ),
    ),
    "a point for a boundary": (
        "district.geojson",
        '"Polygon"',
        '"Point"',
        "district.geojson features[0], geometry: expected a Polygon or MultiPolygon",
    ),
    "an unknown property": (
        "areas.geojson",
        '"common_name":"Kidul"',
        '"common_name":"Kidul","luas":1',
        (
            "areas.geojson features[1], luas: unknown; expected one of code, bps_code, name, "
            "common_name, postcode, population, source, invented, boundary"
        ),
    ),
    "a property that is missing": (
        "areas.geojson",
        '"common_name":"Kidul",',
        "",
        (
            "areas.geojson features[1], common_name: is empty; expected one line of text, "
            "200 characters at most"
        ),
    ),
    "another district in the outline": (
        "district.geojson",
        "99.01.02",
        "99.01.03",
        "district.geojson features[0], code: is 99.01.03; expected 99.01.02 as in site.toml",
    ),
    "a bad slug": (
        "site.toml",
        'slug = "contoh"',
        'slug = "Kota Contoh"',
        (
            "site.toml, city.slug: is 'Kota Contoh'; expected lower-case letters, digits and "
            "hyphens, 32 at most: a topic level"
        ),
    ),
    "an unknown time zone": (
        "site.toml",
        "Asia/Makassar",
        "Asia/Bekasi",
        (
            "site.toml, district.timezone: is 'Asia/Bekasi'; expected an IANA time zone, "
            "such as Asia/Jakarta"
        ),
    ),
    "an unknown key": (
        "site.toml",
        'name = "Contoh Barat"',
        'name = "Contoh Barat"\nnama = "x"',
        (
            "site.toml, district.nama: unknown; expected one of city.slug, city.name, "
            "district.code, bps_code, district.name, population, district.timezone, "
            "district.operational_day_starts_at, district.bin_prefix, "
            "traffic_by_hour, district.source, district.invented, boundary"
        ),
    ),
    "traffic of too few hours": (
        "site.toml",
        "source =",
        'traffic_by_hour = "1 1.2"\nsource =',
        (
            "site.toml, district.traffic_by_hour: is '1 1.2'; expected 24 numbers from 0.2 to 5 "
            "separated by spaces: how many times as long a way takes, by hour of departure"
        ),
    ),
    "an unknown table": (
        "site.toml",
        "[city]",
        "[kota]\n[city]",
        "site.toml: expected the tables [city] and [district] and nothing else",
    ),
    "TOML that is none": (
        "site.toml",
        'slug = "contoh"',
        "slug = contoh",
        "site.toml: is not TOML: Invalid value (at line 4, column 8)",
    ),
    "JSON that is none": (
        "district.geojson",
        "\n]}",
        "\n]",
        "district.geojson line 4: is not JSON: Expecting ',' delimiter",
    ),
    "JSON that is no collection": (
        "district.geojson",
        "FeatureCollection",
        "Collection",
        "district.geojson: is not a GeoJSON FeatureCollection with a list of features",
    ),
}


@pytest.mark.parametrize(("file", "old", "new", "fault"), ONE_FAULT.values(), ids=[*ONE_FAULT])
def test_one_slip_is_named_by_file_line_and_field(
    pack: Path, file: str, old: str, new: str, fault: str
) -> None:
    edit(pack, file, old, new)
    assert faults(pack) == [fault]


def test_an_area_of_another_district_is_refused(pack: Path) -> None:
    for file in ("areas.geojson", "sites.csv"):
        edit(pack, file, "99.01.02.1002", "99.01.03.1002")
    assert faults(pack) == [
        (
            "areas.geojson features[1], code: 99.01.03.1002 is not in the district; "
            "expected 99.01.02.NNNN"
        )
    ]


def test_a_broken_row_is_one_fault_and_not_one_for_each_row_that_refers_to_it(pack: Path) -> None:
    edit(pack, "sites.csv", ",tps,", ",tpa,")
    assert faults(pack) == [
        "sites.csv line 2, kind: is 'tpa'; expected one of tps, tps3r, street, market, public"
    ]


def test_all_faults_are_found_at_once_and_the_first_twenty_shown(pack: Path) -> None:
    rows = [f"CTH-{i:04d},CTH-L1,cart,0,alley,1,120.005,-4.995,," for i in range(4, 34)]
    with (pack / "bins.csv").open("a") as stream:
        stream.write("\n".join(rows) + "\n")
    with pytest.raises(SitePackError) as caught:
        read_pack(pack)
    assert len(caught.value.problems) == 60
    lines = str(caught.value).splitlines()
    assert lines[0] == f"{pack}: 60 faults in the site pack"
    assert len(lines) == SHOWN + 2
    assert lines[-1] == "  ... and 40 more; mend these first"


@pytest.mark.parametrize("file", sorted(path.name for path in CONTOH.iterdir()))
def test_a_missing_file_is_named(pack: Path, file: str) -> None:
    (pack / file).unlink()
    assert faults(pack) == [f"{file}: is missing; every pack has this file"]


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    assert faults(tmp_path / "none") == [f"{tmp_path / 'none'}: there is no such folder"]


@pytest.mark.parametrize("column", ["volume_l", "invented"])
def test_a_missing_column_is_named_once(pack: Path, column: str) -> None:
    lines = [line.split(",") for line in (pack / "bins.csv").read_text().splitlines()]
    place = lines[0].index(column)
    text = "\n".join(",".join(c for i, c in enumerate(line) if i != place) for line in lines)
    (pack / "bins.csv").write_text(text)
    assert faults(pack) == [f"bins.csv line 1, {column}: column is missing"]


def test_a_column_that_stands_twice_is_refused(pack: Path) -> None:
    edit(pack, "bins.csv", "code,site,", "code,site,code,")
    assert faults(pack) == ["bins.csv line 1, code: column stands twice"]


@pytest.mark.parametrize(("mark", "word"), [(";", "semicolons"), ("\t", "tabs")])
def test_another_separator_is_refused_with_a_way_out(pack: Path, mark: str, word: str) -> None:
    text = (pack / "bins.csv").read_text()
    (pack / "bins.csv").write_text(text.replace(",", mark))
    assert faults(pack) == [
        (
            f"bins.csv line 1: columns are separated by {word}; expected commas. In Excel save as "
            "`CSV UTF-8 (comma delimited)` with a decimal point set, or use LibreOffice"
        )
    ]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda content: b"\xef\xbb\xbf" + content, id="byte-order mark"),
        pytest.param(lambda content: content.replace(b"\n", b"\r\n"), id="CRLF"),
        pytest.param(lambda content: content.rstrip(b"\n"), id="no last line end"),
        pytest.param(lambda content: content + b"\n\n", id="blank lines at the end"),
    ],
)
def test_what_spreadsheets_and_editors_add_is_accepted(
    pack: Path, change: Callable[[bytes], bytes]
) -> None:
    for path in pack.iterdir():
        path.write_bytes(change(path.read_bytes()))
    assert read_pack(pack).bins == read_pack(CONTOH).bins


def test_lines_are_counted_as_an_editor_does_after_blank_lines_and_long_cells(pack: Path) -> None:
    edit(pack, "sites.csv", '"Jl. Kidul, titik 1"', '\n"Jl. Kidul"'.strip())
    edit(pack, "sites.csv", "\nCTH-L2", "\n\nCTH-L2")
    edit(pack, "sites.csv", ",street,", ",way,")
    assert faults(pack)[0].startswith("sites.csv line 4, kind: is 'way'")


def test_a_line_end_inside_a_cell_is_refused(pack: Path) -> None:
    edit(pack, "sites.csv", "Jl. Kidul, titik 1", "Jl. Kidul\ntitik 1")
    assert faults(pack) == [
        (
            r"sites.csv line 3, name: is 'Jl. Kidul\ntitik 1'; "
            "expected one line of text, 200 characters at most"
        )
    ]


def test_a_file_that_is_not_utf8_names_the_line(pack: Path) -> None:
    content = (pack / "sites.csv").read_bytes()
    (pack / "sites.csv").write_bytes(content.replace(b"Kidul", b"K\xefdul"))
    assert "sites.csv line 3: is not UTF-8; save it as `CSV UTF-8` or UTF-8" in faults(pack)


def test_a_file_that_is_too_large_is_not_read(pack: Path) -> None:
    with (pack / "bins.csv").open("ab") as stream:
        stream.truncate(MAX_BYTES + 1)
    assert faults(pack) == [f"bins.csv: is larger than {MAX_BYTES} bytes, the most that is read"]


def test_json_nested_without_end_is_refused(pack: Path) -> None:
    (pack / "district.geojson").write_text("[" * 200_000)
    assert any(fault.startswith("district.geojson: is not JSON") for fault in faults(pack))


def test_a_district_has_one_outline(pack: Path) -> None:
    (pack / "district.geojson").write_text('{"type":"FeatureCollection","features":[]}')
    assert faults(pack) == ["district.geojson: has 0 features; expected one"]


def test_a_pack_without_areas_is_refused(pack: Path) -> None:
    (pack / "areas.geojson").write_text('{"type":"FeatureCollection","features":[]}')
    assert "areas.geojson: has no feature; expected at least one area" in faults(pack)


def test_the_fingerprint_follows_the_content(pack: Path) -> None:
    before = read_pack(pack).sha256
    assert before == read_pack(CONTOH).sha256
    edit(pack, "bins.csv", ",660,", ",650,")
    assert read_pack(pack).sha256 != before


ROUNDS = "site,bin,weekdays,vehicle,valid_from,source,invented\n"


def put_rounds(pack: Path, *rows: str) -> None:
    (pack / "rounds.csv").write_text(ROUNDS + "".join(f"{row}\n" for row in rows))


def test_a_pack_may_leave_the_rounds_out(pack: Path) -> None:
    assert read_pack(pack).rounds == ()


def test_rounds_are_of_a_site_or_of_one_bin(pack: Path) -> None:
    put_rounds(
        pack,
        "CTH-L1,,5 1 3,CTH-V1,2026-01-01,decree,",
        ",CTH-0002,none,,2026-02-01,decree,weekdays",
    )
    first, second = read_pack(pack).rounds
    assert (first.site, first.weekdays, first.vehicle) == ("CTH-L1", (1, 3, 5), "CTH-V1")
    assert first.code == "CTH-L1 2026-01-01 CTH-V1"
    assert (second.bin, second.weekdays, second.vehicle) == ("CTH-0002", (), None)
    assert second.invented == ("weekdays",)


WEEKDAYS = "expected days of the week from 1 (Monday) to 7, each once, separated by spaces, or none"
BAD_ROUNDS = {
    "a day that is none": ("CTH-L1,,1 8,,2026-01-01,x,", f"weekdays: is '1 8'; {WEEKDAYS}"),
    "a name of a day": ("CTH-L1,,Senin,,2026-01-01,x,", f"weekdays: is 'Senin'; {WEEKDAYS}"),
    "a day twice": ("CTH-L1,,1 1,,2026-01-01,x,", f"weekdays: is '1 1'; {WEEKDAYS}"),
    "no days": ("CTH-L1,,,,2026-01-01,x,", f"weekdays: is empty; {WEEKDAYS}"),
    "no place": (
        ",,1,,2026-01-01,x,",
        "site, bin: both are empty; expected a site, for all its bins, or one bin",
    ),
    "two places": (
        "CTH-L1,CTH-0002,1,,2026-01-01,x,",
        "site, bin: CTH-L1 and CTH-0002 stand; expected a site, for all its bins, or one bin",
    ),
    "a site that is not there": (
        "CTH-L9,,1,,2026-01-01,x,",
        "site: CTH-L9 is not in sites.csv; expected a code from there",
    ),
    "a bin that is not there": (
        ",CTH-0009,1,,2026-01-01,x,",
        "bin: CTH-0009 is not in bins.csv; expected a code from there",
    ),
    "a vehicle that is not there": (
        "CTH-L1,,1,CTH-V9,2026-01-01,x,",
        "vehicle: CTH-V9 is not in vehicles.csv; expected a code from there",
    ),
    "a date the wrong way round": (
        "CTH-L1,,1,,01/02/2026,x,",
        "valid_from: is '01/02/2026'; expected a date as YYYY-MM-DD",
    ),
    "no source": (
        "CTH-L1,,1,,2026-01-01,,",
        "source: is empty; expected where the row's values come from, 1000 characters at most",
    ),
}


@pytest.mark.parametrize(("row", "fault"), BAD_ROUNDS.values(), ids=BAD_ROUNDS)
def test_a_round_is_refused_by_line_and_reason(pack: Path, row: str, fault: str) -> None:
    put_rounds(pack, "CTH-L2,,2,,2026-01-01,decree,", row)
    assert faults(pack) == [f"rounds.csv line 3, {fault}"]


def test_a_round_stands_once(pack: Path) -> None:
    put_rounds(pack, *["CTH-L1,,1,,2026-01-01,decree,"] * 2)
    [fault] = faults(pack)
    assert fault.startswith("rounds.csv line 3, code: CTH-L1 2026-01-01 stands on line 2 already")
