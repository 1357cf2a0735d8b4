"""`angkut up` as a process: told to stop at any moment, it ends in order."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from parts.waiting import wait_until


@pytest.mark.parametrize("after", ["database ready", "MQTT broker ready", "listening on", "page "])
def test_told_to_stop_while_it_starts_or_runs_it_ends_without_a_fault(
    tmp_path: Path, after: str
) -> None:
    log = tmp_path / "output"
    env = os.environ | {"ANGKUT_API_PORT": "0"}
    with log.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-u", "-m", "angkut_infra", "up"],
            cwd=tmp_path,
            env=env,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    wait_until(lambda: after in log.read_text(), what=after)
    process.send_signal(signal.SIGTERM)
    assert process.wait() == 0, log.read_text()
    assert not (tmp_path / "angkut-data" / "stack.toml").exists()
