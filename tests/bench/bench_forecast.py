"""How good forecasts are in simulated towns whose sensors and radio fail, beside naive rules.

    .venv/bin/python tests/bench/bench_forecast.py --seeds 11 12 13 14

Seeded towns with all faults on go through the code that runs in life, on a real database; forecasts
are made from what had arrived by then and compared with the truth, which no sensor knows: until the
next emptying, and with what had been if nobody had emptied the bin. A third of the bins has no
sensor. Ends with 1 when a bar is missed: lower pinball loss than each naive rule, and a 90 % band
that holds 87 to 93 %.

    .venv/bin/python tests/bench/bench_forecast.py --seeds 11 --start 2026-02-20     # Lebaran
"""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from angkut_backend.db import connect
from angkut_backend.forecast.backtest import SCORED_H
from angkut_backend.forecast.predict import QUANTILES
from bench import places
from bench.forecast_world import Bins, Told, live

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
#: The band may err by a rounding, %.
_SLACK_PCT = 0.5
_COVERAGE = (0.87, 0.93)
_BANDS = (("0 to 25 %", 0, 25), ("25 to 50 %", 25, 50), ("50 to 75 %", 50, 75),
          ("75 to 100 %", 75, 100), ("full", 100, 999))  # fmt: skip
_CHANCES = (0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 1.001)


@dataclass(frozen=True, slots=True)
class Levels:
    """All levels that were forecast and came; arrays are [n]."""

    ahead_h: Floats
    kind: NDArray[np.str_]
    has_sensor: Mask
    is_reported: Mask
    age_h: Floats
    now_pct: Floats
    loss_pct: Floats
    below: Mask
    above: Mask
    #: What came less the median.
    off_pct: Floats
    chance: Floats
    full: Mask
    #: Loss of each naive rule.
    naive_pct: dict[str, Floats]


def main() -> None:
    """Run every seed, print the tables, judge."""
    options = _options()
    start = datetime.fromisoformat(options.start).replace(tzinfo=UTC)
    began_s = time.monotonic()
    found: list[tuple[Bins, Told]] = []
    for seed in options.seeds:
        with places.database(options.storage) as dsn, connect(dsn) as conn:
            bins, told = live(
                conn,
                seed=seed,
                bins=options.bins,
                days=options.days,
                start=start,
                every_h=options.every,
            )
        found += [(bins, each) for each in told]
        print(f"seed {seed}: {len(told)} forecasts of {options.bins} bins", flush=True)
    levels = _levels(found)
    print(
        f"\n{len(options.seeds)} seeds x {options.bins} bins x {options.days} days from "
        f"{start:%Y-%m-%d}, all faults on, {time.monotonic() - began_s:.0f} s"
    )
    for line in [*_table(levels), "", *_chances(levels), "", *_fulls(found)]:
        print(line)
    print("\nif nobody had emptied the bins:")
    alone = [(bins, _left_alone(told)) for bins, told in found]
    left = _levels(alone)
    for line in [*_said(left), "", *_chances(left), "", *_fulls(alone)]:
        print(line)
    missed = list(_missed(levels))
    print("\n" + ("\n".join(missed) or "all bars held"))
    sys.exit(1 if missed else 0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[11, 12, 13, 14])
    parser.add_argument("--bins", type=int, default=60)
    parser.add_argument("--days", type=int, default=36, help="forecasts begin after 15")
    parser.add_argument("--start", default="2026-07-06", help="first day, UTC")
    parser.add_argument("--every", type=int, default=7, help="hours between forecasts")
    parser.add_argument("--storage", default="embedded", help="embedded, timescaledb or a DSN")
    return parser.parse_args()


def _left_alone(told: Told) -> Told:
    """Return the same with what had come if nobody had emptied the bins, at all hours."""
    return replace(told, truth_pct=told.left_pct, alone=np.ones_like(told.alone))


def _levels(found: Sequence[tuple[Bins, Told]]) -> Levels:
    parts = [_at(bins, told, ahead) for bins, told in found for ahead in SCORED_H]
    columns = [one.name for one in fields(Levels) if one.name != "naive_pct"]
    return Levels(
        **{name: np.concatenate([getattr(part, name) for part in parts]) for name in columns},
        naive_pct={
            name: np.concatenate([part.naive_pct[name] for part in parts])
            for name in parts[0].naive_pct
        },
    )


