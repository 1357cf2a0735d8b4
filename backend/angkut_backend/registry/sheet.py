"""A sheet of devices as people send it: CSV of any spreadsheet program, checked line by line.

Nothing here touches the database. A sheet as a whole is refused by `SheetError`; what is wrong with
a line is a `Fault`, so that all of them are told at once.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from angkut_backend.errors import BackendError
from angkut_backend.registry.hanging import GeometryError, Hanging
from angkut_backend.registry.sheet_cells import COLUMNS, shown
from angkut_broker.topics import ID_PATTERN

#: A city's devices fit several times over.
MAX_BYTES = 4_000_000
MAX_ROWS = 20_000

#: A DevEUI or a MAC written in pairs.
_PAIRS = re.compile(r"[0-9a-f]{2}(?:[-: ][0-9a-f]{2}){5,7}")
#: What a spreadsheet makes of a long number.
_SCIENTIFIC = re.compile(r"\d[.,]?\d*e\+\d+", re.IGNORECASE)
#: Columns about the mounting, and what they are in `Hanging`.
_GEOMETRY = {
    "empty_mm": "d_empty_mm",
    "full_mm": "d_full_mm",
    "offset_mm": "offset_mm",
    "angle_deg": "angle_deg",
    "kind": "kind",
    "depth_mm": "inner_depth_mm",
    "height_mm": "sensor_height_mm",
}


class SheetError(BackendError):
    """This file is no sheet of devices."""

    status = 422
    code = "malformed_input"


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """What is wrong with a line, and what to do."""

    line: int
    device: str
    column: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetRow:
    """A line that is right in itself."""

    line: int
    device_id: str
    bin_code: str | None
    hanging: Hanging | None
    interval_s: int | None
    model: str | None


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a file says."""

    rows: list[SheetRow] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def normal_id(text: str) -> str:
    """Return an id as it stands in topics: lower case, a DevEUI without its separators."""
    low = text.strip().lower()
    return re.sub("[-: ]", "", low) if _PAIRS.fullmatch(low) else low


def read_sheet(content: bytes) -> Sheet:
    """Read a sheet.

    UTF-8 with or without a byte-order mark, or UTF-16 with one; columns separated by commas,
    semicolons or tabs; decimals with a point or a comma. The first line names the columns, in any
    order and any case; `device_id` is needed. Lines that are empty are left out.

    Raises
    ------
    SheetError
        The file as a whole cannot be read.

    """
    text = _text(content)
    lines = _records(text)
    header = next(lines, None)
    if header is None:
        raise SheetError("the file is empty: its first line must name the columns")
    columns = _columns(header[1])
    sheet = Sheet()
    seen: dict[str, int] = {}
    for n, (line, cells) in enumerate(lines):
        if n >= MAX_ROWS:
            raise SheetError(f"line {line}: more than {MAX_ROWS} devices; split the file")
        row = _Line(line, columns, cells, sheet.faults).row()
        _once(sheet, seen, row)
    sheet.faults.sort()
    return sheet


def _once(sheet: Sheet, seen: dict[str, int], row: SheetRow | None) -> None:
    if row is None:
        return
    for column, value in (("device_id", row.device_id), ("bin", row.bin_code)):
        if value is None:
            continue
        first = seen.setdefault(f"{column} {value}", row.line)
        if first != row.line:
            text = f"{value} stands on line {first} already; write each once"
            sheet.faults.append(Fault(row.line, row.device_id, column, text))
            return
    sheet.rows.append(row)


