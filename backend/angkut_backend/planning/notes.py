"""What a planner remarks: a word and what it is about for programs, a sentence for people."""

from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator, Field

from angkut_backend.planning.documents import Code, Document

#: Of a plan.
MAX_NOTES = 1000


class NoteCode(StrEnum):
    """What could not be kept to."""

    #: A vehicle under way carries `load_l` and `load_kg`, and holds `most_l` and `most_kg`.
    OVERLOADED = "overloaded"
    #: No road leads it home.
    NO_WAY_HOME = "no_way_home"
    #: It is back at `at_s`, its shift ends at `due_s`.
    LATE_HOME = "late_home"
    #: It comes home with `load_l` and `load_kg`.
    LOADED_HOME = "loaded_home"
    NO_BREAK = "no_break"
    #: The bin cannot be among the first of the vehicle; `hurdle` says why.
    NOT_FIRST = "not_first"
    #: The bin is still locked to the vehicle, but no longer to `position`.
    PLACE_LOST = "place_lost"
    #: The bin is locked to `position`, behind the last stop of the vehicle: it comes at the end.
    AT_THE_END = "at_the_end"
    #: The bin is not locked to the vehicle any more, which does not drive.
    LOCK_LOST = "lock_lost"
    #: No road leads to the depot, `place`: its vehicles stay.
    DEPOT_OFF_ROADS = "depot_off_roads"
    #: No road leads to the disposal site, `place`: vehicles unload elsewhere.
    DISPOSAL_OFF_ROADS = "disposal_off_roads"


class Hurdle(StrEnum):
    """Why a vehicle cannot drive a route."""

    ACCESS = "access"
    UNREACHABLE = "unreachable"
    WINDOW = "window"
    LOAD = "load"
    TRIPS = "trips"
    STOPS = "stops"
    CLOSED = "closed"
    BREAK = "break"
    SHIFT = "shift"


class Note(Document):
    """A remark."""

    #: `None`: of a plan from before there were codes; only the sentence is known.
    code: NoteCode | None = None
    #: In English.
    text: str
    vehicle: Code | None = None
    bin: Code | None = None
    position: int | None = None
    #: A depot or disposal site.
    place: Code | None = None
    hurdle: Hurdle | None = None
    #: Seconds from the start of the shift.
    due_s: int | None = None
    at_s: int | None = None
    load_l: int | None = None
    load_kg: int | None = None
    most_l: int | None = None
    most_kg: int | None = None


def _of_before(said: object) -> object:
    return {"text": said} if isinstance(said, str) else said


#: Plans are never rewritten: in older ones a note is a sentence.
Notes = Annotated[
    tuple[Annotated[Note, BeforeValidator(_of_before)], ...], Field(max_length=MAX_NOTES)
]
