"""What waits for its confirmation, on disk: SQLite in WAL mode, synchronised at every commit.

One connection, one thread. Everything is written inside `transaction`; when that ends well, it
survives a kill and a power cut.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from angkut_broker.codec import encode
from angkut_broker.errors import AngkutError
from angkut_broker.messages import Event, Refused, Telemetry
from angkut_edge.item import Backlog, Item, ItemKind, Name, lane_of

_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS item (
    item_id INTEGER PRIMARY KEY AUTOINCREMENT,  -- order of arrival
    lane    INTEGER NOT NULL,
    kind    TEXT NOT NULL,                      -- reading, event, refused
    device  TEXT NOT NULL,
    t_us    INTEGER NOT NULL,                   -- observed, microseconds since 1970
    seq     INTEGER NOT NULL,
    event   TEXT NOT NULL,                      -- kind of the event, else empty
    spooled_s INTEGER NOT NULL,                 -- seconds since 1970
    after_s INTEGER NOT NULL DEFAULT 0,         -- not to be sent before
    payload BLOB NOT NULL,
    UNIQUE (device, t_us, seq, kind, event)
);
CREATE INDEX IF NOT EXISTS item_lane ON item (lane, item_id);
-- What was given up and what was refused upstream: counted for good.
CREATE TABLE IF NOT EXISTS tally (name TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID;
-- What was refused upstream: the newest of it, for whoever looks.
CREATE TABLE IF NOT EXISTS aside (
    aside_id INTEGER PRIMARY KEY AUTOINCREMENT,
    at_s    INTEGER NOT NULL,
    kind    TEXT NOT NULL,
    device  TEXT NOT NULL,
    payload BLOB NOT NULL
);
-- Messages of sources that were written lately, by digest: a broker may bring one again that was
-- written but not acknowledged in time.
CREATE TABLE IF NOT EXISTS taken (digest BLOB PRIMARY KEY, taken_id INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS taken_id ON taken (taken_id);
-- Where commands for a device go, and what is known of it.
CREATE TABLE IF NOT EXISTS device (
    device  TEXT PRIMARY KEY,
    source  TEXT NOT NULL,
    route   TEXT,
    model   TEXT,
    meta    BLOB
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS command (
    cmd_id  TEXT PRIMARY KEY,
    device  TEXT NOT NULL,
    at_s    INTEGER NOT NULL,
    ack     BLOB NOT NULL,                      -- the last answer that was given
    final   INTEGER NOT NULL
) WITHOUT ROWID;
PRAGMA user_version = {1};
"""
#: Refusals of upstream that are kept.
MAX_ASIDE = 1000
#: Digests that are kept: many more than a broker has on the way to one subscriber.
MAX_TAKEN = 10_000


class SpoolError(AngkutError):
    """The spool cannot be used."""


class SpoolFullError(AngkutError):
    """The disk of the spool is full."""


