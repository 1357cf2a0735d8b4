"""What was found beside what is labelled, by kind of fault.

Faults that last are compared as a whole: found when a finding overlaps the label. Single readings
are compared one by one. Not every label can be seen in the data: what cannot counts as labelled
but not as visible, by the bounds below.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from angkut_backend.device_health.rules import FindingKind
from angkut_backend.quality.rules import JUMP_PCT, Flag, heard_nothing
from angkut_sim.faults import Fault
from angkut_sim.labels import Label
from angkut_sim.truth import Surface

HOUR_S = 3600.0
#: A spike is visible when it is off by the jump of the rule and what may fill in half an hour.
SPIKE_VISIBLE_PCT = JUMP_PCT + 12.5
#: Stuck is visible after so many readings, and a silence when so much lies between the
#: first and the last reading missed.
STUCK_VISIBLE_READINGS = 8
DROPOUT_VISIBLE_S = 1.5 * HOUR_S
#: A wrong clock is visible from there on, for so long.
CLOCK_VISIBLE_S = (-150.0, 40.0)
CLOCK_VISIBLE_FOR_S = 3 * HOUR_S
#: A swap must last, and happen early enough to be seen from both sides.
SWAP_VISIBLE_S = 60 * HOUR_S
SWAP_WITHIN_S = 48 * HOUR_S
#: Both must be heard for a day within five days on either side, by quarters of a day.
_BUCKET_S = 6 * HOUR_S

_CLOCK = {Fault.CLOCK_DRIFT, Fault.CLOCK_JUMP, Fault.CLOCK_ZONE, Fault.CLOCK_LOST}
#: Any of these makes a device silent.
_SILENT = {
    Fault.DROPOUT, Fault.BATTERY_DEAD, Fault.RADIO_LOSS, Fault.RADIO_OUTAGE, Fault.DEAD_ZONE,
}  # fmt: skip
#: Any of these gives a distance that is not the waste's.
_OFF = {Fault.SPIKE, Fault.STRAY_ECHO, Fault.FILM, Fault.STUCK, Fault.COPY, Fault.NO_ECHO}
#: A reading that is off by so much, or whose bin is not as it should be, is rightly distrusted.
_OFF_PCT = 10.0
_EXCURSION = int(Flag.SPIKE | Flag.RATE_IMPOSSIBLE | Flag.DOUBLE_ECHO | Flag.OUT_OF_RANGE)


@dataclass(frozen=True, slots=True)
class Stored:
    """A reading as it is in the database."""

    device: str
    observed_at: datetime
    distance_mm: float | None
    fill_pct: float | None
    flags: int

    @property
    def at_s(self) -> float:
        """Time of the device."""
        return self.observed_at.timestamp()


@dataclass(frozen=True, slots=True)
class Town:
    """One seed's truth and findings."""

    labels: Sequence[Label]
    readings: Sequence[Stored]
    #: Rows of `device_finding`.
    found: Sequence[Mapping[str, Any]]
    #: What lay below a device in its own bin at a time, s since 1970.
    truth: Callable[[str, float], Surface]
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Score:
    """Counts of one kind."""

    labelled: int = 0
    visible: int = 0
    #: Of the visible, and of all, those that were found.
    visible_hit: int = 0
    hit: int = 0
    #: What the backend says, and how much of that is right.
    found: int = 0
    right: int = 0
    #: What was missed and what was wrong, to look at.
    missed: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()

    def __add__(self, other: "Score") -> "Score":
        return Score(
            self.labelled + other.labelled,
            self.visible + other.visible,
            self.visible_hit + other.visible_hit,
            self.hit + other.hit,
            self.found + other.found,
            self.right + other.right,
            self.missed + other.missed,
            self.wrong + other.wrong,
        )

    @property
    def precision(self) -> float:
        """Right of what was found."""
        return self.right / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        """Found of what is visible."""
        return self.visible_hit / self.visible if self.visible else 1.0

    @property
    def recall_of_all(self) -> float:
        """Found of all that is labelled."""
        return self.hit / self.labelled if self.labelled else 1.0


class Spans:
    """Stretches of time by device, asked whether one of them holds a moment."""

    def __init__(self, spans: Sequence[tuple[str, float, float]], margin_s: float) -> None:
        self._by_device: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
        for device, from_s, to_s in spans:
            self._by_device[device].append((from_s - margin_s, to_s + margin_s))
        for each in self._by_device.values():
            each.sort()

    def holds(self, device: str, at_s: float) -> bool:
        """Tell whether a stretch holds this moment."""
        spans = self._by_device[device]
        last = bisect_right(spans, (at_s, float("inf")))
        return any(from_s <= at_s <= to_s for from_s, to_s in spans[max(0, last - 40) : last])

    def overlaps(self, device: str, from_s: float, to_s: float) -> bool:
        """Tell whether a stretch overlaps."""
        return any(a <= to_s and from_s <= b for a, b in self._by_device[device])