def _text(content: bytes) -> str:
    if len(content) > MAX_BYTES:
        raise SheetError(f"the file is larger than {MAX_BYTES} bytes; split it")
    marks = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    encoding = "utf-16" if content.startswith(marks) else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as exc:
        line = content.count(b"\n", 0, exc.start) + 1
        raise SheetError(f"line {line} is not UTF-8: save the sheet as `CSV UTF-8`") from exc
    if "\0" in text:
        raise SheetError("this is no text: save the sheet as `CSV UTF-8`")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _records(text: str) -> Iterator[tuple[int, list[str]]]:
    """Return the records that are not empty, each with the line that it begins on."""
    skipped = 0
    if text[:4].lower() == "sep=":  # a hint for Excel
        _, _, text = text.partition("\n")
        skipped = 1
    header = text.lstrip("\n").partition("\n")[0]
    delimiter = max(",;\t", key=header.count)
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    while True:
        line = skipped + reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as exc:
            raise SheetError(f"line {line}: {exc}; is a quotation mark missing?") from exc
        cells = [cell.strip() for cell in cells]
        if any(cells):
            yield line, cells


def _columns(header: list[str]) -> list[str]:
    names = [re.sub(r"[\s-]+", "_", name.lower()) for name in header]
    unknown = [name for name in names if name and name not in COLUMNS]
    known = ", ".join(COLUMNS)
    if "device_id" not in names:
        raise SheetError(
            f"the first line must name the columns, device_id among them; known: {known}"
        )
    if unknown:
        raise SheetError(
            f"the first line names unknown columns: {', '.join(unknown)}; known: {known}"
        )
    twice = {name for name in names if name and names.count(name) > 1}
    if twice:
        raise SheetError(f"the first line names a column twice: {', '.join(sorted(twice))}")
    return names


@dataclass(slots=True)
class _Line:
    """One line on its way to a row; faults are gathered."""

    line: int
    columns: list[str]
    cells: list[str]
    faults: list[Fault]
    failed: bool = False

    def row(self) -> SheetRow | None:
        if len(self.cells) > len(self.columns) and any(self.cells[len(self.columns) :]):
            self._say(
                "device_id", f"has {len(self.cells)} cells, the first line {len(self.columns)}"
            )
            return None
        values = dict(zip(self.columns, self.cells, strict=False))
        device_id = self._device(values.get("device_id", ""))
        found: dict[str, Any] = {}
        for column, convert in COLUMNS.items():
            if convert is None or not values.get(column):
                continue
            try:
                found[column] = convert(values[column])
            except ValueError as exc:
                self._say(column, str(exc))
        hanging = self._hanging(found)
        if self.failed:
            return None
        return SheetRow(
            line=self.line,
            device_id=device_id,
            bin_code=found.get("bin"),
            hanging=hanging,
            interval_s=found.get("interval_s"),
            model=found.get("model"),
        )

    def _device(self, text: str) -> str:
        if not text:
            self._say("device_id", "is missing; write the DevEUI, IMEI or serial number")
        elif _SCIENTIFIC.fullmatch(text):
            self._say(
                "device_id",
                f"{text} was turned into a number by the spreadsheet; format the column as text "
                "and enter the ids again",
            )
        elif not re.fullmatch(ID_PATTERN, normal_id(text)):
            self._say(
                "device_id",
                f"{shown(text)} is no id; use letters, digits, - and _, 64 at most",
            )
        return normal_id(text)

    def _hanging(self, found: Mapping[str, Any]) -> Hanging | None:
        given = [name for name in found if name in _GEOMETRY]
        if "bin" not in found:
            for name in given:
                self._say(name, "says how it hangs, but no bin is named; fill in bin, or empty it")
            return None
        missing = [name for name in ("empty_mm", "full_mm") if name not in found]
        for name in missing:
            if not self._said(name):
                self._say(name, "is missing; a device in a bin needs it, in mm")
        if self.failed or missing:
            return None
        try:
            return Hanging(**{_GEOMETRY[name]: found[name] for name in given})
        except GeometryError as exc:
            self._say("empty_mm", str(exc))
            return None

    def _said(self, column: str) -> bool:
        return any(fault.line == self.line and fault.column == column for fault in self.faults)

    def _say(self, column: str, text: str) -> None:
        self.failed = True
        name = self.columns.index("device_id")
        device = self.cells[name] if name < len(self.cells) else ""
        self.faults.append(Fault(self.line, device[:64], column, text))
