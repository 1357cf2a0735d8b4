"""Publishers, each in a process of its own."""

import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from angkut_broker.session import BrokerAddress
from bench import places

_PUBLISHER = Path(__file__).with_name("publisher.py")
#: Messages a publisher may have unacknowledged.
_WINDOW = 500


class Load:
    """Messages ready to be sent; enter it to make them."""

    def __init__(
        self,
        broker: BrokerAddress,
        *,
        publishers: int,
        messages: int,
        first: int,
        devices: int,
        readings: int,
        base_s: int,
        per_s: float,
        probe_every: int,
    ) -> None:
        self.messages = messages
        self.readings = readings
        #: All its readings are from this time on, seconds since 1970, and before that one.
        self.from_s = base_s
        self.until_s = base_s + ((first + messages) // devices + 1) * readings
        #: Device and time of the last reading of each publisher, should it send all at once.
        self.last: list[tuple[str, float]] = []
        shares = [messages // publishers] * publishers
        shares[0] += messages - sum(shares)
        self._jobs: list[dict[str, object]] = []
        for number, share in enumerate(shares):
            self._jobs.append(
                {
                    "host": broker.host,
                    "port": broker.port,
                    "client_id": f"bench-load-{number}",
                    "messages": share,
                    "first": first,
                    "devices": devices,
                    "readings": readings,
                    "base_s": base_s,
                    "window": _WINDOW,
                    "per_s": per_s,
                    "probe_every": probe_every,
                }
            )
            first += share
            # As the publisher makes them.
            self.last.append(
                (
                    f"bench-{(first - 1) % devices:05d}",
                    base_s + ((first - 1) // devices + 1) * readings - 1,
                )
            )
        self._processes: list[subprocess.Popen[str]] = []

    def __enter__(self) -> Self:
        for job in self._jobs:
            process = subprocess.Popen(
                [sys.executable, str(_PUBLISHER)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            self._processes.append(process)
            self._tell(process, json.dumps(job))
        for process in self._processes:
            if self._hear(process) != "ready":
                raise RuntimeError("a publisher did not get ready")
        return self

    def start(self) -> None:
        """Send."""
        for process in self._processes:
            self._tell(process, "go")

    def cpu_s(self) -> float:
        """Return the processor time of all publishers so far, seconds."""
        return sum(places.cpu_s(process.pid) for process in self._processes)

    def wait(self) -> float:
        """Wait until the broker has acknowledged all; return how long that took, seconds."""
        return max(float(self._hear(process)) for process in self._processes)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        failed = False
        for process in self._processes:
            if kind:
                process.kill()
            if process.stdin:
                with suppress(BrokenPipeError):
                    process.stdin.close()
            failed |= process.wait() != 0
            if process.stdout:
                process.stdout.close()
        if failed and kind is None:
            raise RuntimeError("a publisher failed: see what it wrote")

    @staticmethod
    def _tell(process: subprocess.Popen[str], line: str) -> None:
        assert process.stdin is not None
        process.stdin.write(line + "\n")
        process.stdin.flush()

    @staticmethod
    def _hear(process: subprocess.Popen[str]) -> str:
        assert process.stdout is not None
        return process.stdout.readline().strip()
