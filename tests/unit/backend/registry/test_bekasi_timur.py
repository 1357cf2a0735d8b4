"""The pilot's pack: what the committed data must be."""

from collections import Counter
from datetime import date
from itertools import combinations
from pathlib import Path

import pytest

from angkut_backend.registry.site.geometry import area_of, distance_m
from angkut_backend.registry.site.pack import read_pack
from angkut_backend.registry.site.records import SitePack

FOLDER = Path(__file__).parents[4] / "infra/sites/bekasi-timur"


@pytest.fixture(scope="module")
def pack() -> SitePack:
    return read_pack(FOLDER)


def test_the_district_is_bekasi_timur_with_its_four_kelurahan(pack: SitePack) -> None:
    district = pack.district
    assert (district.city_slug, district.code, district.bps_code) == (
        "bekasi",
        "32.75.01",
        "3275040",
    )
    assert {area.code[-4:]: (area.name, area.bps_code, area.postcode) for area in pack.areas} == {
        "1001": ("Bekasijaya", "3275040006", "17112"),
        "1002": ("Margahayu", "3275040005", "17113"),
        "1003": ("Durenjaya", "3275040007", "17111"),
        "1004": ("Arenjaya", "3275040008", "17111"),
    }
    assert sum(area.population or 0 for area in pack.areas) == district.population == 262_000


def test_the_boundary_is_where_bekasi_timur_is(pack: SitePack) -> None:
    known = (106.99373, -6.26351, 107.04239, -6.22242)
    assert pack.district.boundary.bbox == pytest.approx(known, abs=1e-4)


def test_bin_codes_run_from_1_to_252_without_a_gap(pack: SitePack) -> None:
    assert [item.code for item in pack.bins] == [f"BKS-BT-{n:04d}" for n in range(1, 253)]


def test_site_codes_run_without_a_gap(pack: SitePack) -> None:
    assert [site.code for site in pack.sites] == [
        f"BKS-BT-L{n:03d}" for n in range(1, len(pack.sites) + 1)
    ]


def test_each_site_and_each_of_its_bins_lies_in_the_area_that_the_pack_says(pack: SitePack) -> None:
    areas = {area.code: area.boundary for area in pack.areas}
    sites = {site.code: site for site in pack.sites}
    for site in pack.sites:
        assert area_of((site.lon, site.lat), areas) == site.area, site.code
    for item in pack.bins:
        home = sites[item.site]
        assert areas[home.area].distance_m((item.lon, item.lat)) <= 50, item.code
        assert distance_m((item.lon, item.lat), (home.lon, home.lat)) <= 25, item.code


def test_no_two_sites_are_within_30_m(pack: SitePack) -> None:
    for a, b in combinations(pack.sites, 2):
        assert distance_m((a.lon, a.lat), (b.lon, b.lat)) > 30, (a.code, b.code)


def test_each_site_has_a_bin_and_each_area_many(pack: SitePack) -> None:
    assert {item.site for item in pack.bins} == {site.code for site in pack.sites}
    per_area = Counter(site.area for site in pack.sites)
    assert len(per_area) == 4
    assert min(per_area.values()) >= 25


def test_volumes_agree_with_the_kinds_of_container(pack: SitePack) -> None:
    volume_l = {
        "wheelie_120": 120,
        "wheelie_240": 240,
        "wheelie_660": 660,
        "cart": 1000,
        "arm_roll_6m3": 6000,
    }
    assert {item.container for item in pack.bins} == set(volume_l)
    assert all(item.volume_l == volume_l[item.container] for item in pack.bins)
    assert not [i for i in pack.bins if i.container == "arm_roll_6m3" and i.access == "alley"]


def test_what_nobody_surveyed_is_marked(pack: SitePack) -> None:
    for table in (pack.sites, pack.bins, pack.depots, pack.disposal_sites):
        assert all({"lon", "lat"} <= set(item.invented) for item in table)
    assert all("population" in area.invented for area in pack.areas)
    assert all("queue_min" in site.invented for site in pack.disposal_sites)
    assert all("kind" in vehicle.invented for vehicle in pack.vehicles)


def test_coordinates_have_six_decimals_at_most() -> None:
    for file in ("sites.csv", "bins.csv"):
        for line in (FOLDER / file).read_text().splitlines()[1:]:
            decimals = [cell.partition(".")[2] for cell in line.split(",") if "10" in cell[:3]]
            assert all(len(d) <= 6 for d in decimals if d.isdigit()), line


def test_the_landfill_lies_about_11_km_off_and_is_open_by_day(pack: SitePack) -> None:
    (landfill,) = pack.disposal_sites
    away_m = distance_m(pack.district.boundary.centre, (landfill.lon, landfill.lat))
    assert away_m == pytest.approx(11_800, abs=900)
    assert all(landfill.queue_min[hour] > 0 for hour in range(6, 18))


def test_the_fleet_is_the_share_of_the_city_that_the_district_has(pack: SitePack) -> None:
    kinds = Counter(vehicle.kind for vehicle in pack.vehicles)
    assert sum(kinds[kind] for kind in ("dump_truck", "arm_roll", "compactor")) == 25
    assert {v.access for v in pack.vehicles if v.kind == "motor_cart"} == {"alley"}


@pytest.mark.parametrize("year", [2025, 2026, 2027])
def test_each_year_has_its_holidays_one_ramadan_and_lebaran_right_after(
    pack: SitePack, year: int
) -> None:
    days = [day for day in pack.calendar if day.day.year == year]
    kinds = Counter(day.kind for day in days)
    assert kinds["public_holiday"] == 15
    assert kinds["idul_fitri"] == 2
    ramadan = [day.day for day in days if day.kind == "ramadan"]
    assert (ramadan[-1] - ramadan[0]).days + 1 == len(ramadan) == 30
    lebaran = min(day.day for day in days if day.kind == "idul_fitri")
    assert (lebaran - ramadan[-1]).days == 1
    assert any(day.kind == "city_event" and day.day == date(year, 3, 10) for day in days)


def test_the_licence_of_the_boundaries_travels_with_them() -> None:
    assert "Cahya DSN" in (FOLDER / "LICENSES.md").read_text()
    assert "OpenStreetMap" in (FOLDER / "LICENSES.md").read_text()
