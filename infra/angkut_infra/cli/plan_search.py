"""How long a plan is searched for, and how far the search is."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import click

from angkut_backend.planning.search import Budget
from angkut_infra.cli.finite import FiniteRange
from angkut_infra.progress import bar

_Command = TypeVar("_Command", bound=Callable[..., Any])


def search_options(*, seconds: int) -> Callable[[_Command], _Command]:
    """Give a command `--seconds`, `--iterations` and `--seed`."""
    options = [
        click.option(
            "--seconds",
            type=FiniteRange(0, 600),
            default=seconds,
            show_default=True,
            help="Of searching.",
        ),
        click.option(
            "--iterations",
            type=click.IntRange(0, 1_000_000),
            help="Search so far instead: the same input and seed give the same plan.",
        ),
        click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=1, show_default=True),
    ]

    def with_options(command: _Command) -> _Command:
        for option in reversed(options):
            command = option(command)
        return command

    return with_options


def budget_of(seconds: float, iterations: int | None) -> Budget:
    """Return the budget that was asked for; iterations win."""
    return Budget(iterations=iterations) if iterations is not None else Budget(seconds=seconds)


@contextmanager
def searching() -> Iterator[Callable[[float], bool]]:
    """Show what share of a search's budget is used; the block hands on what it gets."""
    with bar("search, %") as progress:

        def watch(used: float) -> bool:
            progress(round(100 * used), 100)
            return False

        yield watch
