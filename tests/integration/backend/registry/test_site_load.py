"""Loading a site pack: all or nothing, only what differs, with a trace."""

import shutil
import threading
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest

from angkut_backend.db import BINS_CHANNEL, Connection, connect
from angkut_backend.errors import ConflictError
from angkut_backend.registry.rounds import RoundRow, list_rounds
from angkut_backend.registry.site.load import LoadReport, TableReport, load
from angkut_backend.registry.site.pack import read_pack
from angkut_backend.registry.site.records import Round, SitePack
from angkut_backend.registry.windows import as_kept
from parts.waiting import wait_until

ROOT = Path(__file__).parents[4]
BEKASI = ROOT / "infra/sites/bekasi-timur"
CONTOH = ROOT / "tests/instances/sites/kota-contoh"
TABLES = (
    "district", "area", "depot", "disposal_site", "vehicle", "site", "bin", "calendar_day",
    "collection_round",
)  # fmt: skip
ACTOR = "cli:test"


@pytest.fixture
def pack() -> SitePack:
    return read_pack(CONTOH)


def counts(report: LoadReport) -> dict[str, tuple[int, int, int]]:
    return {name: (t.added, t.changed, t.unchanged) for name, t in report.tables.items()}


def rows(conn: Connection, table: str) -> list[dict[str, Any]]:
    """Return all rows with the version of each, which every write changes."""
    sql = f"SELECT xmin::text, ctid::text, * FROM {table} ORDER BY 1, 2"  # noqa: S608 - our names
    return conn.execute(sql).fetchall()


def everything(conn: Connection) -> dict[str, list[dict[str, Any]]]:
    return {name: rows(conn, name) for name in (*TABLES, "site_pack_load", "audit_log")}


def with_first_bin(pack: SitePack, **changes: object) -> SitePack:
    first = replace(pack.bins[0], **changes)  # type: ignore[arg-type]  # any field
    return replace(pack, bins=(first, *pack.bins[1:]), sha256="other")


def test_the_pilot_is_loaded_whole(conn: Connection) -> None:
    report = load(conn, read_pack(BEKASI), actor=ACTOR)
    assert report.wrote
    assert counts(report)["bin"] == (252, 0, 0)
    assert all(table.changed == table.unchanged == 0 for table in report.tables.values())
    found = conn.execute(
        "SELECT a.common_name, s.name, d.city_slug, b.lon, b.lat, b.invented "
        "FROM bin b JOIN site s USING (site_id) JOIN area a USING (area_id) "
        "JOIN district d USING (district_id) WHERE b.code = 'BKS-BT-0001'"
    ).fetchone()
    assert found is not None
    assert (found["common_name"], found["city_slug"]) == ("Bekasi Jaya", "bekasi")
    assert "lon" in found["invented"]


def test_values_arrive_as_they_stand_in_the_pack(conn: Connection, pack: SitePack) -> None:
    load(conn, pack, actor=ACTOR)
    site = conn.execute("SELECT * FROM disposal_site").fetchone()
    area = conn.execute("SELECT * FROM area WHERE code = '99.01.02.1002'").fetchone()
    assert site is not None
    assert area is not None
    assert site["opens_at"] == pack.disposal_sites[0].opens_at
    assert tuple(site["queue_min"]) == pack.disposal_sites[0].queue_min
    assert area["boundary"]["type"] == "MultiPolygon"
    assert area["population"] == 1200
    found = conn.execute("SELECT day, kind FROM calendar_day ORDER BY day").fetchall()
    assert [(row["day"], row["kind"]) for row in found] == [(d.day, d.kind) for d in pack.calendar]


def test_loading_twice_writes_nothing(conn: Connection) -> None:
    pack = read_pack(BEKASI)
    load(conn, pack, actor=ACTOR)
    before = everything(conn)
    report = load(conn, pack, actor=ACTOR)
    assert not report.wrote
    assert report.advice == ""
    assert counts(report)["bin"] == (0, 0, 252)
    assert everything(conn) == before


def test_loading_again_and_again_takes_no_numbers_from_the_keys(
    conn: Connection, pack: SitePack
) -> None:
    for _ in range(3):
        load(conn, pack, actor=ACTOR)
    more = replace(pack.bins[0], code="CTH-0004")
    load(conn, replace(pack, bins=(*pack.bins, more)), actor=ACTOR)
    found = conn.execute("SELECT bin_id FROM bin ORDER BY code").fetchall()
    assert [row["bin_id"] for row in found] == [1, 2, 3, 4]


def test_a_changed_value_updates_its_row_and_no_other(conn: Connection, pack: SitePack) -> None:
    load(conn, pack, actor=ACTOR)
    before = {row["code"]: row["xmin"] for row in rows(conn, "bin")}
    report = load(conn, with_first_bin(pack, volume_l=8000), actor=ACTOR)
    after = {row["code"]: row["xmin"] for row in rows(conn, "bin")}
    assert counts(report)["bin"] == (0, 1, 2)
    assert {code for code, version in after.items() if version != before[code]} == {"CTH-0001"}


