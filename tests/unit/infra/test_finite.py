"""Numbers on the command line are numbers."""

import click
import pytest
from click.testing import CliRunner

from angkut_infra.cli.finite import FiniteRange
from angkut_infra.cli.plan_search import search_options


@click.command()
@search_options(seconds=10)
@click.option("--factor", type=FiniteRange(min=0))
def run(seconds: float, iterations: int | None, seed: int, factor: float | None) -> None:
    click.echo(f"{seconds} {iterations} {seed} {factor}")


@pytest.mark.parametrize(
    ("option", "value"),
    [("--seconds", "nan"), ("--seconds", "-nan"), ("--seconds", "inf"), ("--factor", "inf")],
)
def test_what_is_no_finite_number_is_refused_by_option(option: str, value: str) -> None:
    result = CliRunner().invoke(run, [option, value])

    assert result.exit_code == 2
    assert f"'{option}': {value} is not in the range" in result.output


def test_numbers_within_bounds_pass() -> None:
    result = CliRunner().invoke(run, ["--seconds", "0.5", "--factor", "3"])

    assert result.output == "0.5 None 1 3.0\n"
