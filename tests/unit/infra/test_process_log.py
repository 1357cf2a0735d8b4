import logging
from collections.abc import Iterator

import pytest

from angkut_infra.cli.process import set_up_logging


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root, queue = logging.getLogger(), logging.getLogger("procrastinate")
    before = root.handlers[:], root.level, queue.level
    yield
    root.handlers[:], level, queue_level = before
    root.setLevel(level)
    queue.setLevel(queue_level)


def test_the_queue_tells_its_steps_only_to_who_looks_for_a_fault(
    capsys: pytest.CaptureFixture[str],
) -> None:
    set_up_logging("info")
    logging.getLogger("procrastinate.worker").info("Starting job")
    logging.getLogger("procrastinate.worker").warning("Stalled")
    logging.getLogger("angkut.jobs").info("job 1 begins")
    said = capsys.readouterr().err
    assert "Starting job" not in said
    assert "logger=procrastinate.worker Stalled" in said
    assert "logger=angkut.jobs job 1 begins" in said

    logging.getLogger("procrastinate").setLevel(logging.NOTSET)
    set_up_logging("debug")
    logging.getLogger("procrastinate.worker").info("Starting job")
    assert "Starting job" in capsys.readouterr().err
