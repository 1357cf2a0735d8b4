"""An open event stream, read event by event."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx


@dataclass
class Stream:
    """An open event stream."""

    response: httpx.Response
    lines: Iterator[str]

    def next_event(self) -> tuple[str, Any]:
        """Wait for an event; return its name and data."""
        fields: dict[str, str] = {}
        for line in self.lines:
            if not line and "data" in fields:
                return fields["event"], json.loads(fields["data"])
            name, _, value = line.partition(": ")
            fields[name] = value
        raise EOFError

    def codes(self, expected: str) -> list[str]:
        """Wait for an event of that name; return the codes of its bins."""
        name, data = self.next_event()
        assert name == expected
        return [feature["id"] for feature in data["features"]]


@contextmanager
def stream(client: httpx.Client) -> Iterator[Stream]:
    """Open the stream of that client."""
    with client.stream("GET", "/api/live") as response:
        response.raise_for_status()
        yield Stream(response, response.iter_lines())