def test_windows_of_a_bin_come_and_go_with_the_column_of_the_pack(
    conn: Connection, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(CONTOH, tmp_path / "pack"))
    without = (folder / "bins.csv").read_text()

    def loaded(windows: str | None) -> tuple[str | None, int]:
        header, *rows = without.splitlines()
        cells = [windows if row.startswith("CTH-0002") else "" for row in rows]
        lines = [f"{row},{cell}" for row, cell in zip(rows, cells, strict=True)]
        with_column = "\n".join([f"{header},collection_windows", *lines])
        (folder / "bins.csv").write_text(without if windows is None else with_column)
        report = load(conn, read_pack(folder), actor=ACTOR)
        row = conn.execute("SELECT collection_windows FROM bin WHERE code = 'CTH-0002'").fetchone()
        assert row
        return row["collection_windows"], report.tables["bin"].changed

    assert loaded(None) == (None, 0)
    assert loaded("-7:00") == ("00:00-07:00", 1)
    # Another way to write the same.
    assert loaded("00:00-07:00") == ("00:00-07:00", 0)
    days = "1 2 3 4 5 05:00-07:00;1 2 3 4 5 13:00-24:00;6 7 00:00-24:00"
    assert loaded(days) == (days, 1)
    assert loaded(None) == (None, 1)
    traces = conn.execute("SELECT before, after FROM audit_log ORDER BY audit_id DESC").fetchone()
    assert traces
    assert traces["before"] == {"bin": {"CTH-0002": {"collection_windows": days}}}


def test_the_longest_windows_that_can_be_stated_can_be_kept(
    conn: Connection, pack: SitePack
) -> None:
    spans = ("00:00-01:00", "08:00-09:00", "16:00-17:00")
    longest = as_kept(";".join(f"{day} {span}" for day in range(1, 8) for span in spans))
    load(conn, with_first_bin(pack, collection_windows=longest), actor=ACTOR)
    row = conn.execute("SELECT collection_windows FROM bin WHERE code = 'CTH-0001'").fetchone()
    assert row == {"collection_windows": longest}


@pytest.mark.parametrize(
    "windows",
    ["", "10:00", "10:00-", "7:00-08:00", "24:00-05:00", "05:00-07:00;", "8 05:00-07:00",
     "05:00-07:00 13:00-14:00", "05:00-07:00\n", "05:00-07:00;" * 30 + "05:00-07:00"],
)  # fmt: skip
def test_the_database_refuses_windows_that_nobody_could_read(
    conn: Connection, pack: SitePack, windows: str
) -> None:
    load(conn, pack, actor=ACTOR)
    conn.commit()
    with pytest.raises(psycopg.errors.CheckViolation):
        conn.execute("UPDATE bin SET collection_windows = %s", [windows])
    conn.rollback()


@pytest.mark.parametrize(
    ("table", "field", "changes"),
    [
        ("district", "district", {"population": 5}),
        ("area", "areas", {"postcode": "12345"}),
        ("depot", "depots", {"name": "Pool lain"}),
        ("disposal_site", "disposal_sites", {"queue_min": (1.5,) * 24}),
        ("vehicle", "vehicles", {"payload_kg": 2900}),
        ("site", "sites", {"area": "99.01.02.1002"}),
        ("bin", "bins", {"site": "CTH-L2"}),
        ("bin", "bins", {"collection_windows": "10:00-24:00"}),
        ("calendar_day", "calendar", {"invented": ("day",)}),
    ],
)
def test_a_change_in_each_table_is_seen(
    conn: Connection, pack: SitePack, table: str, field: str, changes: dict[str, Any]
) -> None:
    load(conn, pack, actor=ACTOR)
    found = getattr(pack, field)
    changed = (
        replace(found, **changes)
        if table == "district"
        else (replace(found[0], **changes), *found[1:])
    )
    report = load(conn, replace(pack, **{field: changed}), actor=ACTOR)  # type: ignore[arg-type]  # any field
    assert {name for name, t in report.tables.items() if t.changed} == {table}
    assert all(t.added == 0 for t in report.tables.values())


def test_the_audit_log_has_one_row_a_load_with_before_and_after(
    conn: Connection, pack: SitePack
) -> None:
    load(conn, pack, actor=ACTOR)
    load(conn, with_first_bin(pack, volume_l=8000), actor="account:ana")
    first, second = conn.execute("SELECT * FROM audit_log ORDER BY audit_id").fetchall()
    assert (first["actor"], first["action"], first["subject"]) == (ACTOR, "site.load", "99.01.02")
    assert first["before"] is None
    assert first["after"]["counts"]["bin"] == {"added": 3, "changed": 0}
    assert second["actor"] == "account:ana"
    assert second["before"] == {"bin": {"CTH-0001": {"volume_l": 6000}}}
    assert second["after"]["rows"] == {"bin": {"CTH-0001": {"volume_l": 8000}}}
    assert second["after"]["counts"] == {"bin": {"added": 0, "changed": 1}}


