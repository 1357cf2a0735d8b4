"""Progress of long work: a bar on a terminal, a line now and then elsewhere."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

#: Without a terminal, a line at each of so many equal steps.
_STEPS = 5


@contextmanager
def bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show progress; the block calls what it gets with (done, total)."""
    if not sys.stderr.isatty():
        yield _lines(what)
        return
    columns = (
        TextColumn(what),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(compact=True),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def _lines(what: str) -> Callable[[int, int], None]:
    printed = -1

    def show(done: int, total: int) -> None:
        nonlocal printed
        step = done * _STEPS // max(total, 1)
        if step > printed:
            printed = step
            click.echo(f"{what}: {done} of {total}", err=True)

    return show