def _at(bins: Bins, told: Told, ahead: int) -> Levels:
    """Return the levels of one forecast and hour ahead."""
    use = told.alone[:, ahead]
    came = np.minimum(told.truth_pct[use, ahead], 100)
    levels = np.minimum(told.level_pct[:, use, ahead], 100)
    return Levels(
        ahead_h=np.full(use.sum(), float(ahead)),
        kind=np.array(bins.kinds)[use],
        has_sensor=bins.has_sensor[use],
        is_reported=bins.is_reported[use],
        age_h=told.age_h[use],
        now_pct=told.truth_pct[use, 0],
        loss_pct=_loss(levels, came),
        below=came < levels[0] - _SLACK_PCT,
        above=came > levels[-1] + _SLACK_PCT,
        off_pct=came - levels[len(QUANTILES) // 2],
        chance=told.overflow_probability[use, ahead],
        full=told.truth_pct[use, ahead] >= 100,
        naive_pct={
            name: _loss(np.minimum(points[use, ahead], 100)[None], came)
            for name, points in told.naive.items()
        },
    )


def _loss(levels: Floats, came: Floats) -> Floats:
    """Return the mean pinball loss over the quantiles, % [n]; one row: the same for all."""
    shares = np.array(QUANTILES)[:, None]
    loss: Floats = np.maximum(shares * (came - levels), (shares - 1) * (came - levels)).mean(axis=0)
    return loss


def _table(levels: Levels) -> Iterator[str]:
    rules = list(levels.naive_pct)
    yield (
        "| | levels | pinball % | in band | below | above | mean off % | "
        + " | ".join(rules)
        + " |"
    )
    yield "| --- " * (7 + len(rules)) + "|"
    for name, use in _slices(levels):
        if not use.any():
            continue
        below, above = levels.below[use].mean(), levels.above[use].mean()
        cells = [
            f"{use.sum():,}",
            f"{levels.loss_pct[use].mean():.2f}",
            f"{1 - below - above:.1%}",
            f"{below:.1%}",
            f"{above:.1%}",
            f"{levels.off_pct[use].mean():+.1f}",
            *(f"{levels.naive_pct[rule][use].mean():.2f}" for rule in rules),
        ]
        yield f"| {name} | " + " | ".join(cells) + " |"


def _said(levels: Levels) -> Iterator[str]:
    """Say how often bins were said to be full and were, a day ahead and two."""
    yield "| | levels | 24 h: said | came | 48 h: said | came |"
    yield "| --- " * 6 + "|"
    for name, use in _slices(levels):
        cells = [f"{use.sum():,}"]
        for ahead in (24, 48):
            there = use & (levels.ahead_h == ahead)
            if there.any():
                cells += [f"{levels.chance[there].mean():.1%}", f"{levels.full[there].mean():.1%}"]
        if len(cells) == 5:
            yield f"| {name} | " + " | ".join(cells) + " |"


def _slices(levels: Levels) -> Iterator[tuple[str, Mask]]:
    sensor = levels.has_sensor
    yield "all", np.ones_like(sensor)
    yield "with a sensor", sensor
    yield "heard of within 3 h", sensor & (levels.age_h <= 3)
    yield "silent for 3 to 24 h", sensor & (levels.age_h > 3) & (levels.age_h <= 24)
    yield "silent for longer", sensor & (levels.age_h > 24)
    yield "no sensor, crews report", levels.is_reported
    yield "nothing known", ~sensor & ~levels.is_reported
    for ahead in SCORED_H:
        yield f"{ahead} h ahead", levels.ahead_h == ahead
    for kind in np.unique(levels.kind):
        yield str(kind), levels.kind == kind
    for name, low, high in _BANDS:
        yield f"now {name}", (levels.now_pct >= low) & (levels.now_pct < high)


def _chances(levels: Levels) -> Iterator[str]:
    yield "| chance of overflow | levels | said | came |"
    yield "| --- | --- | --- | --- |"
    for low, high in pairwise(_CHANCES):
        use = (levels.chance >= low) & (levels.chance < high)
        if use.any():
            said, came = levels.chance[use].mean(), levels.full[use].mean()
            yield f"| {low:.0%} to {min(high, 1):.0%} | {use.sum():,} | {said:.1%} | {came:.1%} |"


def _fulls(found: Sequence[tuple[Bins, Told]]) -> Iterator[str]:
    """Say how far off times to full were, of bins with a sensor, and hours of overflow, of all."""
    errors: dict[str, list[Floats]] = {}
    said, came, hours = 0.0, 0, 0
    for bins, told in found:
        full_h = _first_full(np.where(told.alone, told.truth_pct, 0))
        # Where it is full already nothing is left to say.
        scored = bins.has_sensor & (full_h > 0) & ~np.isnan(told.to_full_h)
        for name, points in told.naive.items():
            rule_h = _first_full(points)
            both = scored & ~np.isnan(rule_h)
            pair = np.abs(np.stack([rule_h, told.to_full_h])[:, both] - full_h[both])
            errors.setdefault(name, []).append(pair)
        alone = np.abs(told.to_full_h[scored] - full_h[scored])
        errors.setdefault("", []).append(np.stack([alone, alone]))
        left = told.alone.sum(axis=1) - 1
        rows = np.flatnonzero(left > 0)
        said += float(told.overflow_h[rows, left[rows]].sum())
        came += int((told.alone[:, 1:] & (told.truth_pct[:, 1:] >= 100)).sum())
        hours += int(left[rows].sum())
    yield "| time to full, where both said one | rule off by h | forecast off by h | times |"
    yield "| --- | --- | --- | --- |"
    for name, parts in errors.items():
        off_h = np.concatenate(parts, axis=1)
        if off_h.size:
            rule, ours = off_h.mean(axis=1)
            told_h = f"{rule:.1f}" if name else ""
            yield f"| {name or 'no rule'} | {told_h} | {ours:.1f} | {off_h.shape[1]:,} |"
    yield ""
    yield (f"hours of overflow: expected {said:,.0f}, came {came:,}, of {hours:,} hours")


def _first_full(level_pct: Floats) -> Floats:
    full = level_pct >= 100
    return np.where(full.any(axis=1), np.argmax(full, axis=1), np.nan)


def _missed(levels: Levels) -> Iterator[str]:
    """Say which bar is missed, for all bins and for those with a sensor."""
    low, high = _COVERAGE
    for name, use in list(_slices(levels))[:2]:
        loss = levels.loss_pct[use].mean()
        for rule, losses in levels.naive_pct.items():
            if loss >= losses[use].mean():
                yield f"missed, {name}: pinball loss {loss:.2f}, {rule} {losses[use].mean():.2f}"
        inside = 1 - (levels.below[use] | levels.above[use]).mean()
        if not low <= inside <= high:
            yield f"missed, {name}: {inside:.1%} in the 90 % band, not {low:.0%} to {high:.0%}"


if __name__ == "__main__":
    main()
