"""`angkut simulate faults`, and the options that switch faults."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from angkut_infra.cli.sim_faults import faults, plan_of
from angkut_sim.faults import CATALOGUE, Fault


def listed(*arguments: str) -> Result:
    return CliRunner().invoke(faults, arguments)


def test_every_fault_is_listed_with_rate_meaning_and_source() -> None:
    text = listed().output
    for fault, spec in CATALOGUE.items():
        assert f"{fault.value} " in text
        assert f"{spec.rate:g} {spec.unit}" in text
        assert f"{spec.what} ({spec.source})" in text


def test_the_list_shows_what_the_options_make_of_it() -> None:
    text = listed("--fault", "stuck=0.5", "--no-fault", "spike").output
    assert "0.5 a device-day" in text
    [spike] = [line for line in text.splitlines() if line.startswith("spike")]
    assert spike.split() == ["spike", "off"]


def test_all_may_be_switched_off_but_one(tmp_path: Path) -> None:
    path = tmp_path / "run.toml"
    path.write_text("[faults]\nfilm = 1\n")
    plan = plan_of(path, ("stuck=0.5",), ("all",))
    assert [fault for fault in Fault if plan.rate(fault)] == [Fault.STUCK]
    assert plan_of(path, (), ()).rate(Fault.FILM) == 1


@pytest.mark.parametrize("wrong", ["stuck", "stuk=1", "spike=2"])
def test_a_wrong_option_is_refused_with_the_remedy(wrong: str) -> None:
    result = listed("--fault", wrong)
    assert result.exit_code != 0
    assert result.exception is not None
