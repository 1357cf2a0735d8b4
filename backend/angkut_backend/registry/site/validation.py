"""From raw rows to records: pydantic checks each field, its complaint becomes our sentence."""

from collections.abc import Sequence
from dataclasses import MISSING, dataclass, fields
from functools import cache
from typing import Any, Generic, Protocol, TypeVar

from pydantic import TypeAdapter, ValidationError

from angkut_backend.registry.site.files import PackReader, RawRow


class Record(Protocol):
    """What all records have in common."""

    @property
    def code(self) -> str:
        """What makes a record unique."""

    @property
    def invented(self) -> tuple[str, ...]:
        """Names of columns that nobody surveyed."""


T = TypeVar("T", bound=Record)
T_co = TypeVar("T_co", bound=Record, covariant=True)


@dataclass(frozen=True, slots=True)
class Checked(Generic[T_co]):
    """The rows of one file that are right in themselves."""

    file: str
    #: Where each record stands, and the record.
    rows: tuple[tuple[str, T_co], ...]
    #: Codes of all rows, broken ones too: a reference to a broken row is not a second fault.
    #: Nothing, when the file as a whole is at fault: nobody can tell what would be in it.
    codes: frozenset[str] | None

    @property
    def records(self) -> tuple[T_co, ...]:
        """The records alone."""
        return tuple(record for _, record in self.rows)


def table(reader: PackReader, file: str, kind: type[T]) -> Checked[T]:
    """Read a CSV file as records."""
    known, needed = _columns(kind)
    return records(reader, file, kind, reader.table(file, known=known, needed=needed))


def records(
    reader: PackReader, file: str, kind: type[T], raw: Sequence[RawRow] | None
) -> Checked[T]:
    """Turn raw rows into records; note what is wrong with the others."""
    if raw is None:
        return Checked(file, (), None)
    found = [(row.where, record(reader, file, kind, row)) for row in raw]
    return Checked(
        file,
        tuple((where, item) for where, item in found if item is not None),
        frozenset(str(row.values.get("code", "")) for row in raw),
    )


def record(
    reader: PackReader, file: str, kind: type[T], row: RawRow, names: dict[str, str] | None = None
) -> T | None:
    """Turn one raw row into a record, or note what is wrong with it.

    `names` says how the file calls a field, where that differs from the record.
    """
    adapter, expected = _adapter(kind)
    shown = names or {}
    try:
        item: T = adapter.validate_python(row.values)
    except ValidationError as exc:
        for name, kind_of_error in _by_field(exc).items():
            if kind_of_error == "missing":
                text = f"is empty; expected {expected[name]}"
            elif name not in expected:
                text = f"unknown; expected one of {', '.join(shown.get(n, n) for n in expected)}"
            else:
                text = f"is {_short(row.values.get(name))}; expected {expected[name]}"
            reader.say(file, text, where=row.where, name=shown.get(name, name))
        return None
    unknown = sorted(set(item.invented) - row.columns)
    if unknown:
        text = f"names {', '.join(unknown)}; expected names of columns of this file"
        reader.say(file, text, where=row.where, name=shown.get("invented", "invented"))
        return None
    return item


def _by_field(exc: ValidationError) -> dict[str, str]:
    """One complaint a field: 24 bad numbers in one cell are one fault."""
    errors = exc.errors(include_url=False, include_context=False, include_input=False)
    return {str(error["loc"][0]): error["type"] for error in reversed(errors)}


def _short(value: object) -> str:
    text = str(value)
    return repr(text if len(text) <= 60 else text[:57] + "...")


@cache
def _columns(kind: type[Record]) -> tuple[frozenset[str], frozenset[str]]:
    """Return all columns and those that a file cannot leave out."""
    every = fields(kind)  # type: ignore[arg-type]  # all records are dataclasses
    # `invented` may be empty in every row, but a file that never asks the question is not honest.
    needed = {f.name for f in every if f.default is MISSING or f.name == "invented"}
    return frozenset(f.name for f in every), frozenset(needed)


@cache
def _adapter(kind: type[Any]) -> tuple[TypeAdapter[Any], dict[str, str]]:
    """Return the validator of a record and what each field expects, in words."""
    adapter = TypeAdapter(kind)
    properties = adapter.json_schema()["properties"]
    expected = {
        name: schema.get("description") or f"one of {', '.join(schema.get('enum', ()))}"
        for name, schema in properties.items()
    }
    return adapter, expected
