"""Looking at processes from outside, by the kernel's own list."""

import os
import shutil
import subprocess
from pathlib import Path

from angkut_infra.stack.leftover import command_of


def descendants(pid: int) -> set[int]:
    """All processes below `pid`."""
    listed = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid="],  # noqa: S607 - of this system
        capture_output=True,
        text=True,
        check=True,
    )
    pairs = [tuple(map(int, line.split())) for line in listed.stdout.splitlines()]
    found: set[int] = set()
    level = {pid}
    while level:
        level = {child for child, parent in pairs if parent in level} - found
        found |= level
    return found


def alive(pid: int) -> bool:
    """Whether a process is there and not merely unburied."""
    return command_of(pid) is not None


def log_of(data_dir: Path) -> str:
    """What the stack wrote into its file."""
    return (data_dir / "log" / "angkut.log").read_text()


#: As root, run a command as an ordinary user who owns root's files and has no privilege.
AS_ORDINARY_USER = (
    # With its whole path: some tests look for programs elsewhere.
    (shutil.which("unshare") or "unshare", "--user", "--map-user=1000", "--map-group=1000", "--")
    if os.geteuid() == 0
    else ()
)
