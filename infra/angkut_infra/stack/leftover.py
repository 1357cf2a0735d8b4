"""Processes of an earlier run that outlived it, which only a kill of their parent can cause."""

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

#: A database may still be writing its last checkpoint.
GRACE_S = 60.0
_POLL_S = 0.05


def read_pid(path: Path) -> int | None:
    """Return the number in the first line of a pid file, None if there is none."""
    try:
        return int(path.read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None


def command_of(pid: int) -> str | None:
    """Return the command line of a process, None if it is gone."""
    proc = Path(f"/proc/{pid}")
    if Path("/proc/self/cmdline").exists():
        try:
            state = (proc / "stat").read_text().rpartition(")")[2].split()[0]
            command = (proc / "cmdline").read_bytes().replace(b"\0", b" ")
        except OSError:
            return None
        return None if state == "Z" else command.decode(errors="replace")
    shown = subprocess.run(
        ["ps", "-o", "command=", "-p", str(pid)],  # noqa: S607 - wherever this system has it
        capture_output=True,
        text=True,
        check=False,
    )
    return shown.stdout.strip() or None


def stop(pid_file: Path, *, mark: str, number: signal.Signals = signal.SIGTERM) -> int | None:
    """End the process that a pid file names, if it is still ours; return its pid if it was.

    `mark` must be a part of its command line: a number may belong to someone else by now.
    """
    pid = read_pid(pid_file)
    if pid is None or pid == os.getpid() or mark not in (command_of(pid) or ""):
        return None
    with suppress(ProcessLookupError):
        os.kill(pid, number)
    deadline = time.monotonic() + GRACE_S
    while mark in (command_of(pid) or ""):
        if time.monotonic() > deadline:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(_POLL_S)
    return pid