class Spool:
    """The file. `path`'s folder must exist.

    Raises
    ------
    SpoolError
        The file cannot be opened, or is not a spool.

    """

    def __init__(self, path: Path) -> None:
        with ExitStack() as cleanup:
            try:
                self.conn = sqlite3.connect(path, isolation_level=None)
                cleanup.callback(self.conn.close)
                self._prepare()
            except sqlite3.Error as exc:
                raise SpoolError(
                    f"spool {path}: {exc}. Only one gateway may use it; its folder must be "
                    "writable and not full; a file that is damaged has to be moved away"
                ) from exc
            cleanup.pop_all()

    def _prepare(self) -> None:
        # Gives pages back to the disk after a catch-up; must come before the first table.
        self.conn.execute("PRAGMA auto_vacuum = INCREMENTAL")
        # Another gateway on the same file would send everything twice.
        self.conn.execute("PRAGMA locking_mode = EXCLUSIVE")
        self.conn.execute("PRAGMA journal_mode = WAL")
        self.conn.execute("PRAGMA synchronous = FULL")
        self.conn.executescript(_SCHEMA)
        self._page_bytes: int = self._pragma("page_size")
        self._counts = dict.fromkeys(ItemKind, 0) | {
            ItemKind(kind): n
            for kind, n in self.conn.execute("SELECT kind, count(*) FROM item GROUP BY kind")
        }

    def close(self) -> None:
        """Close the file."""
        self.conn.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Write what the block does, durably, or nothing of it.

        Raises
        ------
        SpoolFullError
            The disk is full or does not answer; nothing was written.

        """
        before = dict(self._counts)
        try:
            self.conn.execute("BEGIN IMMEDIATE")
            yield
            self.conn.execute("COMMIT")
        except BaseException as exc:
            self._counts = before
            if self.conn.in_transaction:
                self.conn.execute("ROLLBACK")
            if isinstance(exc, sqlite3.OperationalError):
                raise SpoolFullError(str(exc)) from exc
            raise

    def add(self, things: Iterable[Telemetry | Event | Refused], *, now: datetime) -> int:
        """Spool things in this order; return how many are new."""
        added = 0
        for thing in things:
            name = Name.of(thing)
            done = self.conn.execute(
                "INSERT INTO item (lane, kind, device, t_us, seq, event, spooled_s, payload) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (
                    lane_of(name),
                    name.kind,
                    name.device,
                    name.t_us,
                    name.seq,
                    name.event,
                    int(now.timestamp()),
                    encode(thing),
                ),
            )
            self._counts[name.kind] += done.rowcount
            added += done.rowcount
        return added

    def head(self, lane: int, *, limit: int, now: datetime) -> list[Item]:
        """Return what a lane sends next, in order of arrival."""
        rows = self.conn.execute(
            "SELECT item_id, kind, device, t_us, seq, event, payload FROM item "
            "WHERE lane = ? AND after_s <= ? ORDER BY item_id LIMIT ?",
            (lane, int(now.timestamp()), limit),
        )
        return [
            Item(item_id, ItemKind(kind), Name(ItemKind(kind), *name), payload)
            for item_id, kind, *name, payload in rows
        ]

    def settle(self, names: Sequence[Name]) -> list[Item]:
        """Forget what upstream has; return what of it was there."""
        found = []
        for name in names:
            rows = self.conn.execute(
                "DELETE FROM item WHERE device = ? AND t_us = ? AND seq = ? AND kind = ? "
                "AND event = ? RETURNING item_id, payload",
                (name.device, name.t_us, name.seq, name.kind, name.event),
            ).fetchall()
            found += [Item(item_id, name.kind, name, payload) for item_id, payload in rows]
            self._counts[name.kind] -= len(rows)
        return found

    def set_aside(self, items: Iterable[Item], *, now: datetime) -> None:
        """Keep what was refused upstream, the newest `MAX_ASIDE` of it."""
        rows = [(int(now.timestamp()), i.kind, i.name.device, i.payload) for i in items]
        self.conn.executemany(
            "INSERT INTO aside (at_s, kind, device, payload) VALUES (?, ?, ?, ?)", rows
        )
        self.conn.execute(
            "DELETE FROM aside WHERE aside_id <= (SELECT max(aside_id) FROM aside) - ?",
            (MAX_ASIDE,),
        )

    def defer(self, item_id: int, *, until: datetime) -> bool:
        """Let what comes behind an item go first; tell whether it is still there."""
        done = self.conn.execute(
            "UPDATE item SET after_s = ? WHERE item_id = ?", (int(until.timestamp()), item_id)
        )
        return done.rowcount == 1

    def give_up(self, where: str, arguments: Sequence[object], *, reason: str) -> int:
        """Delete items by a condition of ours and count them under a reason."""
        rows = self.conn.execute(
            f"DELETE FROM item WHERE {where} RETURNING kind",  # noqa: S608 - conditions of ours
            arguments,
        ).fetchall()
        for (kind,) in rows:
            self._counts[ItemKind(kind)] -= 1
        self.count(reason, len(rows))
        return len(rows)

    def count(self, name: str, n: int) -> None:
        """Add to a tally."""
        if n:
            self.conn.execute(
                "INSERT INTO tally (name, n) VALUES (?, ?) "
                "ON CONFLICT (name) DO UPDATE SET n = n + excluded.n",
                (name, n),
            )

    def tallies(self) -> dict[str, int]:
        """Return all tallies since the spool was made."""
        return dict(self.conn.execute("SELECT name, n FROM tally"))

    def next_number(self) -> int:
        """Return a number that this spool has not given before."""
        self.count("number", 1)
        return self.tallies()["number"]

    def was_taken(self, digest: bytes) -> bool:
        """Tell whether a message with this digest was written lately."""
        row = self.conn.execute("SELECT 1 FROM taken WHERE digest = ?", (digest,)).fetchone()
        return row is not None

    def take(self, digest: bytes) -> None:
        """Remember a message that is being written, and forget one of long ago."""
        (last,) = self.conn.execute("SELECT coalesce(max(taken_id), 0) FROM taken").fetchone()
        self.conn.execute(
            "INSERT OR REPLACE INTO taken (digest, taken_id) VALUES (?, ?)", (digest, last + 1)
        )
        self.conn.execute("DELETE FROM taken WHERE taken_id <= ?", (last + 1 - MAX_TAKEN,))

    def backlog(self) -> Backlog:
        """Return how much waits."""
        (oldest,) = self.conn.execute(
            "SELECT spooled_s FROM item ORDER BY item_id LIMIT 1"
        ).fetchone() or (None,)
        return Backlog(
            dict(self._counts),
            None if oldest is None else datetime.fromtimestamp(oldest, UTC),
            self.used_bytes(),
        )

    def used_bytes(self) -> int:
        """Return the size of what is in the file, without pages that are free to be used again."""
        return (self._pragma("page_count") - self._pragma("freelist_count")) * self._page_bytes

    def shrink(self) -> None:
        """Give free pages back to the disk, some megabytes of them."""
        if self._pragma("freelist_count") > 256:
            # As a script: it answers in rows without columns, of which Python 3.11 takes one.
            self.conn.executescript("PRAGMA incremental_vacuum(2048)")

    def _pragma(self, name: str) -> int:
        value: int = self.conn.execute(f"PRAGMA {name}").fetchone()[0]
        return value
