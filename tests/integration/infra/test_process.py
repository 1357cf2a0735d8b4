import io
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from angkut_infra.stack import process
from angkut_infra.stack.log import Log
from angkut_infra.stack.process import Child, ProcessStartError
from integration.infra.processes import alive, descendants
from parts.waiting import wait_until

_STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
print("ready", flush=True)
time.sleep(1000)
"""
_POLITE = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(print("good bye", flush=True)))
print("ready", flush=True)
time.sleep(1000)
"""


def child(code: str, stream: io.StringIO, pid_file: Path | None = None) -> Child:
    return Child("child", [sys.executable, "-c", code], log=Log(stream), pid_file=pid_file)


def test_a_child_is_asked_to_stop_and_its_last_words_are_logged(tmp_path: Path) -> None:
    stream = io.StringIO()
    polite = child(_POLITE, stream, tmp_path / "pid")
    polite.start()
    wait_until(lambda: "ready" in stream.getvalue(), what="its start")
    assert (tmp_path / "pid").read_text() == f"{polite.pid}\n"
    polite.stop(timeout_s=60)
    assert "child    | good bye" in stream.getvalue()
    assert "is killed" not in stream.getvalue()
    assert not (tmp_path / "pid").exists()
    assert not polite.running


def test_a_child_that_does_not_listen_is_killed_with_all_that_it_started() -> None:
    stream = io.StringIO()
    stubborn = child(_STUBBORN, stream)
    stubborn.start()
    wait_until(lambda: "ready" in stream.getvalue(), what="its start")
    assert stubborn.pid
    family = {stubborn.pid} | descendants(stubborn.pid)
    assert len(family) == 2
    stubborn.stop(timeout_s=0.1)
    wait_until(lambda: not any(alive(pid) for pid in family), what="the end of the family")
    assert "child did not stop within 0.1 s and is killed" in stream.getvalue()


def test_a_child_is_out_of_reach_of_the_terminals_ctrl_c() -> None:
    stream = io.StringIO()
    polite = child(_POLITE, stream)
    polite.start()
    assert polite.pid
    assert os.getpgid(polite.pid) == polite.pid != os.getpgid(0)
    assert os.getsid(polite.pid) == polite.pid
    polite.stop(timeout_s=60)


def test_a_death_is_described_with_the_last_lines() -> None:
    stream = io.StringIO()
    dying = child("import sys; print('no such file'); sys.exit(3)", stream)
    dying.start()
    wait_until(lambda: not dying.running, what="its death")
    assert dying.death() == "child ended with status 3; its last lines:\n  no such file"
    dying.start()
    wait_until(lambda: not dying.running, what="its second death")
    dying.stop(timeout_s=1)


def test_a_program_that_is_not_there_is_an_error_that_names_it(tmp_path: Path) -> None:
    missing = Child("child", [str(tmp_path / "nowhere")], log=Log(io.StringIO()))
    with pytest.raises(ProcessStartError, match=r"child cannot be started: .*nowhere"):
        missing.start()
    assert not missing.running
    missing.stop(timeout_s=1)


def test_a_stop_asked_for_during_the_fork_comes_when_the_child_is_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def ask_parent() -> None:
        os.kill(os.getppid(), signal.SIGINT)
        time.sleep(0.2)  # it waits for us, and has time to hear of it

    monkeypatch.setattr(process, "_die_with", lambda *_: ask_parent)
    stream = io.StringIO()
    polite = child(_POLITE, stream)
    with pytest.raises(KeyboardInterrupt):
        polite.start()
    assert polite.pid
    wait_until(lambda: "ready" in stream.getvalue(), what="its start")
    polite.stop(timeout_s=60)
    assert "good bye" in stream.getvalue()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux signals a parent's death")
def test_a_child_gets_its_stop_signal_when_its_parent_is_killed() -> None:
    code = (
        "import sys, time\n"
        "from angkut_infra.stack.log import Log\n"
        "from angkut_infra.stack.process import Child\n"
        f"inner = Child('inner', [sys.executable, '-c', {_POLITE!r}], log=Log(sys.stdout))\n"
        "inner.start()\n"
        "time.sleep(1000)\n"
    )
    stream = io.StringIO()
    parent = child(code, stream)
    parent.start()
    wait_until(lambda: "ready" in stream.getvalue(), what="the grandchild")
    assert parent.pid
    (inner,) = descendants(parent.pid)
    os.kill(parent.pid, signal.SIGKILL)
    wait_until(lambda: not alive(inner), what="the end of the grandchild")
    parent.stop(timeout_s=1)
