"""Checks of a running or configured Angkut: what is wrong, and what to do about it."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from angkut_backend import migrate
from angkut_backend.db import Connection, connect
from angkut_backend.errors import BackendError
from angkut_backend.jobs.serving import QueueState, queue_states
from angkut_backend.readings import maintenance
from angkut_backend.readings.maintenance import Edition
from angkut_backend.settings import Settings
from angkut_broker.errors import AngkutError
from angkut_broker.session import BrokerAddress, check
from angkut_infra.cli.context import ingest_at_broker
from angkut_infra.cli.run import JOB_QUEUES

#: PostgreSQL before this lacks what the SQL uses.
_OLDEST_SERVER = 160_000
#: A reading may claim to be 5 minutes ahead; a clock off by this much eats half of it.
_CLOCK_LIMIT = timedelta(minutes=2)
_BROKER_TIMEOUT_S = 5.0
_DISK_LOW_BYTES = 2 * 1024**3
_DISK_FULL_BYTES = 200 * 1024**2
#: More marks of stale hours than this take the worker a minute or more.
_ROLLUPS_BEHIND = 500_000
#: The code was written after this: a clock before it was never set.
_NOT_BEFORE = datetime(2026, 1, 1, tzinfo=UTC)


class Verdict(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARN = "warn"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report."""

    verdict: Verdict
    subject: str
    #: What was found and, unless all is well, what to do.
    text: str


def examine(settings: Settings, *, now: Callable[[], datetime]) -> Iterator[Finding]:
    """Run every check; one that cannot run says why."""
    yield _clock(now())
    yield _disk(settings.data_dir)
    yield _broker(lambda: ingest_at_broker(settings))
    try:
        with connect(settings.dsn, application="angkut-doctor") as conn:
            yield _server(conn)
            yield _database_clock(conn, now())
            yield _migrations(conn)
            yield from _contents(conn, now())
    except BackendError as exc:
        yield Finding(Verdict.FAIL, "database", str(exc))


def _clock(now: datetime) -> Finding:
    if now < _NOT_BEFORE:
        text = f"this machine says {now:%Y-%m-%d %H:%M}Z: set its clock (systemd-timesyncd, chrony)"
        return Finding(Verdict.FAIL, "clock", text)
    return Finding(Verdict.OK, "clock", f"{now:%Y-%m-%d %H:%M:%S}Z")


def _database_clock(conn: Connection, now: datetime) -> Finding:
    row = conn.execute("SELECT clock_timestamp() AS at").fetchone()
    assert row is not None  # noqa: S101 - a SELECT without FROM gives one row
    off = abs(row["at"] - now)
    if off > _CLOCK_LIMIT:
        text = f"{off} apart from this machine's: run a time service on both"
        return Finding(Verdict.FAIL, "database clock", text)
    return Finding(Verdict.OK, "database clock", f"within {off.total_seconds():.1f} s of ours")


def _disk(folder: Path) -> Finding:
    folder = folder.absolute()
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    text = f"{free / 1024**3:.1f} GiB free at {existing}"
    if free < _DISK_FULL_BYTES:
        return Finding(Verdict.FAIL, "disk", f"{text}: the database stops soon; free some space")
    if free < _DISK_LOW_BYTES:
        return Finding(Verdict.WARN, "disk", f"{text}: free some space")
    return Finding(Verdict.OK, "disk", text)


def _broker(ingest: Callable[[], BrokerAddress]) -> Finding:
    try:
        address = ingest()
        check(address, timeout_s=_BROKER_TIMEOUT_S)
    except AngkutError as exc:
        text = f"{exc}. Is the broker running, are mqtt_host, mqtt_port and mqtt_password right?"
        return Finding(Verdict.FAIL, "broker", text)
    return Finding(Verdict.OK, "broker", f"{address} accepts {address.username}")


def _server(conn: Connection) -> Finding:
    version = conn.info.server_version
    shown = f"PostgreSQL {version // 10_000}.{version % 10_000}"
    if version < _OLDEST_SERVER:
        return Finding(Verdict.FAIL, "database", f"{shown}: upgrade to PostgreSQL 16 or newer")
    return Finding(Verdict.OK, "database", f"{shown}; {maintenance.edition(conn).meaning}")


