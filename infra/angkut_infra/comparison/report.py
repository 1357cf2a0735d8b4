"""A comparison on paper: the table, what it says, CSV files, the curve."""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, fields
from pathlib import Path

from angkut_backend.planning.policies import Policy
from angkut_broker.errors import AngkutError
from angkut_infra.comparison.chart import chart
from angkut_infra.comparison.tally import Day, Figures
from angkut_infra.comparison.verdict import Row, cheapest, difference

_COLUMNS: tuple[tuple[str, Callable[[Figures], str]], ...] = (
    ("km/day", lambda f: f"{f.km:.1f}"),
    ("t/day", lambda f: f"{f.tonnes:.2f}"),
    ("service %", lambda f: f"{f.service_pct:.2f}"),
    ("not full %", lambda f: f"{f.hours_pct:.2f}"),
    ("fill %", lambda f: f"{f.fill_pct:.1f}"),
    ("overflow h", lambda f: f"{f.overflow_h:.1f}"),
    ("gap h", lambda f: f"{f.longest_gap_h:.0f}"),
    ("ritase", lambda f: f"{f.trips:.1f}"),
    ("truck h", lambda f: f"{f.truck_h:.1f}"),
    ("queue h", lambda f: f"{f.queue_h:.2f}"),
    ("over h", lambda f: f"{f.over_h:.2f}"),
    ("stops", lambda f: f"{f.stops:.1f}"),
)
LEGEND = (
    "service: emptyings before which the bin had not overflowed; not full: bin-hours below 100 %; "
    "fill: mean level when emptied; overflow: hours at 100 % per 100 bin-days; gap: longest "
    "between two emptyings; ritase, truck h, queue h (at disposal sites), over h (after the "
    "shift's end), stops: a day."
)


def table(rows: Sequence[Row]) -> str:
    """Return the table, as Markdown that reads as text."""
    width = max(len("policy"), *(len(row.choice.label) for row in rows))
    head = "| " + " | ".join(["policy".ljust(width), *(name for name, _ in _COLUMNS)]) + " |"
    rule = "|" + "|".join(["-" * (width + 2), *("-" * (len(n) + 1) + ":" for n, _ in _COLUMNS)])
    lines = [head, rule + "|"]
    for row in rows:
        cells = [told(row.figures).rjust(len(name)) for name, told in _COLUMNS]
        lines.append("| " + " | ".join([row.choice.label.ljust(width), *cells]) + " |")
    return "\n".join(lines)


def findings(rows: Sequence[Row], service_pct: float) -> Iterator[str]:
    """Say what each policy needs for a service level, and how the integrated one compares."""
    yield f"At a service level of {service_pct:g} % and above:"
    best = {policy: cheapest(rows, policy, service_pct) for policy in Policy}
    for policy, row in best.items():
        mine = [one for one in rows if one.choice.policy is policy]
        if row is not None:
            yield f"  {row.choice.label}: {row.figures.km:.1f} km a day"
        elif mine:
            top = max(mine, key=lambda one: one.figures.service_pct)
            reached = f"at best {top.figures.service_pct:.2f} % ({top.choice.label})"
            yield f"  {policy}: not reached, {reached}"
    ours = best[Policy.INTEGRATED]
    for row in best.values():
        if ours is not None and row is not None and row is not ours:
            yield "  " + compared(ours, row)


def compared(ours: Row, other: Row) -> str:
    """Say how one point differs from another."""
    found = difference(ours.days, other.days)
    km = "" if found.km_pct is None else f"{found.km_pct.told('+.1f')} % km, "
    weeks = "" if found.service.interval is None else "; in brackets 95 % of resampled weeks"
    return (
        f"{ours.choice.label} against {other.choice.label}: "
        f"{km}service {found.service.told('+.2f')} points{weeks}"
    )


def write(rows: Sequence[Row], folder: Path, text: str, title: str) -> list[Path]:
    """Write the table, the figures and the days as CSV, and the curve; return the files.

    Raises
    ------
    AngkutError
        A file cannot be written.
    """
    contents = {
        "table.md": text,
        "figures.csv": _csv(_figures(rows)),
        "days.csv": _csv(_days(rows)),
        "curve.svg": chart(rows, title),
    }
    files = []
    for name, content in contents.items():
        file = folder / name
        try:
            folder.mkdir(parents=True, exist_ok=True)
            file.write_text(content, encoding="utf-8")
        except OSError as exc:
            raise AngkutError(f"cannot write {file}: {exc.strerror}") from exc
        files.append(file)
    return files


def _figures(rows: Sequence[Row]) -> Iterator[list[object]]:
    yield ["policy", "knob", "seed", *(one.name for one in fields(Figures))]
    for row in rows:
        for seed, days in sorted(row.days.items()):
            values = asdict(Figures.of(days)).values()
            yield [row.choice.policy.value, row.choice.knob, seed, *values]
        yield [row.choice.policy.value, row.choice.knob, "all", *asdict(row.figures).values()]


def _days(rows: Sequence[Row]) -> Iterator[list[object]]:
    yield ["policy", "knob", "seed", *(one.name for one in fields(Day))]
    for row in rows:
        for seed, days in sorted(row.days.items()):
            for day in days:
                values = asdict(day).values()
                yield [row.choice.policy.value, row.choice.knob, seed, *values]


def _csv(rows: Iterator[list[object]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