def score(town: Town) -> dict[str, Score]:
    """Compare all kinds."""
    return {
        "stuck": _episodes(
            town, FindingKind.STUCK, {Fault.STUCK}, {Fault.STUCK, Fault.FILM}, _stuck(town)
        ),
        "spike": _spikes(town),
        "dropout": _episodes(town, FindingKind.DROPOUT, {Fault.DROPOUT}, _SILENT, _missed(town)),
        "clock error": _episodes(town, FindingKind.CLOCK, _CLOCK, _CLOCK, _clock(town)),
        "no echo (reading)": _no_echo(town),
        "no echo (run)": _episodes(
            town, FindingKind.NO_ECHO, {Fault.NO_ECHO}, {Fault.NO_ECHO}, _run_of_three(town)
        ),
        "swapped bins": _swaps(town),
    }


def _episodes(
    town: Town,
    kind: FindingKind,
    wanted: set[Fault],
    accepted: set[Fault],
    is_visible: Callable[[Label], bool],
) -> Score:
    found = [
        (row["device"], row["from_at"].timestamp(), row["to_at"].timestamp())
        for row in town.found
        if row["kind"] == kind
    ]
    said = Spans(found, HOUR_S / 2)
    causes = Spans(
        [
            (each.device_id, each.from_s, each.to_s)
            for each in town.labels
            if each.fault in accepted
        ],
        HOUR_S,
    )
    labels = [each for each in town.labels if each.fault in wanted]
    hits = {id(each): said.overlaps(each.device_id, each.from_s, each.to_s) for each in labels}
    visible = [each for each in labels if is_visible(each)]
    return Score(
        labelled=len(labels),
        visible=len(visible),
        visible_hit=sum(hits[id(each)] for each in visible),
        hit=sum(hits.values()),
        found=len(found),
        right=sum(causes.overlaps(*each) for each in found),
        missed=tuple(each.line() for each in visible if not hits[id(each)]),
        wrong=tuple(f"{kind} {each}" for each in found if not causes.overlaps(*each)),
    )


def _stuck(town: Town) -> Callable[[Label], bool]:
    times: defaultdict[str, list[float]] = defaultdict(list)
    for reading in town.readings:
        times[reading.device].append(reading.at_s)

    def is_visible(label: Label) -> bool:
        own = times[label.device_id]
        inside = bisect_right(own, label.to_s) - bisect_right(own, label.from_s - 1)
        return inside >= STUCK_VISIBLE_READINGS

    return is_visible


def _missed(town: Town) -> Callable[[Label], bool]:
    wrong_clock = _spans_of(town, _CLOCK, HOUR_S)
    first: dict[str, float] = {}
    for reading in town.readings:
        first.setdefault(reading.device, reading.at_s)

    def is_visible(label: Label) -> bool:
        # Never heard of before: an alert's business. At a wrong time: the clock's.
        is_known = first.get(label.device_id, town.end_s) < label.from_s
        is_timed = not wrong_clock.overlaps(label.device_id, label.from_s, label.to_s)
        return label.to_s - label.from_s >= DROPOUT_VISIBLE_S and is_known and is_timed

    return is_visible


def _run_of_three(town: Town) -> Callable[[Label], bool]:
    wrong_clock = _spans_of(town, _CLOCK, HOUR_S)

    def is_visible(label: Label) -> bool:
        readings: int = label.details["readings"]
        return readings >= 3 and not wrong_clock.overlaps(label.device_id, label.from_s, label.to_s)

    return is_visible


def _clock(town: Town) -> Callable[[Label], bool]:
    silent = Spans(
        [
            (each.device_id, each.from_s, each.to_s)
            for each in town.labels
            if each.fault in {Fault.DROPOUT, Fault.BATTERY_DEAD}
        ],
        0.0,
    )

    def is_visible(label: Label) -> bool:
        low, high = CLOCK_VISIBLE_S
        ahead_s = label.details["ahead_s"]
        lasts_s = label.to_s - label.from_s
        shows_s = lasts_s
        if label.fault is Fault.CLOCK_DRIFT and ahead_s:
            # It grows from nothing: the part of the time in which it is far enough.
            shows_s = lasts_s * (1 - (low if ahead_s < 0 else high) / ahead_s)
        moments = [label.to_s - share * shows_s for share in (0.1, 0.5, 0.9)]
        heard = not all(silent.holds(label.device_id, at_s) for at_s in moments)
        return not low <= ahead_s <= high and shows_s >= CLOCK_VISIBLE_FOR_S and heard

    return is_visible