def test_the_audit_row_stays_small_however_much_changes(conn: Connection) -> None:
    pack = read_pack(BEKASI)
    load(conn, pack, actor=ACTOR)
    bins = tuple(replace(item, service_s=item.service_s + 1) for item in pack.bins)
    load(conn, replace(pack, bins=bins), actor=ACTOR)
    row = conn.execute("SELECT * FROM audit_log ORDER BY audit_id DESC").fetchone()
    assert row is not None
    assert len(row["before"]["bin"]) == len(row["after"]["rows"]["bin"]) == 200
    assert row["after"]["rows_left_out"] == 52


def test_the_pack_in_force_is_recorded(conn: Connection, pack: SitePack) -> None:
    load(conn, pack, actor=ACTOR)
    load(conn, with_first_bin(pack, volume_l=8000), actor=ACTOR)
    found = conn.execute("SELECT * FROM site_pack_load ORDER BY site_pack_load_id").fetchall()
    assert [row["sha256"] for row in found] == [pack.sha256, "other"]
    assert found[1]["changes"] == {"bin": {"added": 0, "changed": 1}}


def test_what_left_the_pack_stays_in_the_database_and_is_named(
    conn: Connection, pack: SitePack
) -> None:
    load(conn, pack, actor=ACTOR)
    report = load(conn, replace(pack, bins=pack.bins[1:], calendar=pack.calendar[1:]), actor=ACTOR)
    assert report.tables["bin"] == TableReport(0, 0, 2, ("CTH-0001",))
    assert report.tables["calendar_day"].only_in_database == ("2026-08-17 public_holiday",)
    assert report.advice.startswith(
        "only in the database: bin CTH-0001, calendar_day 2026-08-17 public_holiday. "
        "A load deletes nothing"
    )
    assert not report.wrote
    assert len(rows(conn, "bin")) == 3


def test_two_cities_live_side_by_side(conn: Connection, pack: SitePack) -> None:
    load(conn, read_pack(BEKASI), actor=ACTOR)
    report = load(conn, pack, actor=ACTOR)
    assert report.advice == ""
    assert not load(conn, read_pack(BEKASI), actor=ACTOR).wrote
    assert len(rows(conn, "district")) == 2


def test_a_pack_cannot_take_over_the_codes_of_another_district(
    conn: Connection, pack: SitePack
) -> None:
    load(conn, pack, actor=ACTOR)
    before = everything(conn)
    thief = replace(
        pack,
        district=replace(pack.district, code="99.01.03"),
        areas=tuple(replace(a, code=a.code.replace("02.1", "03.1")) for a in pack.areas),
        sites=tuple(replace(s, area=s.area.replace("02.1", "03.1")) for s in pack.sites),
    )
    with pytest.raises(ConflictError, match=r"bin CTH-0001, .* to 99\.01\.02; give them codes"):
        load(conn, thief, actor=ACTOR)
    assert everything(conn) == before


def test_a_load_that_fails_half_way_leaves_nothing(conn: Connection, pack: SitePack) -> None:
    vehicles = (*pack.vehicles, replace(pack.vehicles[0], code="CTH-V3", depot="CTH-NONE"))
    with pytest.raises(ConflictError, match="depot_id"):
        load(conn, replace(pack, vehicles=vehicles), actor=ACTOR)
    assert not any(everything(conn).values())


def test_two_loads_at_once_take_turns(database: str, pack: SitePack) -> None:
    reports: list[LoadReport] = []

    def second() -> None:
        with connect(database, application="second") as conn:
            reports.append(load(conn, pack, actor=ACTOR))

    thread = threading.Thread(target=second)
    with connect(database) as conn, connect(database) as watch:
        watch.autocommit = True
        with conn.transaction():
            first = load(conn, pack, actor=ACTOR)
            thread.start()
            wait_until(
                lambda: (
                    watch.execute(
                        "SELECT FROM pg_stat_activity "
                        "WHERE application_name = 'second' AND wait_event = 'advisory'"
                    ).fetchone()
                    is not None
                ),
                what="the second load to wait for the first",
            )
    thread.join()
    assert first.wrote
    assert not reports[0].wrote
    with connect(database) as conn:
        assert len(rows(conn, "bin")) == 3
        assert len(rows(conn, "audit_log")) == 1


