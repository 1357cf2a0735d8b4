"""What the printed sheets of a plan have in common."""

from collections.abc import Iterable
from dataclasses import dataclass

from angkut_backend.planning.exports.names import Names
from angkut_backend.planning.exports.note_words import note_words
from angkut_backend.planning.exports.words import POLICIES, STATES, Words, day, decimal
from angkut_backend.planning.notes import Note
from angkut_backend.planning.problem import Vehicle
from angkut_backend.planning.records import EventKind, PlanRecord
from angkut_backend.planning.rounds import are_invented


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table. A row that is not ticked off is a remark over the whole width."""

    cells: tuple[Words, ...]
    is_stop: bool = True


@dataclass(frozen=True, slots=True)
class Code:
    """A QR code with what it leads to."""

    url: str
    caption: Words


@dataclass(frozen=True, slots=True)
class Sheet:
    """The pages of one vehicle, or the summary."""

    title: Words
    #: What the sheet is of, on each of its pages.
    subject: str
    facts: tuple[tuple[Words, Words], ...]
    #: In a frame, to be seen first.
    marks: tuple[Words, ...]
    header: tuple[Words, ...]
    rows: tuple[Row, ...]
    totals: tuple[tuple[Words, str], ...]
    codes: tuple[Code, ...] = ()
    signatures: tuple[Words, ...] = ()


#: A field to be filled in by hand.
BLANK = Words("", "")


def facts_of(
    record: PlanRecord, names: Names, vehicles: Iterable[Vehicle]
) -> tuple[tuple[Words, Words], ...]:
    """Say what a plan is of, when vehicles drive, and what it rests on."""
    read = record.readings_as_of.astimezone(record.problem.moment(0).tzinfo)
    spans = [one.shift for one in vehicles]
    begins, ends = (
        min((s.from_s for s in spans), default=0),
        max((s.to_s for s in spans), default=0),
    )
    hours_driven = [f"{clock(record, begins)}-{clock(record, ends)}"] if spans else []
    place = ", ".join(part for part in (names.district, names.city) if part)
    return (
        (Words("Kecamatan", "District"), Words(place, "")),
        (Words("Tanggal dinas", "Shift"), day(record.problem.moment(0))),
        (Words("Rencana", "Plan"), Words(str(record.plan_id)[:8], "")),
        (Words("Kebijakan", "Policy"), POLICIES[record.policy]),
        (Words("Data sampai", "Readings as of"), Words(f"{read:%Y-%m-%d %H:%M %Z}", "")),
        (Words("Jam kerja", "Hours"), Words(" ".join([*hours_driven, f"{read:%Z}"]), "")),
    )


def marks_of(record: PlanRecord) -> tuple[Words, ...]:
    """Say what must be seen before anything else."""
    marks = []
    if record.state is not EventKind.PUBLISHED:
        marks.append(STATES[record.state])
    if record.plan.provenance.approximate:
        marks.append(
            Words(
                "PERKIRAAN: jarak dan jam menurut garis lurus, tanpa peta jalan",
                "APPROXIMATE: straight lines, no road network",
            )
        )
    if record.violations:
        count = len(record.violations)
        marks.append(Words(f"MELANGGAR {count} ATURAN", f"BREAKS {count} RULES"))
    if not record.is_treated:
        marks.append(
            Words(
                "Sebagian wilayah memakai jadwal tetap: data sensor kurang",
                "some areas keep their fixed round: too few readings",
            )
        )
    if are_invented(record.parameters, record.data_trust):
        marks.append(
            Words("Jadwal tetap KARANGAN, bukan dari dinas", "the fixed rounds are INVENTED")
        )
    return tuple(marks)


def remark(at: str, text: str, english: str) -> Row:
    """Return a row that is not ticked off."""
    return Row((Words(at, ""), Words(text, english)), is_stop=False)


def notes_of(record: PlanRecord, notes: Iterable[Note]) -> list[Row]:
    """Return rows that say what the planner remarks."""
    said = (note_words(note, lambda at_s: clock(record, at_s)) for note in notes)
    return [remark("", f"CATATAN: {words.id}", words.en) for words in said]


def clock(record: PlanRecord, at_s: int) -> str:
    """Return a time of the shift as crews read it."""
    return record.problem.moment(at_s).strftime("%H:%M")


def kilometres(metres: int) -> str:
    """Write a way."""
    return f"{decimal(metres / 1000)} km"


def hours(seconds: int) -> str:
    """Write a duration."""
    return f"{seconds // 3600}:{seconds % 3600 // 60:02} jam"
