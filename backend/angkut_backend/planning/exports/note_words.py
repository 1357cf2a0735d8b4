"""Remarks of the planner on paper: Bahasa Indonesia, and the planner's own English."""

from collections.abc import Callable, Mapping

from angkut_backend.planning.exports.words import Words, thousands
from angkut_backend.planning.notes import Hurdle, Note, NoteCode

HURDLES: Mapping[Hurdle, str] = {
    Hurdle.ACCESS: "kendaraan tidak dapat masuk atau mengosongkannya",
    Hurdle.UNREACHABLE: "tidak ada jalan",
    Hurdle.WINDOW: "di luar jam layanan",
    Hurdle.LOAD: "muatan tidak cukup",
    Hurdle.TRIPS: "terlalu banyak ritase",
    Hurdle.STOPS: "terlalu banyak titik",
    Hurdle.CLOSED: "tempat bongkar sudah tutup",
    Hurdle.BREAK: "istirahat tidak dapat diambil",
    Hurdle.SHIFT: "tidak kembali dalam jam kerja",
}
#: A time of the shift as crews read it.
_Clock = Callable[[int], str]
_SAID: Mapping[NoteCode, Callable[[Note, _Clock], str]] = {
    NoteCode.OVERLOADED: lambda note, _: (
        f"{note.vehicle} membawa {_load(note.load_l, note.load_kg)}, padahal muatannya "
        f"{_load(note.most_l, note.most_kg)}: membongkar dulu sebelum mengangkut lagi"
    ),
    NoteCode.NO_WAY_HOME: lambda note, _: (
        f"{note.vehicle} tidak punya rute: tidak ada jalan pulang"
    ),
    NoteCode.LATE_HOME: lambda note, clock: (
        f"{note.vehicle} tidak dapat kembali pukul {clock(note.due_s or 0)}: langsung pulang, tiba "
        f"pukul {clock(note.at_s or 0)}"
    ),
    NoteCode.LOADED_HOME: lambda note, _: (
        f"{note.vehicle} pulang membawa {_load(note.load_l, note.load_kg)}: tempat bongkar tutup "
        "sebelum terjangkau"
    ),
    NoteCode.NO_BREAK: lambda note, _: f"{note.vehicle} pulang tanpa istirahat: tidak ada waktu",
    NoteCode.NOT_FIRST: lambda note, _: (
        f"{note.bin} tidak dapat termasuk titik pertama {note.vehicle}: "
        f"{HURDLES[note.hurdle] if note.hurdle else ''}"
    ),
    NoteCode.PLACE_LOST: lambda note, _: (
        f"{note.bin} tetap dikunci di {note.vehicle}, tetapi tidak lagi di urutan {note.position}"
    ),
    NoteCode.AT_THE_END: lambda note, _: (
        f"{note.bin} dikunci di {note.vehicle} urutan {note.position}, tetapi kendaraan itu "
        "berhenti lebih sedikit: menjadi yang terakhir"
    ),
    NoteCode.LOCK_LOST: lambda note, _: (
        f"{note.bin} tidak lagi dikunci di {note.vehicle}, karena kendaraan itu tidak jalan"
    ),
    NoteCode.DEPOT_OFF_ROADS: lambda note, _: (
        f"Tidak ada jalan ke pool {note.place}: kendaraannya tidak jalan"
    ),
    NoteCode.DISPOSAL_OFF_ROADS: lambda note, _: (
        f"Tidak ada jalan ke tempat bongkar {note.place}: kendaraan membongkar di tempat lain"
    ),
}


def _load(litres: int | None, kg: int | None) -> str:
    return f"{thousands(kg or 0)} kg, {thousands(litres or 0)} l"


def note_words(note: Note, clock: _Clock) -> Words:
    """Say a remark; of a plan from before there were codes only the English is known."""
    if note.code is None:
        return Words(note.text, "")
    return Words(_SAID[note.code](note, clock), note.text)