def test_live_maps_hear_of_every_bin_that_looks_different(
    conn: Connection, database: str, pack: SitePack
) -> None:
    load(conn, pack, actor=ACTOR)
    conn.commit()
    renamed = replace(pack.sites[0], name="TPS Lor Baru")
    with connect(database) as listener:
        listener.autocommit = True
        listener.execute(f"LISTEN {BINS_CHANNEL}")
        load(conn, replace(pack, sites=(renamed, *pack.sites[1:])), actor=ACTOR)
        conn.commit()
        notices = [notice.payload for notice in listener.notifies(timeout=60, stop_after=1)]
    assert notices == ["1,2"]


def test_a_folder_that_was_edited_is_loaded_as_edited(conn: Connection, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(CONTOH, tmp_path / "pack"))
    load(conn, read_pack(folder), actor=ACTOR)
    text = (folder / "bins.csv").read_text()
    (folder / "bins.csv").write_text(text.replace(",660,", ",770,"))
    assert counts(load(conn, read_pack(folder), actor=ACTOR))["bin"] == (0, 1, 2)


def round_row(place: str, **changes: object) -> RoundRow:
    row = RoundRow(place, True, (), None, date(2026, 1, 1), False)
    return replace(row, **changes)  # type: ignore[arg-type]  # any field


def test_rounds_are_loaded_changed_and_listed(conn: Connection, pack: SitePack) -> None:
    site = Round(
        site="CTH-L1",
        weekdays=(1, 4),
        valid_from=date(2026, 1, 1),
        source="decree",
        vehicle="CTH-V1",
    )
    own = Round(bin="CTH-0002", weekdays=(), valid_from=date(2026, 2, 1), source="decree")
    report = load(conn, replace(pack, rounds=(site, own), sha256="with"), actor=ACTOR)
    assert counts(report)["round"] == (2, 0, 0)
    assert list_rounds(conn) == [
        round_row("CTH-0002", is_site=False, valid_from=date(2026, 2, 1)),
        round_row("CTH-L1", weekdays=(1, 4), vehicle="CTH-V1"),
    ]
    before = rows(conn, "collection_round")
    assert not load(conn, replace(pack, rounds=(site, own), sha256="again"), actor=ACTOR).wrote
    assert rows(conn, "collection_round") == before

    changed = replace(site, weekdays=(2,), invented=("weekdays",))
    report = load(conn, replace(pack, rounds=(changed,), sha256="other"), actor=ACTOR)
    assert counts(report)["round"] == (0, 1, 0)
    assert report.tables["round"].only_in_database == ("CTH-0002 2026-02-01",)
    assert "weekdays" in report.advice
    [_, found] = list_rounds(conn)
    assert (found.weekdays, found.is_invented) == ((2,), True)


def test_a_corrected_round_takes_the_place_of_what_it_corrects(
    conn: Connection, pack: SitePack
) -> None:
    since = date(2026, 1, 1)
    wrong = Round(
        site="CTH-L1", weekdays=(1, 3), vehicle="CTH-V1", valid_from=since, source="leaflet"
    )
    earlier = replace(wrong, valid_from=date(2025, 1, 1), weekdays=(7,))
    elsewhere = replace(wrong, site=None, bin="CTH-0002", vehicle=None)
    load(conn, replace(pack, rounds=(wrong, earlier, elsewhere), sha256="1"), actor=ACTOR)

    right = replace(wrong, vehicle=None, weekdays=(2, 4))
    report = load(conn, replace(pack, rounds=(right, elsewhere), sha256="2"), actor=ACTOR)

    history = "CTH-L1 2025-01-01 CTH-V1"
    assert report.tables["round"] == TableReport(1, 0, 1, (history,), removed=1)
    assert list_rounds(conn) == [
        round_row("CTH-0002", is_site=False, weekdays=(1, 3)),
        round_row("CTH-L1", weekdays=(7,), vehicle="CTH-V1", valid_from=date(2025, 1, 1)),
        round_row("CTH-L1", weekdays=(2, 4)),
    ]
    [trace] = conn.execute(
        "SELECT before, after FROM audit_log WHERE action = 'site.load' AND before IS NOT NULL"
    ).fetchall()
    assert trace["before"]["round"]["CTH-L1 2026-01-01 CTH-V1"]["weekdays"] == [1, 3]
    assert trace["after"]["counts"] == {"round": {"added": 1, "changed": 0, "removed": 1}}

    shared = replace(right, vehicle="CTH-V1", weekdays=(5,))
    load(conn, replace(pack, rounds=(right, shared, elsewhere), sha256="3"), actor=ACTOR)
    assert len(list_rounds(conn)) == 4
    alone = load(conn, replace(pack, rounds=(shared, elsewhere), sha256="4"), actor=ACTOR)
    assert alone.wrote
    assert round_row("CTH-L1", weekdays=(2, 4)) not in list_rounds(conn)
