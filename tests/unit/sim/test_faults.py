from pathlib import Path

import pytest

from angkut_sim.errors import FaultError
from angkut_sim.fault_plan import FaultPlan
from angkut_sim.faults import CATALOGUE, Fault, Unit


def test_every_fault_has_words_a_rate_and_a_source() -> None:
    assert set(CATALOGUE) == set(Fault)
    for fault, spec in CATALOGUE.items():
        assert spec.what, fault
        assert spec.source, fault
        assert 0 < spec.rate <= 1, fault


def test_a_run_sets_and_switches_off_by_name() -> None:
    plan = FaultPlan.street().changed(["stuck=0.02", " film = 0 "], ["spike"])
    assert plan.rate(Fault.STUCK) == 0.02
    assert plan.rate(Fault.FILM) == plan.rate(Fault.SPIKE) == 0
    assert plan.rate(Fault.COPY) == CATALOGUE[Fault.COPY].rate


def test_a_plan_without_faults_has_none() -> None:
    assert {FaultPlan.none().rate(fault) for fault in Fault} == {0}


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("stuk=0.02", "no fault 'stuk'"),
        ("stuck", "not NAME=RATE, such as"),
        ("stuck=viel", "not NAME=RATE"),
        ("stuck=-1", r"stuck is -1 a device-day; it must be from 0 to 24"),
        ("spike=1.5", r"spike is 1.5 of readings; it must be from 0 to 1"),
        ("spike=nan", "must be from 0"),
    ],
)
def test_a_wrong_assignment_is_explained(assignment: str, message: str) -> None:
    with pytest.raises(FaultError, match=message):
        FaultPlan.street().changed([assignment], [])


def test_an_unknown_fault_cannot_be_switched_off() -> None:
    with pytest.raises(FaultError, match="`angkut simulate faults`"):
        FaultPlan.street().without(["spikes"])


def test_a_file_says_the_same_as_options(tmp_path: Path) -> None:
    path = tmp_path / "run.toml"
    path.write_text("[faults]\nstuck = 0.02\nspike = false\ncopy = true\n[other]\nx = 1\n")
    assert FaultPlan.load(path) == FaultPlan.street().changed(["stuck=0.02"], ["spike"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[faults]\nstuck = 'much'", r"run\.toml: stuck is 'much'"),
        ("[faults]\nstuk = 1", r"run\.toml: there is no fault 'stuk'"),
        ("faults = 3", r"run\.toml: faults must be a table"),
        ("[faults", r"cannot use .*run\.toml"),
    ],
)
def test_a_wrong_file_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "run.toml"
    path.write_text(text)
    with pytest.raises(FaultError, match=message):
        FaultPlan.load(path)


def test_shares_are_of_something_and_episodes_have_a_length() -> None:
    single = {Fault.REBOOT}
    for fault, spec in CATALOGUE.items():
        lasts = spec.unit in {Unit.PER_DEVICE_DAY, Unit.PER_PAIR_DAY} and fault not in single
        assert (spec.median_h > 0) == (lasts or fault is Fault.BATTERY_DEAD), fault
