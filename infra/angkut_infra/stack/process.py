"""A child process that writes into the log of the stack and never outlives its parent."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from angkut_broker.errors import AngkutError
from angkut_infra.stack.log import MAX_LINE, Log
from angkut_infra.stack.privileges import AS_WE_ARE, Privileges
from angkut_infra.stack.signals import held_back

#: Last lines of a child, for the error that reports its death.
TAIL_LINES = 12
_PR_SET_PDEATHSIG = 1
# Loaded before any fork: a child between fork and exec must not load libraries.
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class ProcessStartError(AngkutError):
    """A process of the stack cannot be started."""


def _everything(_line: str) -> bool:
    return True


class Child:
    """One process.

    Start it from a thread that lives as long as it shall: on Linux the kernel signals the child
    when the *thread* that started it ends. Where there is no such signal (macOS), the next
    start clears up by the pid files (module `leftover`). `shown` picks the lines of its output
    that go to the terminal; the file of the log has them all.
    """

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        *,
        log: Log,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
        privileges: Privileges = AS_WE_ARE,
        pid_file: Path | None = None,
        shown: Callable[[str], bool] = _everything,
    ) -> None:
        self.name = name
        self._argv = [*privileges.prefix, *argv]
        self._log = log
        self._cwd = cwd
        self._env = env
        self._stop_signal = stop_signal
        self._privileges = privileges
        self._pid_file = pid_file
        self._shown = shown
        self._process: subprocess.Popen[str] | None = None
        self._pump: threading.Thread | None = None
        self._tail: deque[str] = deque(maxlen=TAIL_LINES)

    @property
    def pid(self) -> int | None:
        """The process id, or None before the first start."""
        return self._process.pid if self._process else None

    @property
    def running(self) -> bool:
        """Whether the process is there at this moment."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the process, or start it again after its death.

        Raises
        ------
        ProcessStartError
            The machine does not run it: no such program, no memory, no more processes.

        """
        self._reap()
        self._tail.clear()
        # A stop asked for between fork and assignment would leave a process that nobody knows.
        with held_back():
            try:
                self._process = self._spawn()
            except OSError as exc:
                raise ProcessStartError(f"{self.name} cannot be started: {exc}") from exc
            if self._pid_file:
                self._pid_file.write_text(f"{self._process.pid}\n")
            self._pump = threading.Thread(target=self._read, name=f"log-{self.name}", daemon=True)
            self._pump.start()

    def _spawn(self) -> subprocess.Popen[str]:
        who = self._privileges
        return subprocess.Popen(
            self._argv,
            cwd=self._cwd,
            env=None if self._env is None else dict(self._env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            # A group of its own: Ctrl-C on the terminal reaches only the parent, which then
            # stops its children in the right order.
            start_new_session=True,
            # It makes two system calls and takes no lock, so other threads cannot block it.
            preexec_fn=_die_with(os.getpid(), self._stop_signal),  # noqa: PLW1509
            user=who.uid,
            group=who.uid,
            extra_groups=None if who.uid is None else [],
        )

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, if the process is there to receive it."""
        if self.running and self._process:
            self._process.send_signal(number)

    def stop(self, *, timeout_s: float) -> None:
        """Ask the process to end; after `timeout_s` kill it and all that it started."""
        if self._process is None:
            return
        self.signal(self._stop_signal)
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self._log.say(f"{self.name} did not stop within {timeout_s:g} s and is killed")
            # Not after a wait that ended: the number may be another group's by then.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._reap()

    def death(self) -> str:
        """Describe the death of the process with its last lines."""
        if self._pump:
            self._pump.join(timeout=1)
        code = self._process.poll() if self._process else None
        how = f"was killed by signal {-code}" if code and code < 0 else f"ended with status {code}"
        last = "\n".join(f"  {line}" for line in self._tail) or "  (it wrote nothing)"
        return f"{self.name} {how}; its last lines:\n{last}"

    def _read(self) -> None:
        process = self._process
        if process is None or process.stdout is None:
            return
        # Bounded: a line without an end must not fill the memory.
        while line := process.stdout.readline(MAX_LINE):
            self._tail.append(line.rstrip())
            self._log.line(self.name, line, shown=self._shown(line))

    def _reap(self) -> None:
        if self._process is None:
            return
        self._process.wait()
        if self._pump:
            self._pump.join(timeout=5)
        if self._process.stdout:
            self._process.stdout.close()
        if self._pid_file:
            self._pid_file.unlink(missing_ok=True)
        self._process = None


def _die_with(parent: int, number: signal.Signals) -> Callable[[], None] | None:
    """Return what a child does before exec so that it gets `number` when `parent` dies."""
    if _LIBC is None:
        return None
    prctl = _LIBC.prctl

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        # The parent may have died before the call: then no signal will come.
        if os.getppid() != parent:
            os._exit(1)

    return ask
