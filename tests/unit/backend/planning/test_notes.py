"""Remarks of the planner: a word and what it is about, and those of plans from before."""

import pytest
from pydantic import ValidationError

from angkut_backend.planning.changes import Changes
from angkut_backend.planning.notes import MAX_NOTES, Hurdle, Note, NoteCode
from angkut_backend.planning.plan_document import Plan
from angkut_backend.planning.problem import TimeWindow
from angkut_backend.planning.revision import Revision, Standing
from angkut_backend.planning.search import Budget
from angkut_backend.planning.solve import plan

from .conftest import line_bin, line_shift, line_travel, truck
from .plans import kept, two_trips


def test_notes_of_plans_from_before_there_were_codes_are_still_read() -> None:
    document = kept(two_trips()).plan.model_dump(mode="json")
    document["notes"] = ["T1 goes home without its break: there is no time for it"]

    (note,) = Plan.model_validate(document).notes

    assert note == Note(text="T1 goes home without its break: there is no time for it")
    assert note.code is None
    said = {"asked": Changes(), "standing": Standing(), "notes": ["B1 is free"]}
    assert Revision.model_validate(said).notes == (Note(text="B1 is free"),)
    again = Plan.model_validate_json(Plan.model_validate(document).model_dump_json())
    assert again.notes == (note,)


@pytest.mark.parametrize("wrong", [[{"code": "odd", "text": "x"}], [1], ["x"] * (MAX_NOTES + 1)])
def test_what_is_no_note_is_refused(wrong: list[object]) -> None:
    document = kept(two_trips()).plan.model_dump(mode="json") | {"notes": wrong}
    with pytest.raises(ValidationError, match="notes"):
        Plan.model_validate(document)


def test_a_fixed_stop_that_cannot_be_reached_in_time_is_remarked_with_its_hurdle() -> None:
    late = line_bin(2, windows=(TimeWindow(from_s=0, to_s=1),))
    problem = line_shift(
        bins=(line_bin(1), late), vehicles=(truck("T1", fixed_first=("B1", "B2")),)
    )

    (note,) = plan(problem, line_travel(problem), Budget(iterations=5)).notes

    assert note == Note(
        code=NoteCode.NOT_FIRST,
        text="B2 cannot be among the first bins of T1: window",
        vehicle="T1",
        bin="B2",
        hurdle=Hurdle.WINDOW,
    )
