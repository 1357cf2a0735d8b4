"""`angkut dead-letters`: what was refused, why, and trying it again."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import click

from angkut_backend.dead_letters import service
from angkut_backend.dead_letters.replay import replay as replay_one
from angkut_backend.dead_letters.replay import replay_some
from angkut_backend.dead_letters.schemas import readable
from angkut_backend.dead_letters.service import DeadLetter, Outcome, Selection
from angkut_broker.errors import Reason
from angkut_infra.cli.context import actor, database
from angkut_infra.progress import bar

#: Letters between two lines of progress.
_CHUNK = 200
_REASON = click.Choice([str(reason) for reason in Reason])


def selecting(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that choose letters."""
    reason = click.option("--reason", type=_REASON, help="Only letters of this reason.")
    device = click.option("--device", help="Only letters of this device or gateway.")
    return reason(device(command))


@click.group("dead-letters")
def dead_letters() -> None:
    """See what was refused, why, and replay it once the cause is mended.

    Nothing that arrives vanishes: it is stored or it is here, until dead_letters_keep_days.
    """


@dead_letters.command("count")
@click.option("--by-device", is_flag=True, help="Count each device or gateway by itself.")
def count_(*, by_device: bool) -> None:
    """Count the dead letters by reason: all that are kept, and the open ones among them."""
    with database() as conn:
        rows = service.count_by_device(conn) if by_device else service.count_by_reason(conn)
        removed = service.count_removed(conn)
    for row in rows:
        whose = f"  {_plain(row.device or '-'):24}" if by_device else ""
        click.echo(f"{row.n:8}  {row.reason:22}{whose} {row.open:8} open  last {_utc(row.last_at)}")
    for gone in removed:
        click.echo(f"{gone.n:8}  {gone.reason:22} removed, outcome {gone.outcome}")
    if not rows and not removed:
        click.echo("no dead letters")


@dead_letters.command("list")
@selecting
@click.option("--all", "settled", is_flag=True, help="Also those stored by now or discarded.")
@click.option("--before", type=int, help="Only numbers below this one: the next page.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
def list_(
    reason: str | None, device: str | None, *, settled: bool, before: int | None, limit: int
) -> None:
    """List the newest open letters: number, time, reason, topic, what was wrong, the payload."""
    chosen = Selection(reason, device)
    with database() as conn:
        letters = service.list_letters(conn, chosen, settled=settled, before=before, limit=limit)
    for letter in letters:
        _head(letter)
        click.echo(f"  payload {letter.payload[:160]!r} ({letter.payload_bytes} bytes)")
    if not letters:
        click.echo("no dead letters" if settled else "no open dead letters")


@dead_letters.command()
@click.argument("number", type=int)
@click.option("--raw", is_flag=True, help="Write the payload's bytes and nothing else.")
def show(number: int, *, raw: bool) -> None:
    """Show one letter whole: where it came from, what was wrong, what became of it."""
    with database() as conn:
        letter = service.get(conn, number)
    if raw:
        sys.stdout.buffer.write(letter.payload)
        return
    _head(letter)
    click.echo(f"  payload {letter.payload_bytes} bytes\n{readable(letter.payload)}")


@dead_letters.command()
@click.argument("numbers", type=int, nargs=-1)
@selecting
@click.option("--all", "everything", is_flag=True, help="Every open letter.")
def replay(
    numbers: tuple[int, ...], reason: str | None, device: str | None, *, everything: bool
) -> None:
    """Store letters after all, by number, by --reason and --device, or --all of them.

    The stored bytes take the way of a new message, with their own time of arrival; readings
    that are there already are not stored twice. What is refused again stays open.

    \b
    Example: a sensor reported before it was registered
      angkut devices add --bin BKS-BT-0241 --id 70b3d5... --empty-mm 1200 --full-mm 200
      angkut dead-letters replay --reason unknown_device
    """
    chosen = _chosen(numbers, reason, device, everything=everything)
    now = datetime.now(UTC)
    with database() as conn:
        if chosen is None:
            for number in numbers:
                _head(replay_one(conn, number, actor=actor(), now=now))
                conn.commit()
            return
        total = service.count_open(conn, chosen, until=now)
        stored = refused = last = 0
        with bar("letters replayed") as progress:
            while True:
                part = replay_some(
                    conn, chosen, after=last, until=now, limit=_CHUNK, actor=actor(), now=now
                )
                stored, refused = stored + part.stored, refused + part.refused
                progress(stored + refused, total)
                if part.last is None:
                    break
                last = part.last
    click.echo(f"{stored} stored, {refused} refused again")


@dead_letters.command()
@click.argument("numbers", type=int, nargs=-1)
@selecting
@click.option("--all", "everything", is_flag=True, help="Every open letter.")
def discard(
    numbers: tuple[int, ...], reason: str | None, device: str | None, *, everything: bool
) -> None:
    """Take letters off the open ones. Their bytes stay until dead_letters_keep_days."""
    chosen = _chosen(numbers, reason, device, everything=everything)
    now = datetime.now(UTC)
    with database() as conn:
        if chosen is not None:
            n = service.discard_all(conn, chosen, actor=actor(), now=now)
        else:
            for number in numbers:
                service.discard(conn, number, actor=actor(), now=now)
            n = len(numbers)
    click.echo(f"{n} discarded")


def _chosen(
    numbers: tuple[int, ...], reason: str | None, device: str | None, *, everything: bool
) -> Selection | None:
    """Return the selection; `None`: by numbers."""
    by_selection = reason is not None or device is not None
    if bool(numbers) + by_selection + everything != 1:
        raise click.UsageError("name letters by number, by --reason and --device, or say --all")
    return None if numbers else Selection(reason, device)


def _head(letter: DeadLetter) -> None:
    number = letter.dead_letter_id
    click.secho(f"{number}  {_utc(letter.received_at)}  {letter.reason}", bold=True)
    click.echo(f"  topic   {_plain(letter.topic)}\n  wrong   {_plain(letter.detail)}")
    if letter.outcome is not None and letter.outcome_at is not None:
        colour = "green" if letter.outcome is Outcome.STORED else None
        why = f": {letter.outcome_detail}" if letter.outcome_detail else ""
        line = f"{letter.outcome} {_utc(letter.outcome_at)} by {letter.outcome_by}{why}"
        click.secho(f"  since   {line}", fg=colour)


def _plain(text: str) -> str:
    """Escape what could steer a terminal: a stranger may have written it."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _utc(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}"
