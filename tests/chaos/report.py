"""What a run under faults came to, as a table."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Result:
    """One run."""

    scenario: str
    kills: Counter[str]
    network_faults: Counter[str]
    #: Readings that were published, each counted once.
    published: int
    stored: int
    #: Distinct messages kept aside.
    dead_letters: int
    lost: int
    #: Messages that senders with memory published once more.
    sent_again: int
    #: Copies that the key absorbed, as far as the workers' counters outlived the kills.
    absorbed: int
    #: Dead letters beyond the first of the same message.
    dead_letter_copies: int
    #: From the first message to the last one safe, seconds.
    elapsed_s: float


#: Of this session; the summary prints them.
RESULTS: list[Result] = []

_COLUMNS = (
    *("scenario", "kills", "(ingest/broker/postgres)", "network faults", "published", "stored"),
    *("dead letters", "lost", "sent again", "copies absorbed", "letter copies", "seconds"),
)


def table(results: Sequence[Result]) -> str:
    """Return a Markdown table, one line a run."""
    rows = [_COLUMNS, tuple("---" for _ in _COLUMNS), *(_cells(result) for result in results)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _cells(result: Result) -> tuple[str, ...]:
    by_part = "/".join(str(result.kills[part]) for part in ("ingest", "broker", "postgres"))
    return (
        result.scenario,
        str(result.kills.total()),
        by_part,
        str(result.network_faults.total()),
        f"{result.published:,}",
        f"{result.stored:,}",
        f"{result.dead_letters:,}",
        f"{result.lost:,}",
        f"{result.sent_again:,}",
        f"{result.absorbed:,}",
        f"{result.dead_letter_copies:,}",
        f"{result.elapsed_s:.0f}",
    )
