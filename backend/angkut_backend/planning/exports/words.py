"""What plans say on paper: Bahasa Indonesia and English."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from angkut_backend.planning.plan_document import InReason, OutReason, Served
from angkut_backend.planning.policies import Policy
from angkut_backend.planning.problem import MustReason
from angkut_backend.planning.records import EventKind


class Words(NamedTuple):
    """The same thing twice."""

    id: str
    en: str


POLICIES = {
    Policy.FIXED: Words("jadwal tetap", "fixed round"),
    Policy.THRESHOLD: Words("ambang isi", "threshold"),
    Policy.THRESHOLD_ROUTED: Words("ambang isi, rute dioptimalkan", "threshold, routed"),
    Policy.INTEGRATED: Words("terpadu", "integrated"),
}
STATES: Mapping[EventKind | None, Words] = {
    None: Words("KONSEP, BELUM BERLAKU", "DRAFT, NOT IN FORCE"),
    EventKind.ACCEPTED: Words("DISETUJUI, BELUM BERLAKU", "ACCEPTED, NOT IN FORCE"),
    EventKind.PUBLISHED: Words("BERLAKU", "IN FORCE"),
    EventKind.WITHDRAWN: Words("DITARIK, JANGAN DIPAKAI", "WITHDRAWN, DO NOT USE"),
}
MUST = {
    MustReason.LONGEST_GAP: Words("terlalu lama belum diangkut", "longest gap"),
    MustReason.OVERFLOW_RISK: Words("akan meluap", "overflow risk"),
    MustReason.COMPLAINT: Words("aduan warga", "complaint"),
    MustReason.MANUAL: Words("diminta petugas", "asked by staff"),
    MustReason.SKIPPED: Words("terlewat sebelumnya", "skipped before"),
    MustReason.SCHEDULE: Words("jadwal tetap", "fixed round"),
    MustReason.THRESHOLD: Words("di atas ambang", "above threshold"),
}
IN = {
    InReason.MUST: Words("wajib", "must"),
    InReason.LOCKED: Words("dikunci petugas", "locked by staff"),
    InReason.WORTH: Words("layak diangkut", "worth the way"),
    InReason.ON_THE_WAY: Words("sekalian lewat", "on the way"),
}
OUT = {
    OutReason.FORBIDDEN: Words("tidak diikutkan", "kept out"),
    OutReason.UNREACHABLE: Words("tidak terjangkau jalan", "no road leads there"),
    OutReason.NO_VEHICLE: Words("tidak ada kendaraan yang cocok", "no fitting vehicle"),
    OutReason.TOO_LARGE: Words("melebihi muatan kendaraan", "more than a vehicle holds"),
    OutReason.WINDOW: Words("di luar jam layanan", "outside its hours"),
    OutReason.NO_TIME: Words("waktu habis", "no time left"),
    OutReason.NO_CAPACITY: Words("muatan penuh", "no room left"),
    OutReason.LOCK: Words("bertentangan dengan kunci", "a lock contradicts it"),
    OutReason.NOT_WORTH: Words("belum perlu", "not worth the way"),
    OutReason.NOT_OFFERED: Words("tidak ditawarkan", "not offered"),
    OutReason.NOT_FOUND: Words("belum ditemukan tempat", "no place was found"),
}
CONTAINERS = {
    "wheelie_120": Words("tong roda 120 l", "wheeled 120 l"),
    "wheelie_240": Words("tong roda 240 l", "wheeled 240 l"),
    "wheelie_660": Words("tong roda 660 l", "wheeled 660 l"),
    "cart": Words("gerobak", "cart"),
    "arm_roll_6m3": Words("kontainer 6 m³", "container 6 m³"),
}
VEHICLES = {
    "dump_truck": Words("dump truk", "dump truck"),
    "arm_roll": Words("arm roll", "arm roll"),
    "compactor": Words("truk kompaktor", "compactor"),
    "motor_cart": Words("motor gerobak", "motor cart"),
}
_DAYS = ("Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu")
_DAYS_EN = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "Januari", "Februari", "Maret", "April", "Mei", "Juni", "Juli", "Agustus", "September",
    "Oktober", "November", "Desember",
)  # fmt: skip


def why(served: Served | None) -> Words:
    """Say why a bin is in the plan."""
    if served is None:
        return Words("", "")
    if served.must is None:
        return IN[served.reason]
    must = MUST[served.must]
    return Words(f"WAJIB: {must.id}", f"must: {must.en}")


def only_between(spans: Sequence[tuple[str | None, str | None]]) -> Words:
    """Say when a bin can be emptied: from and to, either of which may be open."""
    if not spans:
        return Words("", "")
    return Words(
        "hanya " + ", ".join(_span(span, "mulai", "sampai") for span in spans),
        "only " + ", ".join(_span(span, "from", "until") for span in spans),
    )


def _span(span: tuple[str | None, str | None], from_: str, until: str) -> str:
    begin, end = span
    if begin is None:
        return f"{until} {end}"
    return f"{from_} {begin}" if end is None else f"{begin}-{end}"


def day(at: datetime) -> Words:
    """Say a local date with its weekday."""
    number = at.weekday()
    text = f"{at.day} {_MONTHS[at.month - 1]} {at.year}"
    return Words(f"{_DAYS[number]}, {text}", f"{_DAYS_EN[number]} {at:%Y-%m-%d}")


def thousands(number: float) -> str:
    """Write a whole number as Indonesian does: 12.345."""
    return f"{number:,.0f}".replace(",", ".")


def decimal(number: float) -> str:
    """Write a number with one digit behind the comma as Indonesian does: 12,3."""
    return f"{number:,.1f}".translate(str.maketrans(",.", ".,"))