def _spikes(town: Town) -> Score:
    wrong_clock = _spans_of(town, _CLOCK, HOUR_S)
    causes = _spans_of(town, _OFF, 120.0)
    swapped = _spans_of(town, {Fault.SWAPPED}, HOUR_S)
    labels = {
        (each.device_id, datetime.fromisoformat(each.details["t"])): each
        for each in town.labels
        if each.fault is Fault.SPIKE and "t" in each.details
    }
    visible = hits = visible_hits = found = right = 0
    wrong = []
    for reading in town.readings:
        label = labels.get((reading.device, reading.observed_at))
        said = bool(reading.flags & _EXCURSION) and not heard_nothing(
            reading.flags, reading.distance_mm
        )
        if label is not None:
            off = reading.fill_pct is None or (
                abs(reading.fill_pct - min(115.0, label.details["fill_pct"])) >= SPIKE_VISIBLE_PCT
            )
            distrusted = said or bool(reading.flags & Flag.STUCK)
            visible += off
            hits += distrusted
            visible_hits += off and distrusted
        if said:
            found += 1
            is_right = (
                label is not None
                or _is_off(town, reading)
                or any(
                    spans.holds(reading.device, reading.at_s)
                    for spans in (causes, wrong_clock, swapped)
                )
            )
            right += is_right
            if not is_right:
                wrong.append(str(reading))
    return Score(len(labels), visible, visible_hits, hits, found, right, (), tuple(wrong))


def _is_off(town: Town, reading: Stored) -> bool:
    surface = town.truth(reading.device, reading.at_s)
    if surface.lid_open or surface.near_pct is not None or surface.tilt_deg >= 45:
        return True
    level = reading.fill_pct
    return level is not None and abs(level - surface.fill_pct) >= _OFF_PCT


def _no_echo(town: Town) -> Score:
    wrong_clock = _spans_of(town, _CLOCK, 24 * HOUR_S)
    runs = _spans_of(town, {Fault.NO_ECHO}, 5.0)
    film = _spans_of(town, {Fault.COPY}, 60.0)
    labelled = hit = found = right = 0
    for reading in town.readings:
        if wrong_clock.holds(reading.device, reading.at_s):
            continue
        if film.holds(reading.device, reading.at_s):
            continue  # a copy of what came before
        true = runs.holds(reading.device, reading.at_s)
        said = heard_nothing(reading.flags, reading.distance_mm)
        labelled += true
        hit += true and said
        found += said
        right += true and said
    return Score(labelled, labelled, hit, hit, found, right)


def _swaps(town: Town) -> Score:
    """An exchange is a beginning or an end of a swap; each pair counts once."""
    labels = [
        each for each in town.labels
        if each.fault is Fault.SWAPPED and each.device_id < each.details["with"]
    ]  # fmt: skip
    found = [
        (row["device"], row["from_at"].timestamp(), row["to_at"].timestamp())
        for row in town.found
        if row["kind"] == FindingKind.SWAPPED and row["device"] < row["detail"]["with"]
    ]

    def moments(label: Label) -> list[float]:
        inner = (town.start_s + SWAP_VISIBLE_S, town.end_s - SWAP_VISIBLE_S)
        return [at_s for at_s in (label.from_s, label.to_s) if inner[0] <= at_s <= inner[1]]

    def fits(label: Label, device: str, from_s: float, to_s: float) -> bool:
        return device == label.device_id and any(
            from_s - SWAP_WITHIN_S <= moment <= to_s + SWAP_WITHIN_S
            for moment in (label.from_s, label.to_s)
        )

    def is_hit(label: Label) -> bool:
        return any(fits(label, *each) for each in found)

    heard: defaultdict[str, set[int]] = defaultdict(set)
    for reading in town.readings:
        heard[reading.device].add(int(reading.at_s // _BUCKET_S))

    def is_heard(label: Label, moment: float) -> bool:
        both = heard[label.device_id] & heard[label.details["with"]]
        middle = int(moment // _BUCKET_S)
        return all(sum(middle + step * n in both for n in range(1, 21)) >= 4 for step in (-1, 1))

    visible = [
        each
        for each in labels
        if each.to_s - each.from_s >= SWAP_VISIBLE_S
        and any(is_heard(each, moment) for moment in moments(each))
    ]

    def is_true(device: str, from_s: float, to_s: float) -> bool:
        return any(fits(label, device, from_s, to_s) for label in labels)

    return Score(
        labelled=len(labels),
        visible=len(visible),
        visible_hit=sum(map(is_hit, visible)),
        hit=sum(map(is_hit, labels)),
        found=len(found),
        right=sum(is_true(*each) for each in found),
        missed=tuple(each.line() for each in visible if not is_hit(each)),
        wrong=tuple(str(each) for each in found if not is_true(*each)),
    )


def _spans_of(town: Town, faults: set[Fault], margin_s: float) -> Spans:
    spans = [(e.device_id, e.from_s, e.to_s) for e in town.labels if e.fault in faults]
    return Spans(spans, margin_s)
