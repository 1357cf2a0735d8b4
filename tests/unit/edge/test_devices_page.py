"""What docs/devices.md says of models and envelopes is so."""

import importlib.util
import re
import tomllib
from pathlib import Path

import pytest

from angkut_edge.models import registry
from angkut_edge.settings import Source, envelope_kinds

PAGE = (Path(__file__).parents[3] / "docs/devices.md").read_text()
TABLE = PAGE.partition("## Models")[2].partition("###")[0]
ROWS = dict(re.findall(r"^\| `([a-z0-9-]+)` \|(.*)$", TABLE, re.MULTILINE))


@pytest.mark.parametrize("name", registry())
def test_every_model_has_a_row_with_what_it_rests_on(name: str) -> None:
    cells = [cell.strip() for cell in ROWS[name].split("|")]
    model = registry()[name]
    assert model.maker in cells[0]
    assert cells[2] == model.evidence


def test_no_row_is_of_a_model_that_is_not() -> None:
    assert set(ROWS) == set(registry())


@pytest.mark.parametrize("kind", envelope_kinds())
def test_every_envelope_has_a_chapter(kind: str) -> None:
    assert f"### `{kind}`" in PAGE


def test_every_example_of_settings_is_valid() -> None:
    blocks = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert len(blocks) >= 8
    for block in blocks:
        # A table over several lines is for the reader; TOML wants it on one.
        settings = tomllib.loads(re.sub(r",\n +", ", ", block))
        (source,) = settings.get("sources", [{"name": "ns"} | settings])
        assert Source.model_validate(source).envelope.filters


def test_the_new_model_of_the_page_decodes_its_frame(tmp_path: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    file = tmp_path / "lvl_1.py"
    file.write_text(code)
    spec = importlib.util.spec_from_file_location("lvl_1", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (model,) = module.MODELS
    (sample,) = model.decode(bytes.fromhex("0E1002640105"), 10).samples
    assert (sample.bat_mv, sample.d_mm, sample.temp_c) == (3600, (612,), 26.1)
