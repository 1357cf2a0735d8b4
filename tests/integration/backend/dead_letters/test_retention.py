"""Which dead letters go, and that their number stays."""

from datetime import UTC, datetime, timedelta

from angkut_backend.db import Connection
from angkut_backend.dead_letters import service
from angkut_backend.dead_letters.retention import Keep, retain
from angkut_backend.dead_letters.service import DeadLetter, Selection

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MANY = 1_000_000


def add(conn: Connection, device: str, *, days: int = 0, n: int = 1) -> None:
    conn.execute(
        "INSERT INTO dead_letter (received_at, topic, payload, reason, detail) "
        "SELECT %s, 'angkut/v1/c/a/bin/' || %s || '/telemetry', '{', 'not_json', '' "
        "FROM generate_series(1, %s)",
        [NOW - timedelta(days=days), device, n],
    )


def kept(conn: Connection) -> list[DeadLetter]:
    return service.list_letters(conn, Selection(), settled=True, limit=1000)


def removed(conn: Connection) -> dict[str, int]:
    return {row.outcome: row.n for row in service.count_removed(conn)}


def test_what_is_too_old_goes_and_stays_counted(storage_conn: Connection) -> None:
    add(storage_conn, "a", days=91)
    add(storage_conn, "a", days=91)
    add(storage_conn, "a", days=89)
    oldest = min(letter.dead_letter_id for letter in kept(storage_conn))
    service.discard(storage_conn, oldest, actor="x", now=NOW)
    keep = Keep(timedelta(days=90), MANY)
    assert not retain(storage_conn, keep, NOW)
    assert len(kept(storage_conn)) == 1
    assert removed(storage_conn) == {"discarded": 1, "none": 1}
    assert not retain(storage_conn, keep, NOW + timedelta(days=2))
    assert removed(storage_conn) == {"discarded": 1, "none": 2}


def test_without_an_age_the_oldest_stays(storage_conn: Connection) -> None:
    add(storage_conn, "a", days=5000)
    assert not retain(storage_conn, Keep(None, MANY), NOW)
    assert len(kept(storage_conn)) == 1


def test_a_babbling_device_does_not_push_out_the_others(storage_conn: Connection) -> None:
    add(storage_conn, "quiet", days=80)
    add(storage_conn, "babbler", n=100)
    while retain(storage_conn, Keep(timedelta(days=90), 10), NOW):
        pass
    letters = kept(storage_conn)
    assert len(letters) == 10
    assert letters[-1].device == "quiet"
    assert removed(storage_conn) == {"none": 91}


def test_of_one_device_the_settled_go_first_and_then_the_oldest(storage_conn: Connection) -> None:
    add(storage_conn, "a", n=4)
    numbers = sorted(letter.dead_letter_id for letter in kept(storage_conn))
    service.discard(storage_conn, numbers[-1], actor="x", now=NOW)
    while retain(storage_conn, Keep(None, 2), NOW):
        pass
    assert sorted(letter.dead_letter_id for letter in kept(storage_conn)) == numbers[1:3]


def test_much_work_is_done_in_bounded_steps(storage_conn: Connection) -> None:
    add(storage_conn, "a", days=91, n=5)
    keep = Keep(timedelta(days=90), MANY)
    assert retain(storage_conn, keep, NOW, step=3)
    assert len(kept(storage_conn)) == 2
    assert not retain(storage_conn, keep, NOW, step=3)
    assert kept(storage_conn) == []
