"""What is wrong with a site pack, said so that a person can mend it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from angkut_backend.errors import BackendError

#: A broken column gives one fault a row: a screenful is enough to see the pattern.
SHOWN = 20


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault."""

    file: str
    #: `line 17` of a CSV file (the header is line 1), `features[1]` of GeoJSON, or empty.
    where: str
    #: Column, property or key; empty when the whole row or file is at fault.
    field: str
    #: What is there and what was expected.
    text: str

    def __str__(self) -> str:
        place = f"{self.file} {self.where}".rstrip()
        return f"{place}, {self.field}: {self.text}" if self.field else f"{place}: {self.text}"


class SitePackError(BackendError):
    """The site pack has faults."""

    code = "bad_site_pack"

    def __init__(self, folder: Path, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        lines = [f"{folder}: {count} {'fault' if count == 1 else 'faults'} in the site pack"]
        lines += [f"  {problem}" for problem in self.problems[:SHOWN]]
        if count > SHOWN:
            lines.append(f"  ... and {count - SHOWN} more; mend these first")
        super().__init__("\n".join(lines))
