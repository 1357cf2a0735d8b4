"""One readable log of all processes of the stack: on the terminal and in a bounded file."""

import re
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

#: The file is turned over at this size and one old file is kept: twice this on disk at most.
MAX_FILE_BYTES = 5 * 1024 * 1024
#: A longer line is cut; a child must not fill the disk with one line.
MAX_LINE = 4000
_COLOURS = (36, 32, 33, 35, 34, 31)
_NAME_WIDTH = 8


#: How our own processes begin a line: time and process stand before it already.
_BEGINNING = re.compile(r"^time=\S+ level=(\S+) +logger=\S+ ")


def _without_repeats(text: str) -> str:
    """Leave out what the line says twice; a level stays if it is more than information."""
    return _BEGINNING.sub(lambda found: "" if found[1] == "INFO" else f"{found[1]} ", text)


def _now() -> datetime:
    return datetime.now(UTC)


class Log:
    """Lines of several processes, one after the other: `HH:MM:SS name | line`.

    The terminal shows this machine's time, the file UTC with the date.
    """

    def __init__(
        self,
        stream: TextIO | None = None,
        *,
        path: Path | None = None,
        now: Callable[[], datetime] = _now,
        max_file_bytes: int = MAX_FILE_BYTES,
    ) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._colours = self._stream.isatty()
        self._now = now
        self._max_file_bytes = max_file_bytes
        self._lock = threading.Lock()
        self._names: list[str] = []
        self._path: Path | None = None
        self._file: TextIO | None = None
        if path:
            self.keep_in(path)

    def keep_in(self, path: Path) -> None:
        """Write to this file too from now on."""
        with self._lock:
            self._close_file()
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._path = path
            self._file = path.open("a", encoding="utf-8")

    def line(self, name: str, text: str, *, shown: bool = True) -> None:
        """Write one line of the process `name`, unless `shown` only into the file.

        Never fails: a log must not stop its writer.
        """
        now = self._now()
        text = _without_repeats(text.rstrip()[:MAX_LINE])
        with self._lock:
            if shown:
                self._print(f"{now.astimezone():%H:%M:%S} {self._label(name)} | {text}")
            if self._file:
                self._keep(f"{now:%Y-%m-%dT%H:%M:%SZ} {name} | {text}\n")

    def say(self, text: str) -> None:
        """Write what the stack itself has to say, in as many lines as it has."""
        for line in text.splitlines():
            self.line("angkut", line)

    def close(self) -> None:
        """Close the file; the terminal stays."""
        with self._lock:
            self._close_file()

    def _label(self, name: str) -> str:
        padded = name.ljust(_NAME_WIDTH)
        if not self._colours:
            return padded
        if name not in self._names:
            self._names.append(name)
        colour = _COLOURS[self._names.index(name) % len(_COLOURS)]
        return f"\x1b[{colour}m{padded}\x1b[0m"

    def _print(self, text: str) -> None:
        try:
            print(text, file=self._stream, flush=True)
        except (OSError, ValueError):  # the terminal is gone
            return

    def _keep(self, text: str) -> None:
        if self._file is None or self._path is None:
            return
        try:
            self._file.write(text)
            self._file.flush()
            if self._file.tell() > self._max_file_bytes:
                self._file.close()
                self._path.replace(self._path.with_suffix(".1.log"))
                self._file = self._path.open("a", encoding="utf-8")
        except OSError:  # the disk is full: the terminal still has the line
            return

    def _close_file(self) -> None:
        if self._file:
            self._file.close()
        self._file = None
