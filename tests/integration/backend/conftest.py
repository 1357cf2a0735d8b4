from collections.abc import Iterator
from pathlib import Path

import pytest

from parts.api import Api, running_api


@pytest.fixture
def page_dir(tmp_path: Path) -> Path:
    """A folder for the built page; nothing is built in it."""
    return tmp_path / "static"


@pytest.fixture
def api(database: str, page_dir: Path) -> Iterator[Api]:
    """A running API on a fresh database."""
    with running_api(database, page_dir) as api:
        yield api
