"""A site pack of a few bins, so that weeks take seconds."""

import shutil
from pathlib import Path

import pytest

from angkut_infra.sites import find_site


@pytest.fixture
def small_pack(tmp_path: Path) -> Path:
    """Return Bekasi Timur with every fifteenth bin and every fourth vehicle."""
    folder = tmp_path / "small"
    shutil.copytree(find_site("bekasi-timur"), folder)
    for name, nth in (("bins.csv", 15), ("vehicles.csv", 4)):
        head, *rows = (folder / name).read_text(encoding="utf-8").splitlines(keepends=True)
        (folder / name).write_text("".join([head, *rows[::nth]]), encoding="utf-8")
    return folder
