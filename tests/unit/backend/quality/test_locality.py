"""What is new changes only its neighbourhood: judging just that gives what judging all gives."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from angkut_backend.quality.emptyings import Emptying, emptyings, is_trusted, seen_from
from angkut_backend.quality.judgement import Reading, judge, judged_from
from parts.levels import reading

LEVEL = st.sampled_from([None, 20.0, 21.0, 40.0, 60.0, 60.0, 60.0, 60.0, 100.0])
GAP_MIN = st.sampled_from([1, 10, 30, 30, 30, 120, 300, 400, 8000])


@st.composite
def histories(draw: st.DrawFn) -> list[Reading]:
    """Draw awkward series: plateaus, jumps, silences."""
    lengths = st.sampled_from([1, 2, 3, 4, 30])
    pieces = draw(st.lists(st.tuples(LEVEL, GAP_MIN, lengths), min_size=1, max_size=8))
    minutes = 0
    found: list[Reading] = []
    for level, gap_min, length in pieces:
        for _ in range(length):
            minutes += gap_min
            # Some sensors repeat the same echoes, noise and all.
            echoes = [600, 602] if level == 60.0 and gap_min == 30 else None
            found.append(
                reading(
                    minutes, level, every=timedelta(minutes=1), seq=len(found) + 1, echoes=echoes
                )
            )
    return found


def seen(readings: list[Reading], flags: list[int]) -> list[Emptying]:
    return emptyings([r for r, f in zip(readings, flags, strict=True) if is_trusted(r, f)])


@given(histories(), st.data())
def test_judging_only_the_neighbourhood_gives_what_judging_everything_gives(
    history: list[Reading], data: st.DataObject
) -> None:
    late = data.draw(st.sets(st.integers(0, len(history) - 1), min_size=1, max_size=4))
    before = [r for i, r in enumerate(history) if i not in late]
    before_flags = judge(before, 0)
    stored = dict(zip((r.observed_at for r in before), before_flags, strict=True))
    now = [r._replace(flags=stored.get(r.observed_at, r.flags)) for r in history]

    first = min(late)
    limit = data.draw(st.integers(4, 60))
    start = anchor = None
    while start is None or anchor is None:
        context = now[max(0, first - limit) : first]
        complete = len(context) < limit
        start = judged_from(context, complete=complete)
        anchor = None if start is None else seen_from(context, start, complete=complete)
        limit *= 2
    skipped = first - len(context)
    readings = now[skipped:]
    flags = judge(readings, start)
    everything = judge(history, 0)
    assert [r.flags for r in now[:skipped]] + flags == everything

    kept_until = readings[anchor].observed_at
    kept = [e for e in seen(before, before_flags) if e.after_at <= kept_until]
    assert kept + seen(readings[anchor:], flags[anchor:]) == seen(history, everything)
