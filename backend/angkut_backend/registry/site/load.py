"""Load a site pack into the database: all of it or nothing, and only what differs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, time
from typing import Any

from psycopg.types.json import Jsonb

from angkut_backend.accounts.service import audit
from angkut_backend.db import BINS_CHANNEL, Connection, load_queries, translated_errors
from angkut_backend.errors import ConflictError
from angkut_backend.registry.site.geometry import Boundary
from angkut_backend.registry.site.records import SitePack

_SQL = load_queries("angkut_backend.registry.site")

#: Changed rows written out in the audit log; the rest is counted.
AUDITED_ROWS = 200
#: A notification holds 8000 bytes: numbers of ten digits and a comma.
_IDS_IN_NOTICE = 700
_NAMED = 5


@dataclass(frozen=True, slots=True)
class TableReport:
    """What a load did to one table."""

    added: int
    changed: int
    unchanged: int
    #: Codes that the database has and the pack has not.
    only_in_database: tuple[str, ...]
    #: Rounds that gave way to others of the same place and first day.
    removed: int = 0


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What a load did."""

    #: By name of the table.
    tables: Mapping[str, TableReport]

    @property
    def wrote(self) -> bool:
        """Whether anything was added or changed."""
        return any(table.added or table.changed or table.removed for table in self.tables.values())

    @property
    def advice(self) -> str:
        """What to do about rows that the pack no longer has; empty when there are none."""
        gone = [
            f"{name} {code}"
            for name, table in self.tables.items()
            for code in table.only_in_database
        ]
        if not gone:
            return ""
        more = f" and {len(gone) - _NAMED} more" if len(gone) > _NAMED else ""
        return (
            f"only in the database: {', '.join(gone[:_NAMED])}{more}. A load deletes nothing, "
            "because readings hang on these rows: put a row back into the pack if it was lost "
            "there; if the thing itself is gone, take its device off and leave the row as history. "
            "A round ends by a later one of its place with `none` as its weekdays"
        )


def load(conn: Connection, pack: SitePack, *, actor: str) -> LoadReport:
    """Make the database say what the pack says, in one transaction.

    A row that is equal is not touched; a pack that changes nothing leaves no trace.

    Raises
    ------
    ConflictError
        A code of the pack belongs to another district.

    """
    tables = _tables(pack)
    with translated_errors(), conn.transaction():
        conn.execute(_SQL["lock_loading"])
        written = {"district": _load(conn, "district", tables["district"], None)}
        found = conn.execute(_SQL["district_id"], {"code": pack.district.code}).fetchone()
        district_id: int = found["district_id"] if found else 0
        gone = _only_in_database(conn, pack, tables, district_id)
        for name in tables:
            if name != "district":
                written[name] = _load(conn, name, tables[name], district_id)
        report = LoadReport(
            {
                name: _report(rows, written[name], gone.get(name, ()))
                for name, rows in tables.items()
            }
        )
        if report.wrote:
            _record(conn, pack, report, written, district_id=district_id, actor=actor)
            _notify(conn, written)
    return report


@dataclass(frozen=True, slots=True)
class _Written:
    """One row that was added (`before` is nothing), changed, or removed (`after` is nothing)."""

    code: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


def _tables(pack: SitePack) -> dict[str, list[dict[str, Any]]]:
    """Return the records of each table, in the order in which they refer to each other."""
    district = _plain(pack.district)
    # Not columns: the day's start is a rule of planning, the prefix one of the pack.
    del district["operational_day_starts_at"], district["bin_prefix"]
    return {
        "district": [district],
        "area": [_plain(record) for record in pack.areas],
        "depot": [_plain(record) for record in pack.depots],
        "disposal_site": [_plain(record) for record in pack.disposal_sites],
        "vehicle": [_plain(record) for record in pack.vehicles],
        "site": [_plain(record) for record in pack.sites],
        "bin": [_plain(record) for record in pack.bins],
        "calendar_day": [_plain(day) | {"code": day.code} for day in pack.calendar],
        "round": [_plain(one) | {"code": one.code} for one in pack.rounds],
    }


def _plain(record: Any) -> dict[str, Any]:  # noqa: ANN401 - any record of a pack
    return {field.name: _json(getattr(record, field.name)) for field in fields(record)}


