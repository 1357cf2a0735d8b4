"""What the documents promise is there, and what is there is described."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from angkut_backend.settings import Settings
from angkut_broker.errors import Reason
from angkut_broker.topics import Channel
from angkut_infra.cli import angkut

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_described_with_its_default(name: str) -> None:
    text = (ROOT / "docs/configuration.md").read_text()
    row = re.search(rf"^\| `{name}` \|(.*?)\|", text, re.MULTILINE)
    assert row
    default = Settings.model_fields[name].default
    shown = (
        ""
        if default in {None, ""}
        else f"`{str(default).lower() if default is False else default}`"
    )
    assert row.group(1).strip() == shown


@pytest.mark.parametrize("word", [*Reason, *Channel])
def test_every_reason_and_channel_is_described(word: str) -> None:
    assert f"`{word}`" in (ROOT / "docs/wire-contract.md").read_text()


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text()):
        if not target.startswith("http"):
            assert (path.parent / target).exists(), target


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_that_a_document_names_exists_with_its_options(path: Path) -> None:
    for line in command_lines(path.read_text()):
        assert wrong_in(line) is None, f"angkut {line}"


def test_the_check_of_commands_finds_what_is_wrong() -> None:
    block = "```sh\n.venv/bin/angkut plan make --dya \\\n  now # so\n```"
    text = f"`angkut up`, `angkut plan maek`:\n{block}"
    assert list(command_lines(text)) == ["up", "plan maek", "plan make --dya now"]
    assert [wrong_in(line) for line in command_lines(text)] == [None, "maek", "--dya"]


def command_lines(text: str) -> Iterator[str]:
    """Yield what follows `angkut`, in running text and in blocks, up to a comment or a pipe."""
    found = re.findall(r"`(?:\.venv/bin/)?angkut ([^`]+)`", text)
    for block in re.findall(r"```[^\n]*\n(.*?)```", text, re.DOTALL):
        whole = re.sub(r"\\\n\s*", " ", block)
        found += re.findall(r"(?:^|[\s/])angkut ([a-z].*)", whole, re.MULTILINE)
    for line in found:
        yield " ".join(re.split(r" #|\|", line)[0].split())


def wrong_in(line: str) -> str | None:
    """Return the first word of a command line that is no command and no option, if any."""
    command: click.Command = angkut
    words = shlex.split(line)
    while words and isinstance(command, click.Group) and re.fullmatch("[a-z][a-z-]*", words[0]):
        found = command.get_command(click.Context(command), words[0])
        if found is None:
            return words[0]
        command, words = found, words[1:]
    options = {"-h", "--help"}.union(*(one.opts + one.secondary_opts for one in command.params))
    given = (word.partition("=")[0].rstrip(".,;:)") for word in words if word.startswith("--"))
    return next((option for option in given if option not in options), None)
