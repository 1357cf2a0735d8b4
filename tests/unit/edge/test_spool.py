import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angkut_broker.messages import Event, EventKind, ReadingName, Refused, Telemetry
from angkut_edge.item import LANES, REFUSED_LANE, ItemKind, Name, lane_of
from angkut_edge.policy import NO_ROOM, THINNED, TOO_OLD, keep_bounds
from angkut_edge.spool import MAX_ASIDE, MAX_TAKEN, Spool, SpoolError, SpoolFullError

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
YEAR = timedelta(days=366)
GIGABYTE = 10**9


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    found = Spool(tmp_path / "spool.sqlite")
    yield found
    found.close()


def reading(seq: int, device: str = "dev-1") -> Telemetry:
    return Telemetry(
        v=1, id=device, seq=seq, t=NOW + timedelta(minutes=seq), d_mm=[700], bat_mv=3600
    )


def event(seq: int, kind: EventKind = EventKind.FIRE) -> Event:
    return Event(v=1, id="dev-1", seq=seq, t=NOW + timedelta(minutes=seq), kind=kind)


def refused(seq: int) -> Refused:
    return Refused(
        v=1, id="gw-1", seq=seq, t=NOW, topic="x", payload="e30=", reason="not_json", detail="x"
    )


def put(spool: Spool, *things: Telemetry | Event | Refused, at: datetime = NOW) -> int:
    with spool.transaction():
        return spool.add(things, now=at)


def waiting(spool: Spool) -> list[Name]:
    lanes = [spool.head(lane, limit=10_000, now=NOW) for lane in range(LANES + 1)]
    return [item.name for lane in lanes for item in lane]


def seqs(spool: Spool) -> list[int]:
    return sorted(name.seq for name in waiting(spool))


def test_what_is_written_is_there_after_the_file_was_opened_again(tmp_path: Path) -> None:
    first = Spool(tmp_path / "spool.sqlite")
    put(first, reading(1), event(1), refused(1))
    first.close()
    again = Spool(tmp_path / "spool.sqlite")
    assert [name.kind for name in waiting(again)] == [*ItemKind]
    assert again.backlog().counts == dict.fromkeys(ItemKind, 1)
    again.close()


def test_every_commit_is_synchronised_and_the_journal_is_written_ahead(spool: Spool) -> None:
    assert spool.conn.execute("PRAGMA synchronous").fetchone() == (2,)
    assert spool.conn.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_transaction_that_fails_leaves_nothing(spool: Spool) -> None:
    with suppress(ZeroDivisionError), spool.transaction():
        spool.add([reading(1)], now=NOW)
        spool.count("never", 1 // 0)
    assert waiting(spool) == []
    assert spool.backlog().total == 0


def test_a_second_gateway_on_the_same_file_is_refused(spool: Spool, tmp_path: Path) -> None:
    put(spool, reading(1))
    with pytest.raises(SpoolError, match="Only one gateway"):
        Spool(tmp_path / "spool.sqlite")


def test_a_file_that_is_no_spool_is_refused(tmp_path: Path) -> None:
    (tmp_path / "spool.sqlite").write_text("not a database, though long enough to look at" * 9)
    with pytest.raises(SpoolError, match="not a database"):
        Spool(tmp_path / "spool.sqlite")


def test_a_copy_is_not_spooled_twice(spool: Spool) -> None:
    assert put(spool, reading(1), reading(1)) == 1
    assert put(spool, reading(1), reading(2)) == 1
    assert spool.backlog().total == 2


def test_a_reading_and_the_events_of_one_frame_have_names_of_their_own(spool: Spool) -> None:
    put(spool, reading(1), event(1), event(1, EventKind.TILT))
    with spool.transaction():
        gone = spool.settle([Name.of(event(1, EventKind.TILT))])
    assert [item.name.event for item in gone] == ["tilt"]
    assert waiting(spool) == [Name.of(reading(1)), Name.of(event(1))]


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.integers(0, 2**53 - 1),
)
def test_upstreams_name_of_a_thing_is_ours(t: datetime, seq: int) -> None:
    things: list[Telemetry | Event | Refused] = [
        reading(1).model_copy(update={"t": t, "seq": seq}),
        event(1).model_copy(update={"t": t, "seq": seq}),
        refused(1).model_copy(update={"t": t, "seq": seq}),
    ]
    for thing in things:
        kind = thing.kind if isinstance(thing, Event) else None
        said = ReadingName(id=thing.id, t=thing.t, seq=thing.seq, kind=kind)
        back = ReadingName.model_validate_json(said.model_dump_json())
        assert Name.confirmed(back, gateway="gw-1") == Name.of(thing)


@given(st.text(st.characters(codec="ascii", categories=["Ll", "Nd"]), min_size=1, max_size=64))
def test_all_of_a_device_is_in_one_lane_and_refusals_are_in_their_own(device: str) -> None:
    lanes = {lane_of(Name(kind, device, 1, 1)) for kind in (ItemKind.READING, ItemKind.EVENT)}
    assert len(lanes) == 1
    assert lanes < set(range(LANES))
    assert lane_of(Name(ItemKind.REFUSED, device, 1, 1)) == REFUSED_LANE


def test_what_is_put_off_lets_others_pass_until_its_time(spool: Spool) -> None:
    put(spool, reading(1), reading(2))
    [first, second] = spool.head(lane_of(Name.of(reading(1))), limit=9, now=NOW)
    with spool.transaction():
        spool.defer(first.item_id, until=NOW + timedelta(hours=1))
    assert seqs(spool) == [second.name.seq]
    later = spool.head(lane_of(first.name), limit=9, now=NOW + timedelta(hours=1))
    assert later == [first, second]


