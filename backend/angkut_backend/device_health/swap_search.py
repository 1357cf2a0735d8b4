"""The job that compares neighbours."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from psycopg.rows import args_row

from angkut_backend.db import Connection
from angkut_backend.device_health import rules
from angkut_backend.device_health.checks import Finding
from angkut_backend.device_health.rules import FindingKind
from angkut_backend.device_health.service import SQL, add_findings
from angkut_backend.device_health.swaps import Bucket, History, Level, Swap, find_swap
from angkut_backend.quality.rules import DISTRUST, Flag

_DISTRUST = int(DISTRUST)
_UNTIMED = int(Flag.CLOCK_SKEW)
#: Devices compared with their neighbours in one run.
_DEVICES = 50


def search_swaps(conn: Connection, now: datetime) -> bool:
    """Compare devices with their neighbours; return whether more wait. A job of the worker."""
    values = {"now": now, "before": now - rules.SWAP_EVERY, "limit": _DEVICES}
    due = [row["device_id"] for row in conn.execute(SQL["due_for_swaps"], values)]
    if not due:
        return False
    values = {"devices": due, "now": now, "metres": rules.NEIGHBOUR_M}
    pairs = conn.execute(SQL["neighbours"], values).fetchall()
    since = now - rules.SWAP_LOOK_BACK
    devices = sorted({row[side] for row in pairs for side in ("one", "other")})
    histories = _histories(conn, devices, since, now) if devices else {}
    swaps = []
    for row in pairs:
        # What either showed in another bin, by the registry, tells nothing.
        one, other = (_from(histories[row[side]], row["since"]) for side in ("one", "other"))
        swap = find_swap(one, other)
        if swap is not None:
            swaps.append(swap)
    if swaps:
        _keep(conn, swaps, since, now)
    conn.execute(SQL["note_swaps"], {"devices": due, "now": now})
    return len(due) == _DEVICES


def _histories(
    conn: Connection, devices: Sequence[int], since: datetime, now: datetime
) -> dict[int, History]:
    values = {
        "devices": devices,
        "since": since,
        "now": now,
        "bucket": rules.SWAP_BUCKET,
        "untimed": _UNTIMED,
        "distrust": _DISTRUST,
    }
    buckets: defaultdict[int, dict[datetime, Bucket]] = defaultdict(dict)
    with conn.cursor(row_factory=args_row(Bucket)) as cursor:
        for bucket in cursor.execute(SQL["buckets"], values):
            buckets[bucket.device_id][bucket.at] = bucket
    levels: defaultdict[int, list[Level]] = defaultdict(list)
    with conn.cursor(row_factory=args_row(Level)) as cursor:
        for level in cursor.execute(SQL["distances"], values):
            levels[level.device_id].append(level)
    return {device: History(device, buckets[device], levels[device]) for device in devices}


def _from(history: History, since: datetime) -> History:
    if not history.levels and not history.buckets:
        return history
    return History(
        history.device_id,
        {at: bucket for at, bucket in history.buckets.items() if at >= since},
        [level for level in history.levels if level.at >= since],
    )


def _keep(conn: Connection, swaps: Sequence[Swap], since: datetime, now: datetime) -> None:
    """Keep each swap at both devices, once: what was found before stays as it is."""
    devices = sorted({device for swap in swaps for device in swap.devices})
    names = {
        row["device_id"]: row["external_id"]
        for row in conn.execute(SQL["names"], {"devices": devices})
    }
    rows = conn.execute(
        SQL["known_swaps"], {"devices": devices, "since": since - rules.SWAP_WITHIN}
    )
    known: list[tuple[int, datetime, datetime, str]] = [
        (row["device_id"], row["from_at"], row["to_at"], row["detail"]["with"]) for row in rows
    ]
    adding = []
    for swap in _best(swaps):
        for device, partner in (swap.devices, swap.devices[::-1]):
            seen = any(
                device == whose
                and names[partner] == with_whom
                and from_at - rules.SWAP_WITHIN <= swap.between[1]
                and swap.between[0] <= to_at + rules.SWAP_WITHIN
                for whose, from_at, to_at, with_whom in known
            )
            if not seen:
                detail: dict[str, float | str] = {
                    "with": names[partner],
                    "evidence": round(swap.evidence, 1),
                }
                adding.append((device, Finding(FindingKind.SWAPPED, *swap.between, detail)))
    if adding:
        add_findings(conn, adding, now)


def _best(swaps: Iterable[Swap]) -> list[Swap]:
    """Leave each device its likeliest partner: nobody changes places with two at once."""
    chosen: list[Swap] = []
    for swap in sorted(swaps, key=lambda one: -one.evidence):
        taken = {device for other in chosen for device in other.devices}
        if not taken & set(swap.devices):
            chosen.append(swap)
    return chosen
