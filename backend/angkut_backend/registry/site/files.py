"""Reading the files of a pack: text, tables, GeoJSON, TOML. Faults are collected, not raised."""

import csv
import io
import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from angkut_backend.registry.site.geometry import Boundary, Position, Ring
from angkut_backend.registry.site.problems import Problem

#: A city's boundaries or ten thousand bins fit many times over.
MAX_BYTES = 8_000_000
MAX_ROWS = 20_000


@dataclass(frozen=True, slots=True)
class RawRow:
    """One row or feature, not yet checked."""

    #: `line 17` or `features[1]`.
    where: str
    #: Empty cells and nulls are left out.
    values: dict[str, Any]
    #: The names that `invented` may use.
    columns: frozenset[str]


@dataclass(slots=True)
class PackReader:
    """Reads the files of one folder and gathers what is wrong with them."""

    folder: Path
    problems: list[Problem] = field(default_factory=list)
    #: What was read, for the fingerprint of the pack.
    contents: dict[str, bytes] = field(default_factory=dict)

    def say(self, file: str, text: str, *, where: str = "", name: str = "") -> None:
        """Note a fault."""
        self.problems.append(Problem(file, where, name, text))

    def text(self, file: str) -> str | None:
        """Return a file as text with plain line ends; a byte-order mark is dropped."""
        path = self.folder / file
        try:
            with path.open("rb") as stream:
                content = stream.read(MAX_BYTES + 1)
        except FileNotFoundError:
            self.say(file, "is missing; every pack has this file")
            return None
        except OSError as exc:
            self.say(file, f"cannot be read: {exc.strerror}")
            return None
        if len(content) > MAX_BYTES:
            self.say(file, f"is larger than {MAX_BYTES} bytes, the most that is read")
            return None
        self.contents[file] = content
        try:
            return content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
        except UnicodeDecodeError as exc:
            line = content.count(b"\n", 0, exc.start) + 1
            self.say(file, "is not UTF-8; save it as `CSV UTF-8` or UTF-8", where=f"line {line}")
            return None

    def toml(self, file: str) -> dict[str, Any] | None:
        """Return the tables of a TOML file."""
        text = self.text(file)
        if text is None:
            return None
        try:
            return tomllib.loads(text)
        except (ValueError, RecursionError) as exc:
            self.say(file, f"is not TOML: {exc}")
            return None

    def features(self, file: str) -> list[RawRow] | None:
        """Return the features of a GeoJSON file; their geometry under `boundary`.

        Nothing, when the file as a whole is at fault.
        """
        text = self.text(file)
        if text is None:
            return None
        try:
            document = json.loads(text)
        except json.JSONDecodeError as exc:
            self.say(file, f"is not JSON: {exc.msg}", where=f"line {exc.lineno}")
            return None
        except (ValueError, RecursionError) as exc:
            self.say(file, f"is not JSON: {exc}")
            return None
        found = document.get("features") if isinstance(document, dict) else None
        if not isinstance(found, list) or document.get("type") != "FeatureCollection":
            self.say(file, "is not a GeoJSON FeatureCollection with a list of features")
            return None
        if len(found) > MAX_ROWS:
            self.say(file, f"has more than {MAX_ROWS} features, the most that are read")
            return None
        rows = (self._feature(file, f"features[{i}]", found[i]) for i in range(len(found)))
        return [row for row in rows if row is not None]

    def table(
        self, file: str, *, known: frozenset[str], needed: frozenset[str]
    ) -> list[RawRow] | None:
        """Return the rows of a CSV file; line 1 is the header.

        Nothing, when the file as a whole is at fault.
        """
        text = self.text(file)
        if text is None:
            return None
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        try:
            header = [name.strip() for name in next(reader, [])]
            if not self._header(file, header, known, needed):
                return None
            return list(self._rows(file, header, reader))
        except csv.Error as exc:
            self.say(file, f"is not CSV: {exc}", where=f"line {reader.line_num}")
            return None

    def _header(
        self, file: str, header: list[str], known: frozenset[str], needed: frozenset[str]
    ) -> bool:
        def say(text: str, name: str = "") -> None:
            self.say(file, text, where="line 1", name=name)

        if len(header) == 1:
            for mark, word in ((";", "semicolons"), ("\t", "tabs")):
                if mark in header[0]:
                    say(
                        f"columns are separated by {word}; expected commas. In Excel save as "
                        "`CSV UTF-8 (comma delimited)` with a decimal point set, or use LibreOffice"
                    )
                    return False
        before = len(self.problems)
        for name in sorted(set(header) - known):
            say(f"unknown column; expected {', '.join(sorted(known))}", name or "(no name)")
        for name in sorted(needed - set(header)):
            say("column is missing", name)
        for name in sorted({name for name in header if header.count(name) > 1}):
            say("column stands twice", name)
        return len(self.problems) == before

    def _rows(self, file: str, header: list[str], reader: Any) -> Iterator[RawRow]:  # noqa: ANN401 - csv has no public type
        start, columns = reader.line_num + 1, frozenset(header)
        for count, cells in enumerate(reader):
            where, start = f"line {start}", reader.line_num + 1
            if count >= MAX_ROWS:
                self.say(file, f"more than {MAX_ROWS} rows, the most that are read", where=where)
                return
            if not cells:
                continue
            if len(cells) != len(header):
                self.say(
                    file,
                    f"has {len(cells)} cells, the header has {len(header)}; "
                    "a text with a comma needs quotes, a number a decimal point",
                    where=where,
                )
                continue
            pairs = zip(header, (cell.strip() for cell in cells), strict=True)
            yield RawRow(where, {name: cell for name, cell in pairs if cell}, columns)

    def _feature(self, file: str, where: str, feature: object) -> RawRow | None:
        if not isinstance(feature, dict) or not isinstance(feature.get("properties"), dict):
            self.say(file, "is not a GeoJSON feature with properties", where=where)
            return None
        properties = feature["properties"]
        columns = frozenset(properties) | {"boundary"}
        values = {key: value for key, value in properties.items() if value not in (None, "")}
        boundary = self._boundary(file, where, feature.get("geometry"))
        # A feature with a broken boundary stays, so that its properties are checked too.
        return RawRow(where, values | {"boundary": boundary or Boundary(())}, columns)

    def _boundary(self, file: str, where: str, geometry: object) -> Boundary | None:
        kind = geometry.get("type") if isinstance(geometry, dict) else None
        if not isinstance(geometry, dict) or kind not in {"Polygon", "MultiPolygon"}:
            self.say(file, "expected a Polygon or MultiPolygon", where=where, name="geometry")
            return None
        nested = geometry.get("coordinates")
        try:
            polygons = tuple(
                tuple(_ring(ring) for ring in polygon)
                for polygon in _filled(nested if kind == "MultiPolygon" else [nested])
                if _filled(polygon)
            )
        except ValueError as exc:
            self.say(file, str(exc), where=where, name="geometry")
            return None
        return Boundary(polygons)


