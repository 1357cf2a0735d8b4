"""The labelled log: which fault was at which device when, so that detection can be measured.

One JSON object a line: `device`, `fault` (a name of `angkut simulate faults`), `from` and `to`
(true time; equal for one reading) and `details`. It is written beside the truth and no estimate may
look at it.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from angkut_sim.errors import SimError
from angkut_sim.faults import Fault


@dataclass(slots=True)
class Label:
    """One fault of one device. Times are s since 1970 UTC, by no device's clock."""

    device_id: str
    fault: Fault
    from_s: float
    to_s: float
    details: dict[str, Any] = field(default_factory=dict)

    def line(self) -> str:
        """Return the line of the log, without its end."""
        return json.dumps(
            {
                "device": self.device_id,
                "fault": self.fault.value,
                "from": _iso(self.from_s),
                "to": _iso(self.to_s),
                "details": self.details,
            }
        )

    @classmethod
    def parse(cls, line: str) -> "Label":
        """Read a line back."""
        found = json.loads(line)
        return cls(
            found["device"],
            Fault(found["fault"]),
            datetime.fromisoformat(found["from"]).timestamp(),
            datetime.fromisoformat(found["to"]).timestamp(),
            found["details"],
        )


def write_labels(path: Path, labels: Iterable[Label], *, append: bool = False) -> int:
    """Write the log, by time, or add to it; return the number of lines.

    Raises
    ------
    SimError
        The file cannot be written.

    """
    ordered = sorted(labels, key=lambda label: (label.from_s, label.device_id))
    try:
        with path.open("a" if append else "w") as file:
            file.writelines(label.line() + "\n" for label in ordered)
    except OSError as exc:
        raise SimError(f"cannot write the labelled log {path}: {exc.strerror}") from exc
    return len(ordered)


def read_labels(path: Path) -> list[Label]:
    """Read a log back.

    Raises
    ------
    SimError
        Names the file and the line that is no label.

    """
    labels = []
    try:
        lines = path.read_text().splitlines()
    except OSError as exc:
        raise SimError(f"cannot read the labelled log {path}: {exc.strerror}") from exc
    for number, line in enumerate(lines, start=1):
        try:
            labels.append(Label.parse(line))
        except (ValueError, KeyError, TypeError) as exc:
            raise SimError(f"{path}:{number} is no label: {exc}") from exc
    return labels


def _iso(at_s: float) -> str:
    return datetime.fromtimestamp(round(at_s, 3), UTC).isoformat()
