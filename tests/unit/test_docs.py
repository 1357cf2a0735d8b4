"""What the documents promise is there, and what is there is described."""

import re
from pathlib import Path

import pytest

from angkut_backend.settings import Settings
from angkut_broker.errors import Reason
from angkut_broker.topics import Channel
from angkut_infra.cli import _COMMANDS

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
def test_every_command_that_a_document_names_exists(path: Path) -> None:
    for name in re.findall(r"`(?:\.venv/bin/)?angkut ([a-z][a-z-]*)", path.read_text()):
        assert name in _COMMANDS
