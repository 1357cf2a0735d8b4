"""What becomes of old readings: compressed where the edition can, removed when their time is up.

Roll-ups stay. On the Community edition TimescaleDB's own policies do the work in the background;
this sees to it that they are there and follow the setting.
"""

import logging
from datetime import datetime, timedelta

from angkut_backend.db import Connection
from angkut_backend.readings.maintenance.edition import Edition, edition
from angkut_backend.readings.maintenance.rollups import DAY, alone, cutoff
from angkut_backend.readings.maintenance.statements import SQL

log = logging.getLogger("angkut.worker")

#: Late readings mostly come within days; what comes into a compressed chunk is still taken.
COMPRESS_AFTER = timedelta(days=14)
#: Rows removed in one run from a plain table.
_ROWS = 20_000


def retain(conn: Connection, keep: timedelta | None, now: datetime) -> bool:
    """Remove or compress what is due, a bounded amount; return whether more is due. Commits.

    `keep` is how long readings are kept; None: for ever.
    """
    found = edition(conn)
    with alone(conn):
        if found is Edition.TIMESCALE:
            _keep_policy(conn, "compression", COMPRESS_AFTER)
        if keep is None:
            more = False
            if found is Edition.TIMESCALE:
                _keep_policy(conn, "retention", None)
        elif _yes(conn, "has_dirty_before", before := cutoff(now, keep)):
            more = False  # rolled up first
        else:
            more = _remove(conn, found, keep, before)
        conn.commit()
    return more


def _remove(conn: Connection, found: Edition, keep: timedelta, before: datetime) -> bool:
    if found is not Edition.TIMESCALE and not _yes(conn, "has_readings_before", before):
        return False
    conn.execute(SQL["raise_horizon"], {"raw_from": before})
    # Committed first: from now on nobody computes a roll-up from what may be half gone.
    conn.commit()
    if found is Edition.TIMESCALE:
        # A day more: the policy counts from its own clock, we from the start of a day.
        _keep_policy(conn, "retention", keep + DAY)
        return False
    if found is Edition.APACHE:
        row = conn.execute(SQL["drop_chunks"], {"before": before}).fetchone()
        if row and row["dropped"]:
            log.info("removed %s chunks of readings from before %s", row["dropped"], before)
        return False
    values = {"before": before, "limit": _ROWS}
    removed = conn.execute(SQL["delete_readings"], values).rowcount
    if removed:
        log.info("removed %s readings from before %s", removed, before)
    return removed == _ROWS


def _keep_policy(conn: Connection, what: str, age: timedelta | None) -> None:
    """Make the policy be of that age, or not be."""
    ages = {row["proc_name"]: row["age"] for row in conn.execute(SQL["policies"])}
    if ages.get(f"policy_{what}") == age:
        return
    conn.execute(SQL[f"remove_{what}"])
    if age is not None:
        conn.execute(SQL[f"add_{what}"], {"age": age})


def _yes(conn: Connection, question: str, before: datetime) -> bool:
    row = conn.execute(SQL[question], {"before": before}).fetchone()
    return bool(row and row["yes"])