def _json(value: object) -> object:
    if isinstance(value, Boundary):
        return value.geojson()
    if isinstance(value, date | time):
        return value.isoformat()
    return value


def _load(
    conn: Connection, name: str, rows: Sequence[Mapping[str, Any]], district_id: int | None
) -> list[_Written]:
    values = {"rows": Jsonb(rows), "district_id": district_id}
    written = conn.execute(_SQL[f"load_{name}"], values).fetchall()
    return [_Written(row["code"], row["before"], row["after"]) for row in written]


def _only_in_database(
    conn: Connection,
    pack: SitePack,
    tables: Mapping[str, Sequence[Mapping[str, Any]]],
    district_id: int,
) -> dict[str, tuple[str, ...]]:
    codes = {name: [row["code"] for row in rows] for name, rows in tables.items()}
    values = {"district_id": district_id, "codes": Jsonb(codes)}
    owners = conn.execute(_SQL["owners"], values).fetchall()
    theirs = [row for row in owners if row["district_code"] != pack.district.code]
    if theirs:
        named = ", ".join(f"{row['relation']} {row['code']}" for row in theirs[:_NAMED])
        raise ConflictError(
            f"{len(theirs)} codes of this pack belong to another district: {named} "
            f"to {theirs[0]['district_code']}; give them codes of their own"
        )
    kept = {name: set(values) for name, values in codes.items()}
    return {
        name: tuple(
            row["code"]
            for row in owners
            if row["relation"] == name and row["code"] not in kept[name]
        )
        for name in tables
    }


def _report(
    rows: Sequence[object], written: Sequence[_Written], gone: tuple[str, ...]
) -> TableReport:
    added = sum(row.before is None for row in written)
    changed = sum(row.before is not None and row.after is not None for row in written)
    removed = {row.code for row in written} & set(gone)
    only = tuple(code for code in gone if code not in removed)
    return TableReport(added, changed, len(rows) - added - changed, only, len(removed))


def _record(
    conn: Connection,
    pack: SitePack,
    report: LoadReport,
    written: Mapping[str, Sequence[_Written]],
    *,
    district_id: int,
    actor: str,
) -> None:
    """Keep which pack is in force, and before and after in the audit log."""
    counts = {
        name: {"added": table.added, "changed": table.changed}
        | ({"removed": table.removed} if table.removed else {})
        for name, table in report.tables.items()
        if table.added or table.changed or table.removed
    }
    values = {"district_id": district_id, "sha256": pack.sha256, "changes": Jsonb(counts)}
    conn.execute(_SQL["insert_load"], values)
    before: dict[str, dict[str, Any]] = {}
    after: dict[str, dict[str, Any]] = {}
    changed = [
        (name, row.code, row.before, row.after)
        for name, rows in written.items()
        for row in rows
        if row.before is not None
    ]
    for name, code, old, new in changed[:AUDITED_ROWS]:
        if new is None:
            before.setdefault(name, {})[code] = old
            continue
        differing = [column for column in new if new[column] != old[column]]
        before.setdefault(name, {})[code] = {column: old[column] for column in differing}
        after.setdefault(name, {})[code] = {column: new[column] for column in differing}
    summary: dict[str, Any] = {"sha256": pack.sha256, "counts": counts, "rows": after}
    if len(changed) > AUDITED_ROWS:
        summary["rows_left_out"] = len(changed) - AUDITED_ROWS
    audit(conn, actor, "site.load", pack.district.code, before or None, summary)


def _notify(conn: Connection, written: Mapping[str, Sequence[_Written]]) -> None:
    """Tell live maps which bins look different now; sent when the transaction commits."""
    codes = {
        "bins": [row.code for row in written["bin"]],
        "sites": [row.code for row in written["site"]],
        "areas": [row.code for row in written["area"]],
    }
    rows = conn.execute(_SQL["bins_shown_otherwise"], codes).fetchall()
    ids = [str(row["bin_id"]) for row in rows]
    for start in range(0, len(ids), _IDS_IN_NOTICE):
        payload = ",".join(ids[start : start + _IDS_IN_NOTICE])
        conn.execute(_SQL["notify"], {"channel": BINS_CHANNEL, "payload": payload})
