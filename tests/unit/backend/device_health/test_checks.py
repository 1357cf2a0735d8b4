"""What a device's readings say about the device."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from angkut_backend.device_health.checks import Finding, Sample, findings
from angkut_backend.device_health.rules import FindingKind
from angkut_backend.device_health.service import joined
from angkut_backend.quality.rules import Flag

START = datetime(2026, 3, 1, tzinfo=UTC)
HALF_HOUR = timedelta(minutes=30)
SECOND = timedelta(seconds=1)


def at(slot: float) -> datetime:
    return START + slot * HALF_HOUR


def sample(
    slot: float,
    *,
    late: timedelta = 3 * SECOND,
    distance: float | None = 600.0,
    flags: int = 0,
    arrived: datetime | None = None,
) -> Sample:
    return Sample(1, at(slot), arrived or at(slot) + late, distance, flags)


def found(
    samples: Sequence[Sample],
    *,
    refused: Sequence[datetime] = (),
    now: datetime | None = None,
    interval: timedelta = HALF_HOUR,
) -> list[Finding]:
    return findings(
        samples, refused, interval=interval, now=now or max(s.observed_at for s in samples)
    )


def kinds(*args: Sequence[Sample], **options: object) -> list[FindingKind]:
    return [each.kind for each in found(*args, **options)]  # type: ignore[arg-type]


USUAL = [sample(n) for n in range(200)]


def test_a_device_that_does_its_work_gives_no_finding() -> None:
    assert found(USUAL) == []
    assert found([], now=START) == []


def test_readings_flagged_stuck_are_one_finding_from_first_to_last() -> None:
    samples = [sample(n, flags=Flag.STUCK if 50 <= n < 110 else 0) for n in range(200)]
    [finding] = found(samples)
    assert (finding.kind, finding.from_at, finding.to_at) == (FindingKind.STUCK, at(50), at(109))
    assert finding.detail == {"readings": 60}


@pytest.mark.parametrize(
    ("flags", "distance"),
    [(Flag.NO_ECHO, None), (Flag.OUT_OF_RANGE, 0.0), (Flag.OUT_OF_RANGE, 20.0),
     (Flag.OUT_OF_RANGE, 65_535.0)],
)  # fmt: skip
def test_three_readings_without_an_echo_are_a_finding_in_every_spelling(
    flags: Flag, distance: float | None
) -> None:
    def series(run: int) -> list[Sample]:
        return [
            sample(n, flags=flags, distance=distance) if 50 <= n < 50 + run else sample(n)
            for n in range(100)
        ]

    assert found(series(2)) == []
    [finding] = found(series(3))
    assert (finding.kind, finding.from_at, finding.to_at) == (FindingKind.NO_ECHO, at(50), at(52))


def test_an_open_lid_far_away_is_no_missing_echo() -> None:
    samples = [sample(n, flags=Flag.OUT_OF_RANGE, distance=3100.0) for n in range(20)]
    assert found(samples) == []


def test_a_gap_of_more_than_three_intervals_is_a_dropout() -> None:
    for missed in range(8):
        samples = [sample(n) for n in range(200) if not 100 <= n < 100 + missed]
        assert kinds(samples) == ([FindingKind.DROPOUT] if missed >= 3 else []), missed
    [finding] = found([sample(n) for n in range(200) if not 100 <= n < 110])
    assert finding.detail == {"readings_missed": 10}
    assert finding.from_at == at(100)
    assert at(109) < finding.to_at < at(110)


def test_a_device_that_is_silent_now_is_a_dropout_that_goes_on() -> None:
    assert kinds(USUAL, now=at(202)) == []
    [finding] = found(USUAL, now=at(230))
    assert finding.kind is FindingKind.DROPOUT
    assert finding.to_at > at(229)


def test_what_arrives_late_fills_the_gap() -> None:
    burst = at(130)
    samples = [sample(n, arrived=burst if 100 <= n < 130 else None) for n in range(200)]
    assert found(samples) == []


def test_a_device_that_was_told_to_report_less_often_is_not_silent() -> None:
    slow = [sample(n) for n in range(100)] + [sample(100 + 4 * n) for n in range(30)]
    assert found(slow) == []
    # Nor is one that hurries and then sleeps as long as it promised.
    quick = [sample(n / 4) for n in range(100)] + [sample(25 + 2 * n) for n in range(30)]
    assert found(quick) == []


def test_a_gap_within_a_slower_interval_is_measured_by_it() -> None:
    slow = [sample(4 * n) for n in range(100) if not 50 <= n < 55]
    [finding] = found(slow)
    assert finding.detail == {"readings_missed": 5}


def test_readings_that_arrived_under_a_wrong_clock_leave_no_dropout() -> None:
    behind = timedelta(hours=7)
    samples = sorted(
        Sample(1, at(n) - (behind if 100 <= n < 140 else timedelta()), at(n) + SECOND, 600.0, 0)
        for n in range(200)
    )
    assert kinds(samples) == [FindingKind.CLOCK]


def test_refused_readings_are_the_clock_and_not_a_dropout() -> None:
    samples = [sample(n) for n in range(200) if not 100 <= n < 120]
    refused = [at(n) for n in range(100, 120)]
    [finding] = found(samples, refused=refused)
    assert finding.kind is FindingKind.CLOCK
    assert finding.detail == {"readings_refused": 20}
    assert (finding.from_at, finding.to_at) == (at(100), at(119))


def test_one_refused_message_proves_nothing_and_two_days_of_them_are_two_findings() -> None:
    assert found(USUAL, refused=[at(50)]) == []
    assert kinds(USUAL, refused=[at(50), at(51), at(100), at(101)]) == [FindingKind.CLOCK] * 2


@pytest.mark.parametrize(
    ("late_s", "is_wrong"), [(-100, True), (-40, True), (-20, False), (60, False), (110, False),
                             (150, True), (4000, True), (72_000, True)],
)  # fmt: skip
def test_a_clock_is_wrong_when_readings_are_early_or_late_alike(
    late_s: float, *, is_wrong: bool
) -> None:
    samples = []
    for n in range(200):
        late = timedelta(seconds=late_s + n % 5 if 50 <= n < 90 else 3)
        samples.append(Sample(1, at(n) - late, at(n), 600.0, 0))
    samples.sort(key=lambda one: one.observed_at)
    wrong = [each for each in found(samples) if each.kind is FindingKind.CLOCK]
    assert bool(wrong) == is_wrong
    for each in wrong:
        assert each.detail["ahead_s"] == pytest.approx(-late_s - 2, abs=2)


def test_a_slow_drift_is_one_finding() -> None:
    # 500 ppm: 0.9 s a reading, unseen until it is two minutes behind.
    samples = [sample(n, late=timedelta(seconds=3 + 0.9 * n)) for n in range(400)]
    [finding] = found(samples)
    assert finding.kind is FindingKind.CLOCK
    assert finding.from_at > at(120)


def test_whole_hours_look_like_a_time_zone() -> None:
    samples = [sample(n, late=timedelta(hours=7, seconds=4)) for n in range(50)]
    [finding] = found(samples, now=at(50) + timedelta(hours=7))[:1]
    assert finding.kind is FindingKind.CLOCK
    assert finding.detail["looks_like"] == "time zone off by -7 h"


def test_single_messages_that_were_held_up_are_no_clock() -> None:
    samples = [
        sample(n, late=timedelta(minutes=7) if n % 20 == 0 else 3 * SECOND) for n in range(200)
    ]
    assert found(samples) == []


def test_late_readings_that_are_not_late_alike_are_no_clock() -> None:
    samples = [sample(n, late=timedelta(minutes=5 + 3 * (n * 7 % 5))) for n in range(100)]
    assert found(samples) == []


def test_findings_that_follow_closely_are_one_but_silences_are_not() -> None:
    def of(kind: FindingKind) -> list[Finding]:
        return [
            Finding(kind, at(0), at(2), {"readings": 3}),
            Finding(kind, at(10), at(12), {"readings": 4}),
            Finding(kind, at(200), at(202), {"readings": 5}),
        ]

    echoes = joined(of(FindingKind.NO_ECHO))
    assert [(each.from_at, each.to_at) for each in echoes] == [(at(0), at(12)), (at(200), at(202))]
    assert [each.detail for each in echoes] == [{"readings": 7}, {"readings": 5}]
    assert len(joined(of(FindingKind.DROPOUT))) == 3
