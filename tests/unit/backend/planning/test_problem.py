"""A problem that contradicts itself, or asks for times that there are not, is refused by field."""

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from angkut_backend.planning.problem import Lock
from angkut_backend.planning.search import Budget
from angkut_backend.planning.solve import plan

from .conftest import line_bin, line_shift, line_travel, truck


@pytest.mark.parametrize(
    "lock", [Lock(bin="B1", vehicle="T2"), Lock(bin="B1", vehicle="T1", position=3)]
)
def test_a_first_stop_that_is_locked_elsewhere_is_refused_naming_both(lock: Lock) -> None:
    vehicles = (truck("T1", fixed_first=("B1",)), truck("T2"))

    with pytest.raises(ValidationError, match=r"T1, fixed_first has 'B1' at 1, but locks has it"):
        line_shift(vehicles=vehicles, locks=(lock,))


@pytest.mark.parametrize("position", [None, 2])
def test_a_first_stop_may_be_locked_to_where_it_is(position: int | None) -> None:
    vehicles = (truck("T1", fixed_first=("B3", "B1")), truck("T2"))
    lock = Lock(bin="B1", vehicle="T1", position=position)

    assert line_shift(vehicles=vehicles, locks=(lock,)).locks == (lock,)


@pytest.mark.parametrize("name", ["Asia", "X" * 5_000, "../../etc/passwd", ""])
def test_what_is_no_time_zone_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match=r"timezone\n.* is not an IANA time zone") as refused:
        line_shift(timezone=name)
    assert len(str(refused.value)) < 600


@pytest.mark.parametrize("year", [1, 1969, 3000, 9999])
def test_a_shift_beyond_all_calendars_is_refused(year: int) -> None:
    with pytest.raises(ValidationError, match=f"shift_start\n.*year {year}: give one from 1970"):
        line_shift(shift_start=datetime(year, 12, 31, 23, tzinfo=UTC))


def test_a_lock_alone_makes_no_bin_one_that_must_be_served() -> None:
    bins = (line_bin(1, prize_rp=0), line_bin(2))
    problem = line_shift(bins=bins, locks=(Lock(bin="B1", vehicle="T1"),))

    found = plan(problem, line_travel(problem), Budget(iterations=5))

    assert [one.bin for one in found.left] == ["B1"]