def test_what_upstream_refused_is_kept_aside_up_to_a_bound(spool: Spool) -> None:
    put(spool, *(reading(n) for n in range(MAX_ASIDE + 5)))
    with spool.transaction():
        gone = spool.settle([Name.of(reading(n)) for n in range(MAX_ASIDE + 5)])
        spool.set_aside(gone, now=NOW)
    assert spool.backlog().total == 0
    assert spool.conn.execute("SELECT count(*), min(aside_id) FROM aside").fetchone() == (
        MAX_ASIDE,
        6,
    )


def test_messages_that_were_taken_are_known_up_to_a_bound(spool: Spool) -> None:
    with spool.transaction():
        for n in range(MAX_TAKEN + 1):
            spool.take(n.to_bytes(4, "big"))
    assert not spool.was_taken((0).to_bytes(4, "big"))
    assert spool.was_taken((1).to_bytes(4, "big"))


def test_numbers_are_never_given_twice_even_after_a_restart(tmp_path: Path) -> None:
    given_before = []
    for _ in range(3):
        found = Spool(tmp_path / "spool.sqlite")
        with found.transaction():
            given_before.append(found.next_number())
        found.close()
    assert len(set(given_before)) == 3


def test_a_full_database_writes_nothing_and_takes_again_when_there_is_room(spool: Spool) -> None:
    put(spool, *(reading(n) for n in range(100)))
    (pages,) = spool.conn.execute("PRAGMA page_count").fetchone()
    spool.conn.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(SpoolFullError, match="full"):
        put(spool, *(reading(n) for n in range(100, 9000)))
    assert spool.backlog().total == 100
    # What upstream confirms can still be forgotten.
    with spool.transaction():
        spool.settle([Name.of(reading(n)) for n in range(90)])
    assert seqs(spool) == [*range(90, 100)]
    spool.conn.execute("PRAGMA max_page_count = 1000000")
    assert put(spool, *(reading(n) for n in range(100, 9000))) == 8900


def test_the_file_gets_smaller_after_a_catch_up(spool: Spool, tmp_path: Path) -> None:
    things = [reading(n) for n in range(10_000)]
    put(spool, *things)
    with spool.transaction():
        spool.settle([Name.of(thing) for thing in things])
    spool.shrink()
    spool.close()
    assert (tmp_path / "spool.sqlite").stat().st_size < 1_000_000


class TestBounds:
    """What is given up, in which order, and that it is counted."""

    def keep(self, spool: Spool, *, max_bytes: int = GIGABYTE, max_age: timedelta = YEAR) -> int:
        with spool.transaction():
            return keep_bounds(spool, max_bytes=max_bytes, max_age=max_age, now=NOW)

    def test_nothing_goes_while_there_is_room(self, spool: Spool) -> None:
        put(spool, *(reading(n) for n in range(100)))
        assert self.keep(spool) == 0
        assert spool.tallies() == {}

    def test_what_is_too_old_goes_and_is_counted(self, spool: Spool) -> None:
        put(spool, reading(1), event(1), at=NOW - timedelta(days=31))
        put(spool, reading(2), at=NOW - timedelta(days=29))
        assert self.keep(spool, max_age=timedelta(days=30)) == 2
        assert seqs(spool) == [2]
        assert spool.tallies() == {TOO_OLD: 2}

    def test_the_oldest_past_is_thinned_first_and_the_newest_stays_whole(
        self, spool: Spool
    ) -> None:
        for n in range(4000):
            put(spool, reading(n, "dev-1"), reading(n, "dev-2"), *([event(n)] if n < 5 else []))
        used = spool.used_bytes()
        dropped = self.keep(spool, max_bytes=int(used * 0.95))
        left = spool.tallies()
        assert set(left) == {THINNED}
        assert left[THINNED] == dropped
        assert spool.used_bytes() <= used * 0.95
        kept = sorted(name.seq for name in waiting(spool) if name.device == "dev-2")
        assert kept[-2000:] == [*range(2000, 4000)]
        assert kept[0] == 0
        old = [seq for seq in kept if seq < 500]
        # The older, the wider the steps.
        assert {later - earlier for earlier, later in pairwise(old)} == {4}
        assert {later - earlier for earlier, later in pairwise(kept)} == {1, 2, 4}
        assert spool.backlog().counts[ItemKind.EVENT] == 5

    def test_refusals_go_before_readings_and_events_go_last(self, spool: Spool) -> None:
        put(spool, *(event(n) for n in range(50)))
        put(spool, *(refused(n) for n in range(1000)), *(reading(n) for n in range(3000)))
        self.keep(spool, max_bytes=int(spool.used_bytes() * 0.99))
        counts = spool.backlog().counts
        assert counts[ItemKind.REFUSED] < 1000
        assert (counts[ItemKind.READING], counts[ItemKind.EVENT]) == (3000, 50)
        self.keep(spool, max_bytes=120_000)
        counts = spool.backlog().counts
        assert (counts[ItemKind.REFUSED], counts[ItemKind.EVENT]) == (0, 50)
        assert counts[ItemKind.READING] < 1500
        tallies = spool.tallies()
        assert sum(tallies.values()) == 4050 - spool.backlog().total
        assert set(tallies) <= {NO_ROOM, THINNED}

    def test_a_bound_that_cannot_be_met_empties_the_spool_and_ends(self, spool: Spool) -> None:
        put(spool, *(reading(n) for n in range(100)), event(1))
        assert self.keep(spool, max_bytes=1) == 101
        assert spool.backlog().total == 0


def test_the_spool_is_a_plain_sqlite_file(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.sqlite")
    put(spool, reading(1))
    spool.close()
    conn = sqlite3.connect(tmp_path / "spool.sqlite")
    assert conn.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    conn.close()