def _migrations(conn: Connection) -> Finding:
    try:
        state = migrate.state(conn)
    except BackendError as exc:
        return Finding(Verdict.FAIL, "migrations", str(exc))
    if state.pending:
        text = f"{len(state.pending)} of {state.known} are missing: run `angkut migrate`"
        return Finding(Verdict.FAIL, "migrations", text)
    if state.missing:
        text = f"the queue lacks {', '.join(state.missing)}: run `angkut migrate`"
        return Finding(Verdict.FAIL, "migrations", text)
    return Finding(Verdict.OK, "migrations", f"{state.applied} of {state.known} applied")


def _contents(conn: Connection, now: datetime) -> Iterator[Finding]:
    if migrate.state(conn).missing:
        return
    row = conn.execute(
        "SELECT (SELECT count(*) FROM bin) AS bins,"
        " (SELECT max(seen_at) FROM bin_latest) AS seen_at,"
        " (SELECT count(*) FROM account WHERE role = 'admin' AND disabled_at IS NULL) AS admins,"
        " (SELECT count(*) FROM dead_letter WHERE is_open) AS dead"
    ).fetchone()
    assert row is not None  # noqa: S101 - aggregates give one row
    if row["bins"] == 0:
        text = "no bins: load a site pack with `angkut site load DIR`"
        yield Finding(Verdict.WARN, "registry", text)
    else:
        yield Finding(Verdict.OK, "registry", f"{row['bins']} bins")
    if row["admins"] == 0:
        text = "nobody can sign in as admin: `angkut accounts add NAME --role admin`"
        yield Finding(Verdict.WARN, "accounts", text)
    seen = f"newest reading {row['seen_at']:%Y-%m-%d %H:%M:%S}Z" if row["seen_at"] else "none yet"
    yield Finding(Verdict.OK, "readings", seen)
    yield _rollups(conn)
    yield _jobs(conn, now)
    if row["dead"]:
        text = f"{row['dead']} open: see `angkut dead-letters count`"
        yield Finding(Verdict.WARN, "dead letters", text)
    else:
        yield Finding(Verdict.OK, "dead letters", "none open")


def _rollups(conn: Connection) -> Finding:
    if maintenance.is_aggregated(conn) and maintenance.edition(conn) is not Edition.TIMESCALE:
        text = (
            "they are continuous aggregates, which this edition of TimescaleDB does not refresh: "
            "set timescaledb.license to timescale, or go back to the Community edition"
        )
        return Finding(Verdict.FAIL, "roll-ups", text)
    row = conn.execute(
        "SELECT count(*) AS n FROM pg_stat_activity"
        " WHERE application_name = 'angkut-worker' AND datname = current_database()"
    ).fetchone()
    waiting = maintenance.waiting(conn)
    if row is None or row["n"] == 0:
        text = f"no worker keeps them ({waiting} marks wait): run `angkut worker`"
        return Finding(Verdict.WARN, "roll-ups", text)
    if waiting > _ROLLUPS_BEHIND:
        text = f"{waiting} marks wait: the worker is behind, see its log"
        return Finding(Verdict.WARN, "roll-ups", text)
    return Finding(Verdict.OK, "roll-ups", f"kept by {row['n']} worker(s), {waiting} marks wait")


def _jobs(conn: Connection, now: datetime) -> Finding:
    states = queue_states(conn, JOB_QUEUES)
    text = "; ".join(_queue(state, now) for state in states)
    if idle := [state.queue for state in states if not state.is_served]:
        options = " ".join(f"--queue {queue}" for queue in idle)
        text += f": run `angkut worker` (or `angkut worker {options}`)"
        return Finding(Verdict.WARN, "jobs", text)
    return Finding(Verdict.OK, "jobs", text)


def _queue(state: QueueState, now: datetime) -> str:
    text = f"{state.queue}: {state.waiting or 'none'} waiting"
    if state.oldest_at is not None:
        text += f", the oldest for {str(now - state.oldest_at).partition('.')[0]}"
    return text if state.is_served else f"{text}, no worker takes them"
