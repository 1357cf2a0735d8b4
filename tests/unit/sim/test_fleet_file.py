import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from angkut_sim.errors import FleetFileError
from angkut_sim.fleet_file import FleetFile
from parts.sim import PASSWORD, fleet_of


def test_a_fleet_file_reads_back_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "fleet.json"
    fleet_of(3).save(path)
    fleet_of(2).save(path)
    assert FleetFile.load(path) == fleet_of(2)


def test_only_the_owner_reads_the_passwords(tmp_path: Path) -> None:
    path = tmp_path / "fleet.json"
    path.touch(mode=0o644)
    fleet_of(1).save(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert PASSWORD not in repr(FleetFile.load(path))


def test_a_missing_file_says_what_makes_it(tmp_path: Path) -> None:
    with pytest.raises(FleetFileError, match=r"fleet\.json.*angkut demo"):
        FleetFile.load(tmp_path / "fleet.json")


def test_a_wrong_field_is_named_without_its_value(tmp_path: Path) -> None:
    path = tmp_path / "fleet.json"
    path.write_text(fleet_of(1).model_dump_json().replace('"d_full_mm":150', '"d_full_mm":"deep"'))
    with pytest.raises(FleetFileError, match=re.escape("devices.0.d_full_mm")) as raised:
        FleetFile.load(path)
    assert PASSWORD not in str(raised.value)


def test_full_must_be_nearer_than_empty() -> None:
    device = fleet_of(1).devices[0].model_dump() | {"d_full_mm": 1050}
    with pytest.raises(ValidationError, match="must be below"):
        FleetFile.model_validate({"city": "bekasi", "area": "327501", "devices": [device]})


def test_a_device_stands_once() -> None:
    device = fleet_of(1).devices[0]
    with pytest.raises(ValidationError, match="twice"):
        FleetFile(city="bekasi", area="327501", devices=(device, device))