def _filled(value: object) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise ValueError(f"expected a list of rings, found {str(value)[:60]}")
    return value


def _ring(value: object) -> Ring:
    ring = tuple(_position(item) for item in _filled(value))
    if ring[0] != ring[-1]:
        raise ValueError(
            f"the ring that starts at {list(ring[0])} is not closed; "
            "expected its last position to repeat its first"
        )
    if len(set(ring)) < 3:
        raise ValueError(f"the ring that starts at {list(ring[0])} has fewer than 3 corners")
    lon, lat = next((p for p in ring if abs(p[1]) > 90), ring[0])
    if abs(lat) > 90 >= abs(lon):
        raise ValueError(
            f"[{lon}, {lat}] looks swapped; GeoJSON writes [lon, lat], so expected [{lat}, {lon}]"
        )
    return ring


def _position(value: object) -> Position:
    ok = isinstance(value, list) and len(value) == 2 and all(_is_degrees(x) for x in value)
    if not isinstance(value, list) or not ok:
        raise ValueError(f"expected a position [lon, lat] in degrees, found {str(value)[:60]}")
    return float(value[0]), float(value[1])


def _is_degrees(value: object) -> bool:
    # The bound also refuses NaN and integers too large for a float.
    return isinstance(value, int | float) and not isinstance(value, bool) and -180 <= value <= 180
