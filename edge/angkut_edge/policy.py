"""What is given up when the spool grows beyond its bounds, and in which order.

By age, everything older than the bound. By size, first refusals, oldest first; then readings are
thinned: of the oldest quarter of them every second one of each device goes, again and again, so
that an old past stays visible with ever wider steps; when nothing is left to thin, the oldest
readings; events last. Every item is counted under the reason for which it was given up.
"""

from datetime import datetime, timedelta

from angkut_edge.item import ItemKind
from angkut_edge.spool import Spool

#: Reasons under which items are counted that were given up.
TOO_OLD = "age"
THINNED = "thinned"
NO_ROOM = "size"
REASONS = (TOO_OLD, THINNED, NO_ROOM)

#: When the bound is met, room is made down to this share of it, not for one item at a time.
_DOWN_TO = 0.9
#: Items dropped in one step.
_STEP = 500

_EVERY_SECOND_OF_THE_OLDEST_QUARTER = """
item_id IN (
    SELECT item_id FROM (
        SELECT item_id, row_number() OVER (PARTITION BY device ORDER BY item_id) AS n
        FROM (SELECT item_id, device FROM item WHERE kind = 'reading'
              ORDER BY item_id
              LIMIT (SELECT count(*) / 4 FROM item WHERE kind = 'reading')))
    WHERE n % 2 = 0)
"""


def keep_bounds(spool: Spool, *, max_bytes: int, max_age: timedelta, now: datetime) -> int:
    """Give up what is beyond the bounds, in the caller's transaction; return how many items."""
    dropped = 0
    oldest = spool.backlog().oldest
    if oldest is not None and oldest < now - max_age:
        bound = int((now - max_age).timestamp())
        dropped = spool.give_up("spooled_s < ?", (bound,), reason=TOO_OLD)
    if spool.used_bytes() <= max_bytes:
        return dropped
    while spool.used_bytes() > _DOWN_TO * max_bytes:
        step = _make_room(spool)
        if not step:
            break
        dropped += step
    return dropped


def _make_room(spool: Spool) -> int:
    refused = _drop_oldest(spool, ItemKind.REFUSED)
    if refused:
        return refused
    thinned = spool.give_up(_EVERY_SECOND_OF_THE_OLDEST_QUARTER, (), reason=THINNED)
    return thinned or _drop_oldest(spool, ItemKind.READING) or _drop_oldest(spool, ItemKind.EVENT)


def _drop_oldest(spool: Spool, kind: ItemKind) -> int:
    return spool.give_up(
        "item_id IN (SELECT item_id FROM item WHERE kind = ? ORDER BY item_id LIMIT ?)",
        (kind, _STEP),
        reason=NO_ROOM,
    )
