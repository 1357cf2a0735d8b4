"""The job that looks at devices, and what it found."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter

from psycopg.rows import args_row
from psycopg.types.json import Jsonb

from angkut_backend.db import Connection, Row, load_queries
from angkut_backend.device_health import rules
from angkut_backend.device_health.checks import Finding, Sample, findings
from angkut_backend.device_health.rules import FindingKind

SQL = load_queries("angkut_backend.device_health")

#: Devices in one run: bounds the time.
_DEVICES = 100
#: Findings in one answer at most.
MAX_FINDINGS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceFinding:
    """What was wrong with a device, and where it hung then."""

    device: str
    bin_code: str | None
    kind: FindingKind
    from_at: datetime
    to_at: datetime
    found_at: datetime
    detail: Mapping[str, float | str]


def list_findings(
    conn: Connection,
    *,
    since: datetime,
    device: str | None = None,
    kind: FindingKind | None = None,
    limit: int = MAX_FINDINGS,
) -> list[DeviceFinding]:
    """Return what was wrong at any time from `since` on, the newest first."""
    values = {"since": since, "device": device, "kind": kind, "limit": limit}
    rows = conn.execute(SQL["list"], values)
    return [DeviceFinding(**{**row, "kind": FindingKind(row["kind"])}) for row in rows]


def check_devices(conn: Connection, now: datetime) -> bool:
    """Look at the devices that were not looked at for an hour; return whether more wait.

    A job of the worker: one at a time, bounded. Findings follow from what is stored: one that
    late readings explain is taken back.
    """
    values = {"now": now, "before": now - rules.CHECK_EVERY, "limit": _DEVICES}
    due = conn.execute(SQL["due"], values).fetchall()
    if not due:
        return False
    since = {row["device_id"]: _since(row["checked_at"], now) for row in due}
    refused = _refused(conn, [row["external_id"] for row in due], min(since.values()), now)

    def judged(row: Row, samples: Sequence[Sample]) -> list[Finding]:
        ours = [at for at in refused[row["external_id"]] if at >= since[row["device_id"]]]
        interval = timedelta(seconds=row["interval_s"])
        return findings(samples, ours, interval=interval, now=now)

    # Without a reading too: all that a device sends may be refused.
    devices = {row["device_id"]: row for row in due}
    found = {device_id: judged(row, []) for device_id, row in devices.items()}
    for device_id, samples in _samples(conn, since, now):
        found[device_id] = judged(devices[device_id], samples)
    _store(conn, since, found, now)
    conn.execute(SQL["note_checks"], {"devices": list(since), "now": now})
    return len(due) == _DEVICES


def _since(checked_at: datetime | None, now: datetime) -> datetime:
    if checked_at is None:
        return now - rules.FIRST_LOOK_BACK
    return max(checked_at - rules.LOOK_BACK, now - rules.FIRST_LOOK_BACK)


def _samples(
    conn: Connection, since: Mapping[int, datetime], now: datetime
) -> Iterator[tuple[int, list[Sample]]]:
    """Yield the readings of one device after the other: all together may be millions."""
    values = {
        "device_id": list(since),
        "since": list(since.values()),
        "oldest": min(since.values()),
        "newest": now + timedelta(minutes=5),
    }
    with conn.cursor(row_factory=args_row(Sample)) as cursor:
        rows = cursor.stream(SQL["samples"], values, binary=True)
        for device_id, samples in groupby(rows, key=attrgetter("device_id")):
            yield device_id, list(samples)


def _refused(
    conn: Connection, devices: Sequence[str], oldest: datetime, now: datetime
) -> defaultdict[str, list[datetime]]:
    groups: defaultdict[str, list[datetime]] = defaultdict(list)
    values = {"devices": list(devices), "oldest": oldest, "now": now}
    for row in conn.execute(SQL["refused"], values):
        groups[row["device"]].append(row["received_at"])
    return groups


def _store(
    conn: Connection,
    since: Mapping[int, datetime],
    found: Mapping[int, Sequence[Finding]],
    now: datetime,
) -> None:
    """Make the findings of each device's window those that were found."""
    values = {"device_id": list(since), "since": list(since.values())}
    known: defaultdict[tuple[int, str], list[Row]] = defaultdict(list)
    for row in conn.execute(SQL["found"], values):
        known[row["device_id"], row["kind"]].append(row)
    adding: list[tuple[int, Finding]] = []
    kept: dict[int, tuple[datetime, datetime, Mapping[str, float | str]]] = {}
    for device_id, several in found.items():
        for finding in joined(several):
            match = _match(known[device_id, finding.kind], finding)
            if match is None:
                adding.append((device_id, finding))
                continue
            begun = match["from_at"] < since[device_id] + rules.EDGE
            from_at = min(match["from_at"], finding.from_at) if begun else finding.from_at
            kept[match["device_finding_id"]] = (from_at, finding.to_at, finding.detail)
    # What began before the window cannot be judged again as a whole.
    gone = [
        row["device_finding_id"]
        for rows in known.values()
        for row in rows
        if row["device_finding_id"] not in kept
        and row["from_at"] >= since[row["device_id"]] + rules.EDGE
    ]
    if gone:
        conn.execute(SQL["forget"], {"ids": gone})
    if kept:
        conn.execute(SQL["extend"], _columns(kept))
    if adding:
        add_findings(conn, adding, now)


def add_findings(conn: Connection, adding: Sequence[tuple[int, Finding]], now: datetime) -> None:
    """Keep new findings of devices."""
    values = {
        "now": now,
        "device_id": [device_id for device_id, _ in adding],
        "kind": [finding.kind.value for _, finding in adding],
        "from_at": [finding.from_at for _, finding in adding],
        "to_at": [finding.to_at for _, finding in adding],
        "detail": [Jsonb(finding.detail) for _, finding in adding],
    }
    conn.execute(SQL["add"], values)


def joined(several: Sequence[Finding]) -> list[Finding]:
    """Make one of findings of one kind that follow closely; silences stay apart."""
    found: list[Finding] = []
    for finding in sorted(several, key=lambda one: (one.kind, one.from_at)):
        last = found[-1] if found else None
        if (
            last is not None
            and last.kind is finding.kind is not FindingKind.DROPOUT
            and finding.from_at - last.to_at <= rules.JOIN_WITHIN
        ):
            to_at = max(last.to_at, finding.to_at)
            found[-1] = Finding(last.kind, last.from_at, to_at, _sum(last.detail, finding.detail))
        else:
            found.append(finding)
    return found


def _sum(
    one: Mapping[str, float | str], other: Mapping[str, float | str]
) -> dict[str, float | str]:
    """Add up counts; of all else the newer word stands."""
    both: dict[str, float | str] = {**one, **other}
    for name in one.keys() & other.keys():
        left, right = one[name], other[name]
        if name.startswith("readings") and not isinstance(left, str) and not isinstance(right, str):
            both[name] = left + right
    return both


def _match(known: Sequence[Row], finding: Finding) -> Row | None:
    margin = timedelta() if finding.kind is FindingKind.DROPOUT else rules.JOIN_WITHIN
    for row in known:
        if row["from_at"] - margin <= finding.to_at and finding.from_at <= row["to_at"] + margin:
            return row
    return None


def _columns(
    kept: Mapping[int, tuple[datetime, datetime, Mapping[str, float | str]]],
) -> dict[str, list[object]]:
    return {
        "id": list(kept),
        "from_at": [each[0] for each in kept.values()],
        "to_at": [each[1] for each in kept.values()],
        "detail": [Jsonb(each[2]) for each in kept.values()],
    }
