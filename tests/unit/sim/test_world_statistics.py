"""The world against the records of real bins. `pytest -s` prints the table."""

import pytest

from parts.world_table import HEADER, Row, table


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    found = table(1)
    print(f"\n{HEADER}")
    for row in found:
        print(row)
    return found


def test_the_world_is_like_the_records_of_real_bins(rows: list[Row]) -> None:
    assert [str(row) for row in rows if not row.holds] == []


def test_the_table_covers_rates_hours_weeks_gaps_and_faults(rows: list[Row]) -> None:
    names = " ".join(row.what for row in rows)
    for word in ("fill rate", "12 to 15 h", "Sunday", "between emptyings", "without a report"):
        assert word in names
    assert len(rows) == 40
