import io
import random
from dataclasses import dataclass, field

from angkut_broker.errors import AngkutError
from angkut_infra.stack.keeper import FIRST_DELAY_S, LONGEST_DELAY_S, STEADY_S, Keeper
from angkut_infra.stack.log import Log


@dataclass
class Patient:
    """A part that lives or dies as the test wants."""

    running: bool = True
    starts: list[float] = field(default_factory=list)
    broken: bool = False
    now: float = 0.0
    pid: int | None = None

    def death(self) -> str:
        return "patient ended with status 3"

    def start(self) -> None:
        self.starts.append(self.now)
        if self.broken:
            raise AngkutError("no bed free")
        self.running = True


def keep(patient: Patient, log: io.StringIO | None = None) -> Keeper:
    return Keeper(
        "patient",
        patient,
        patient.start,
        Log(log or io.StringIO()),
        random.Random(1),  # noqa: S311 - spreads restarts
        started_at=0.0,
    )


def live(keeper: Keeper, patient: Patient, *, since: float, until: float) -> None:
    """Look after the patient every tenth of a second."""
    for tick in range(round(since * 10), round(until * 10)):
        patient.now = tick / 10
        keeper.tend(patient.now)


def test_a_living_part_is_left_alone() -> None:
    patient = Patient()
    live(keep(patient), patient, since=0, until=100)
    assert patient.starts == []


def test_a_dead_part_is_started_again_after_a_moment_and_both_are_said() -> None:
    patient, log = Patient(running=False), io.StringIO()
    live(keep(patient, log), patient, since=0, until=2)
    assert len(patient.starts) == 1
    assert FIRST_DELAY_S / 2 <= patient.starts[0] <= FIRST_DELAY_S + 0.1
    assert "patient ended with status 3" in log.getvalue()
    assert "starting patient again in 0." in log.getvalue()
    assert "patient is back" in log.getvalue()


def test_a_part_that_cannot_start_is_tried_ever_more_rarely_but_for_ever() -> None:
    patient, log = Patient(running=False, broken=True), io.StringIO()
    live(keep(patient, log), patient, since=0, until=600)
    gaps = [
        after - before for before, after in zip(patient.starts, patient.starts[1:], strict=False)
    ]
    assert gaps[0] < 1.2
    assert max(gaps) <= LONGEST_DELAY_S + 0.2
    assert min(gaps[8:]) >= LONGEST_DELAY_S / 2
    assert len(patient.starts) > 20
    assert "no bed free" in log.getvalue()


def test_a_part_that_was_healthy_for_long_is_started_again_at_once() -> None:
    patient = Patient(running=False, broken=True)
    keeper = keep(patient)
    live(keeper, patient, since=0, until=100)
    patient.broken = False
    live(keeper, patient, since=100, until=200)
    assert patient.running
    patient.running = False
    died = 200 + STEADY_S
    before = len(patient.starts)
    live(keeper, patient, since=died, until=died + 2)
    assert patient.starts[before] - died <= FIRST_DELAY_S + 0.1
